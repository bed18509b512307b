package kubeprovider

import (
	"encoding/base64"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	quantity "k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// refreshedInputs is what the program asked for, with the values that the cluster has now. Fields that the program left
// out stay out: they are the server's business. A later comparison with the program then shows the drift.
func refreshedInputs(live *unstructured.Unstructured, olds resource.PropertyMap) resource.PropertyMap {
	refreshed := refreshedMap(fromObject(live.Object), olds)
	// Keys like __defaults are not part of the object.
	for key, value := range olds {
		if isInternal(string(key)) {
			refreshed[key] = value
		}
	}
	if texts, given := olds["stringData"]; given && live.GetKind() == "Secret" {
		refreshed["stringData"] = refreshedStringData(live, texts)
	}
	return refreshed
}

func refreshedMap(live, olds resource.PropertyMap) resource.PropertyMap {
	refreshed := resource.PropertyMap{}
	for key, old := range olds {
		if isInternal(string(key)) {
			continue
		}
		current, found := live[key]
		switch {
		case found:
			refreshed[key] = refreshedValue(current, old)
		case isZero(old):
			// The server does not store empty values.
			refreshed[key] = old
		}
	}
	return refreshed
}

func refreshedValue(live, old resource.PropertyValue) resource.PropertyValue {
	if old.IsSecret() {
		return resource.MakeSecret(refreshedValue(live, old.SecretValue().Element))
	}
	switch {
	case live.IsObject() && old.IsObject():
		return resource.NewProperty(refreshedMap(live.ObjectValue(), old.ObjectValue()))
	case live.IsArray() && old.IsArray():
		return resource.NewProperty(refreshedList(live.ArrayValue(), old.ArrayValue()))
	case sameQuantity(live, old):
		return old
	default:
		return live
	}
}

// refreshedList pairs items by their name where they have one, else by position. Items that the server or somebody else
// added show as drift only when the lengths differ and items have no name.
func refreshedList(live, olds []resource.PropertyValue) []resource.PropertyValue {
	byName := map[string]resource.PropertyValue{}
	for _, item := range live {
		if name := itemName(item); name != "" {
			byName[name] = item
		}
	}
	if len(byName) == len(live) && len(live) > 0 && allNamed(olds) {
		refreshed := []resource.PropertyValue{}
		for _, old := range olds {
			if item, found := byName[itemName(old)]; found {
				refreshed = append(refreshed, refreshedValue(item, old))
			}
		}
		return refreshed
	}
	if len(live) != len(olds) {
		return live
	}
	refreshed := make([]resource.PropertyValue, len(live))
	for i := range live {
		refreshed[i] = refreshedValue(live[i], olds[i])
	}
	return refreshed
}

func itemName(item resource.PropertyValue) string {
	plain := withoutSecrets(item)
	if !plain.IsObject() {
		return ""
	}
	return stringAt(plain.ObjectValue(), "name")
}

func allNamed(items []resource.PropertyValue) bool {
	for _, item := range items {
		if itemName(item) == "" {
			return false
		}
	}
	return true
}

func isZero(value resource.PropertyValue) bool {
	switch plain := withoutSecrets(value); {
	case plain.IsNull():
		return true
	case plain.IsBool():
		return !plain.BoolValue()
	case plain.IsNumber():
		return plain.NumberValue() == 0
	case plain.IsString():
		return plain.StringValue() == ""
	case plain.IsArray():
		return len(plain.ArrayValue()) == 0
	case plain.IsObject():
		for _, inner := range plain.ObjectValue() {
			if !isZero(inner) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// sameQuantity knows that 1000m and 1 are the same: the server stores quantities in a form of its own.
func sameQuantity(live, old resource.PropertyValue) bool {
	if !live.IsString() || (!old.IsString() && !old.IsNumber()) {
		return false
	}
	text := ""
	if old.IsString() {
		text = old.StringValue()
	} else {
		text = quantity.NewMilliQuantity(int64(old.NumberValue()*1000), quantity.DecimalSI).String()
	}
	current, err := quantity.ParseQuantity(live.StringValue())
	if err != nil {
		return false
	}
	wanted, err := quantity.ParseQuantity(text)
	return err == nil && current.Cmp(wanted) == 0
}

// refreshedStringData compares with what the server made of it: the same texts, encoded, under data.
func refreshedStringData(live *unstructured.Unstructured, olds resource.PropertyValue) resource.PropertyValue {
	data, _, _ := unstructured.NestedStringMap(live.Object, "data")
	refreshed := resource.PropertyMap{}
	if plain := withoutSecrets(olds); plain.IsObject() {
		for key := range plain.ObjectValue() {
			if decoded, err := base64.StdEncoding.DecodeString(data[string(key)]); err == nil && data[string(key)] != "" {
				refreshed[key] = resource.NewProperty(string(decoded))
			}
		}
	}
	return resource.MakeSecret(resource.NewProperty(refreshed))
}
