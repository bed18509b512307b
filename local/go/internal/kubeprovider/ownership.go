package kubeprovider

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/structured-merge-diff/v6/value"
)

// An object that was made by a plain create records its creator as an "Update" manager of every field, those included
// that the server filled in. Server-side apply under the same name would count as another manager: fields that the
// program drops would stay. So before the first apply the record is turned into an "Apply" one for exactly the fields
// that the program had given.

// createdBy tells whether the manager's record on the object still is that of a plain create.
func createdBy(live *unstructured.Unstructured, manager string) bool {
	for _, entry := range live.GetManagedFields() {
		if isCreateRecord(entry, manager) {
			return true
		}
	}
	return false
}

func isCreateRecord(entry v1.ManagedFieldsEntry, manager string) bool {
	return entry.Manager == manager && entry.Operation == v1.ManagedFieldsOperationUpdate && entry.Subresource == ""
}

func takeOwnership(
	ctx context.Context, client dynamic.ResourceInterface, live *unstructured.Unstructured, manager string,
	previous *unstructured.Unstructured,
) error {
	for attempt := 0; ; attempt++ {
		patch, err := ownershipPatch(live, manager, previous)
		if err != nil {
			return err
		}
		if patch == nil {
			return nil
		}
		_, err = client.Patch(ctx, live.GetName(), types.JSONPatchType, patch, v1.PatchOptions{FieldManager: manager})
		if err == nil || !apierrors.IsConflict(err) || attempt >= ownershipRetries {
			return err
		}
		if live, err = client.Get(ctx, live.GetName(), v1.GetOptions{}); err != nil {
			return err
		}
	}
}

// ownershipPatch is the JSON patch that changes the record; nil when there is nothing to change. It carries the resource
// version, so that it fails when the object has changed since it was read.
func ownershipPatch(live *unstructured.Unstructured, manager string, previous *unstructured.Unstructured) ([]byte, error) {
	owned := fieldpath.NewSet()
	var entries []v1.ManagedFieldsEntry
	record := v1.ManagedFieldsEntry{}
	found := false
	for _, entry := range live.GetManagedFields() {
		mine := entry.Manager == manager && entry.Subresource == ""
		if !mine || entry.FieldsV1 == nil {
			entries = append(entries, entry)
			continue
		}
		set := fieldpath.NewSet()
		if err := set.FromJSON(bytes.NewReader(entry.FieldsV1.Raw)); err != nil {
			return nil, fmt.Errorf("the managed fields of %s: %w", live.GetName(), err)
		}
		if isCreateRecord(entry, manager) {
			found = true
			if previous != nil {
				set = given(set, previous.Object)
			}
		}
		owned = owned.Union(set)
		record = entry
	}
	if !found {
		return nil, nil
	}
	fields, err := owned.ToJSON()
	if err != nil {
		return nil, err
	}
	record.Operation = v1.ManagedFieldsOperationApply
	record.FieldsV1 = &v1.FieldsV1{Raw: fields}
	return json.Marshal([]map[string]any{
		{"op": "replace", "path": "/metadata/managedFields", "value": append(entries, record)},
		{"op": "replace", "path": "/metadata/resourceVersion", "value": live.GetResourceVersion()},
	})
}

// given keeps of a set of fields those that the value holds.
func given(set *fieldpath.Set, from any) *fieldpath.Set {
	kept := fieldpath.NewSet()
	set.Members.Iterate(func(element fieldpath.PathElement) {
		if _, found := child(from, element); found {
			kept.Members.Insert(element)
		}
	})
	set.Children.Iterate(func(element fieldpath.PathElement) {
		inner, found := child(from, element)
		if !found {
			return
		}
		sub, exists := set.Children.Get(element)
		if !exists {
			return
		}
		if remaining := given(sub, inner); !remaining.Empty() {
			*kept.Children.Descend(element) = *remaining
		}
	})
	return kept
}

// child follows one step of a field path: a field, a list item by its key fields, or a set's member by value.
func child(from any, element fieldpath.PathElement) (any, bool) {
	switch {
	case element.FieldName != nil:
		fields, ok := from.(map[string]any)
		if !ok {
			return nil, false
		}
		inner, found := fields[*element.FieldName]
		return inner, found
	case element.Key != nil:
		items, _ := from.([]any)
		for _, item := range items {
			if fields, ok := item.(map[string]any); ok && hasKey(fields, *element.Key) {
				return item, true
			}
		}
	case element.Value != nil:
		items, _ := from.([]any)
		for _, item := range items {
			if value.Equals(value.NewValueInterface(item), *element.Value) {
				return item, true
			}
		}
	}
	return nil, false
}

// hasKey compares the key fields that the item gives; the server may have filled in the others, such as a port's
// protocol.
func hasKey(item map[string]any, key value.FieldList) bool {
	matched := false
	for _, field := range key {
		given, found := item[field.Name]
		if !found {
			continue
		}
		if !value.Equals(value.NewValueInterface(given), field.Value) {
			return false
		}
		matched = true
	}
	return matched
}
