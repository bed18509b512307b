package kubeprovider

import (
	"fmt"
	"math"
	"sort"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"google.golang.org/protobuf/types/known/structpb"
)

// readProperties decodes a request's properties; unknowns and secrets stay marked, nulls are left out because in a
// Kubernetes object they mean the same as absence.
func readProperties(label string, given *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(given, plugin.MarshalOptions{
		Label: label, KeepUnknowns: true, KeepSecrets: true, SkipNulls: true,
	})
}

func writeProperties(label string, properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, plugin.MarshalOptions{
		Label: label, KeepUnknowns: true, KeepSecrets: true,
	})
}

// hasUnknowns tells whether a preview cannot know some value yet.
func hasUnknowns(properties resource.PropertyMap) bool { return properties.ContainsUnknowns() }

// toObject turns properties into the form that client-go sends. It fails on values that no Kubernetes object can hold
// and on unknowns, which must have been looked for before.
func toObject(properties resource.PropertyMap) (map[string]any, error) {
	object := make(map[string]any, len(properties))
	for key, value := range properties {
		if isInternal(string(key)) {
			continue
		}
		plain, err := toPlain(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if plain != nil {
			object[string(key)] = plain
		}
	}
	return object, nil
}

func toPlain(value resource.PropertyValue) (any, error) {
	switch {
	case value.IsNull():
		return nil, nil
	case value.IsBool():
		return value.BoolValue(), nil
	case value.IsString():
		return value.StringValue(), nil
	case value.IsNumber():
		// Kubernetes tells integers from floating-point numbers; Pulumi does not.
		if number := value.NumberValue(); number == math.Trunc(number) && math.Abs(number) < 1<<53 {
			return int64(number), nil
		}
		return value.NumberValue(), nil
	case value.IsSecret():
		return toPlain(value.SecretValue().Element)
	case value.IsOutput():
		if !value.OutputValue().Known {
			return nil, fmt.Errorf("the value is not known yet")
		}
		return toPlain(value.OutputValue().Element)
	case value.IsArray():
		items := make([]any, 0, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			plain, err := toPlain(element)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			items = append(items, plain)
		}
		return items, nil
	case value.IsObject():
		return toObject(value.ObjectValue())
	case value.IsComputed():
		return nil, fmt.Errorf("the value is not known yet")
	default:
		return nil, fmt.Errorf("a %s cannot be part of a Kubernetes object; accepted are strings, numbers, booleans, "+
			"lists and maps", value.TypeString())
	}
}

// fromObject is the inverse of toObject.
func fromObject(object map[string]any) resource.PropertyMap {
	properties := make(resource.PropertyMap, len(object))
	for key, value := range object {
		properties[resource.PropertyKey(key)] = fromPlain(value)
	}
	return properties
}

func fromPlain(value any) resource.PropertyValue {
	switch value := value.(type) {
	case nil:
		return resource.NewNullProperty()
	case bool:
		return resource.NewProperty(value)
	case string:
		return resource.NewProperty(value)
	case int64:
		return resource.NewProperty(float64(value))
	case int:
		return resource.NewProperty(float64(value))
	case float64:
		return resource.NewProperty(value)
	case []any:
		items := make([]resource.PropertyValue, len(value))
		for i, element := range value {
			items[i] = fromPlain(element)
		}
		return resource.NewProperty(items)
	case map[string]any:
		return resource.NewProperty(fromObject(value))
	default:
		return resource.NewProperty(fmt.Sprint(value))
	}
}

// withoutSecrets unwraps every secret; for comparisons only.
func withoutSecrets(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return withoutSecrets(value.SecretValue().Element)
	case value.IsOutput() && value.OutputValue().Known:
		return withoutSecrets(value.OutputValue().Element)
	case value.IsOutput():
		return resource.MakeComputed(resource.NewProperty(""))
	case value.IsArray():
		items := make([]resource.PropertyValue, len(value.ArrayValue()))
		for i, element := range value.ArrayValue() {
			items[i] = withoutSecrets(element)
		}
		return resource.NewProperty(items)
	case value.IsObject():
		return resource.NewProperty(unwrapMap(value.ObjectValue()))
	default:
		return value
	}
}

func unwrapMap(properties resource.PropertyMap) resource.PropertyMap {
	unwrapped := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		if !isInternal(string(key)) {
			unwrapped[key] = withoutSecrets(value)
		}
	}
	return unwrapped
}

// Keys that the provider keeps in the state beside the object, under the names that the official plugin uses, so that a
// stack can move from one plugin to the other.
const (
	keyInitialAPIVersion = "__initialApiVersion"
	keyFieldManager      = "__fieldManager"
)

func isInternal(key string) bool { return len(key) > 2 && key[:2] == "__" }

// markSecrets makes secret in the outputs what is secret in the inputs, path by path; and all data of a Secret,
// whoever wrote it.
func markSecrets(outputs, inputs resource.PropertyMap, kind string) resource.PropertyMap {
	marked := make(resource.PropertyMap, len(outputs))
	for key, value := range outputs {
		if input, given := inputs[key]; given {
			value = markSecretValue(value, input)
		}
		marked[key] = value
	}
	if kind == "Secret" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, given := marked[key]; given && !value.IsSecret() {
				marked[key] = resource.MakeSecret(withoutSecrets(value))
			}
		}
	}
	return marked
}

func markSecretValue(output, input resource.PropertyValue) resource.PropertyValue {
	switch {
	case output.IsSecret():
		return output
	case input.IsSecret(), input.IsOutput() && input.OutputValue().Secret:
		return resource.MakeSecret(output)
	case input.IsObject() && output.IsObject():
		return resource.NewProperty(markSecrets(output.ObjectValue(), input.ObjectValue(), ""))
	case input.IsArray() && output.IsArray():
		// Elements have no identity here. When the server reordered or inserted some, hiding too much is the safe side.
		given, items := input.ArrayValue(), output.ArrayValue()
		if len(given) != len(items) && input.ContainsSecrets() {
			return resource.MakeSecret(output)
		}
		marked := make([]resource.PropertyValue, len(items))
		for i, item := range items {
			marked[i] = item
			if i < len(given) {
				marked[i] = markSecretValue(item, given[i])
			}
		}
		return resource.NewProperty(marked)
	default:
		return output
	}
}

func sortedKeys[V any](items map[string]V) []string {
	keys := make([]string, 0, len(items))
	for key := range items {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
