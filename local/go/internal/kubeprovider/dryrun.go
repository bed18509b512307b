package kubeprovider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// A dry run cannot change who owns what. So the apply of an object that still has its create's record keeps what the
// program has dropped: a Service whose port has another number gets both, under one name, and is refused. What the real
// update will send is then worked out here, and the server checks that.

// checkMerged lets the server check the object as the real update will leave it. What it makes of it is returned, not kept.
func checkMerged(
	ctx context.Context, client dynamic.ResourceInterface, live, object, previous *unstructured.Unstructured, manager string,
) (*unstructured.Unstructured, error) {
	owners, err := ownersOf(live, manager)
	if err != nil {
		return nil, err
	}
	whole, _ := owners.merge(live.Object, previous.Object, object.Object).(map[string]any)
	var operations []map[string]any
	for _, field := range sortedKeys(live.Object) {
		if _, kept := whole[field]; !kept {
			operations = append(operations, map[string]any{"op": "remove", "path": "/" + field})
		}
	}
	for _, field := range sortedKeys(object.Object) {
		// "add" replaces a member that exists (RFC 6902, 4.1).
		operations = append(operations, map[string]any{"op": "add", "path": "/" + field, "value": whole[field]})
	}
	patch, err := json.Marshal(operations)
	if err != nil {
		return nil, err
	}
	return client.Patch(ctx, live.GetName(), types.JSONPatchType, patch, v1.PatchOptions{
		FieldManager: manager, FieldValidation: v1.FieldValidationWarn, DryRun: []string{v1.DryRunAll},
	})
}

// owners are the fields of an object, or of a part of it, that somebody has set.
type owners struct {
	// all tells also which lists have keys, and which.
	all *fieldpath.Set
	// others are the fields that not only the manager has set.
	others *fieldpath.Set
}

func ownersOf(live *unstructured.Unstructured, manager string) (owners, error) {
	found := owners{fieldpath.NewSet(), fieldpath.NewSet()}
	for _, entry := range live.GetManagedFields() {
		if entry.FieldsV1 == nil {
			continue
		}
		set := fieldpath.NewSet()
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.Raw)); err != nil {
			return owners{}, fmt.Errorf("the managed fields of %s: %w", live.GetName(), err)
		}
		found.all = found.all.Union(set)
		if entry.Manager != manager || entry.Subresource != "" {
			found.others = found.others.Union(set)
		}
	}
	return found, nil
}

// below are the owners of a part.
func (o owners) below(element fieldpath.PathElement) owners {
	return owners{o.all.WithPrefix(element), o.others.WithPrefix(element)}
}

// merge is what an apply leaves of a live value: what the program gives now, in place of what it gave before, beside what
// it has never given.
func (o owners) merge(live, before, now any) any {
	switch now := now.(type) {
	case map[string]any:
		return o.mergeFields(live, before, now)
	case []any:
		return o.mergeItems(live, before, now)
	}
	return now
}

func (o owners) mergeFields(live, before any, now map[string]any) any {
	fields, ok := live.(map[string]any)
	if !ok {
		return now
	}
	given, _ := before.(map[string]any)
	result := map[string]any{}
	for name, inner := range fields {
		previous, was := given[name]
		part := o.below(fieldOf(name))
		switch {
		case !was:
			result[name] = inner
		case o.others.Members.Has(fieldOf(name)), !part.others.Empty():
			result[name] = part.without(inner, previous)
		}
	}
	for name, inner := range now {
		result[name] = o.below(fieldOf(name)).merge(fields[name], given[name], inner)
	}
	return result
}

// without is what stays of a value that the program has dropped and others have set too.
func (o owners) without(live, before any) any {
	switch before.(type) {
	case map[string]any:
		return o.mergeFields(live, before, map[string]any{})
	case []any:
		return o.mergeItems(live, before, []any{})
	}
	return live
}

func (o owners) mergeItems(live, before any, now []any) any {
	items, ok := live.([]any)
	same, element := o.identity()
	if !ok || same == nil {
		return now
	}
	given, _ := before.([]any)
	rest := slices.Clone(items)
	// take gives the item that is the same as another one, and leaves it out of those that are left.
	take := func(item any) any {
		at := slices.IndexFunc(rest, func(other any) bool { return same(item, other) })
		if at < 0 {
			return nil
		}
		taken := rest[at]
		rest = slices.Delete(rest, at, at+1)
		return taken
	}
	result := []any{}
	for _, item := range now {
		var previous any
		if at := slices.IndexFunc(given, func(other any) bool { return same(item, other) }); at >= 0 {
			previous = given[at]
		}
		current := take(item)
		result = append(result, o.below(element(current)).merge(current, previous, item))
	}
	for _, item := range given {
		take(item)
	}
	return append(result, rest...)
}

// identity tells how items of the list are told apart, and which step of a path leads to one; nil for a list that is
// replaced as a whole.
func (o owners) identity() (same func(a, b any) bool, element func(item any) fieldpath.PathElement) {
	var first *fieldpath.PathElement
	o.all.Members.Iterate(func(element fieldpath.PathElement) {
		if first == nil && (element.Key != nil || element.Value != nil) {
			first = &element
		}
	})
	switch {
	case first == nil:
		return nil, nil
	case first.Value != nil:
		return func(a, b any) bool {
				return value.Equals(value.NewValueInterface(a), value.NewValueInterface(b))
			}, func(item any) fieldpath.PathElement {
				given := value.NewValueInterface(item)
				return fieldpath.PathElement{Value: &given}
			}
	}
	names := *first.Key
	keyOf := func(item any) value.FieldList {
		fields, _ := item.(map[string]any)
		var key value.FieldList
		for _, name := range names {
			if given, found := fields[name.Name]; found {
				key = append(key, value.Field{Name: name.Name, Value: value.NewValueInterface(given)})
			}
		}
		return key
	}
	return func(a, b any) bool {
			fields, ok := b.(map[string]any)
			return ok && hasKey(fields, keyOf(a))
		}, func(item any) fieldpath.PathElement {
			key := keyOf(item)
			return fieldpath.PathElement{Key: &key}
		}
}

func fieldOf(name string) fieldpath.PathElement { return fieldpath.PathElement{FieldName: &name} }
