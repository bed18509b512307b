package kubeprovider

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// annotationDependsOn names other objects of the same group that have to exist first, as
// GROUP/namespaces/NAMESPACE/KIND/NAME or GROUP/KIND/NAME, separated by commas.
const annotationDependsOn = "config.kubernetes.io/depends-on"

// orderObjects tells for each object which others have to exist first: its namespace, the definition of its kind, and
// what its annotation names.
func orderObjects(objects []*unstructured.Unstructured) ([][]int, error) {
	places := map[string]int{}
	definitions := map[string]int{}
	for i, object := range objects {
		key := objectKey(object.GroupVersionKind().Group, object.GetKind(), object.GetNamespace(), object.GetName())
		if other, twice := places[key]; twice && object.GetName() != "" {
			return nil, fmt.Errorf("%s %q is there twice (objects %d and %d)", object.GetKind(),
				id(object.GetNamespace(), object.GetName()), other+1, i+1)
		}
		places[key] = i
		if object.GetKind() == "CustomResourceDefinition" {
			group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
			kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
			definitions[group+"/"+kind] = i
		}
	}
	needs := make([][]int, len(objects))
	for i, object := range objects {
		add := func(place int, found bool) {
			if found && place != i {
				needs[i] = append(needs[i], place)
			}
		}
		namespace, found := places[objectKey("", "Namespace", "", object.GetNamespace())]
		add(namespace, found && object.GetNamespace() != "")
		definition, found := definitions[object.GroupVersionKind().Group+"/"+object.GetKind()]
		add(definition, found)
		for _, reference := range strings.Split(object.GetAnnotations()[annotationDependsOn], ",") {
			if reference = strings.TrimSpace(reference); reference == "" {
				continue
			}
			key, err := referenceKey(reference)
			if err != nil {
				return nil, fmt.Errorf("%s %q: %w", object.GetKind(), id(object.GetNamespace(), object.GetName()), err)
			}
			place, found := places[key]
			add(place, found)
		}
	}
	return needs, findCycle(objects, needs)
}

func objectKey(group, kind, namespace, name string) string {
	return strings.Join([]string{group, kind, namespace, name}, "/")
}

func referenceKey(reference string) (string, error) {
	parts := strings.Split(reference, "/")
	switch {
	case len(parts) == 5 && parts[1] == "namespaces":
		return objectKey(parts[0], parts[3], parts[2], parts[4]), nil
	case len(parts) == 3:
		return objectKey(parts[0], parts[1], "", parts[2]), nil
	default:
		return "", fmt.Errorf("the annotation %s has %q; accepted are GROUP/namespaces/NAMESPACE/KIND/NAME and "+
			"GROUP/KIND/NAME", annotationDependsOn, reference)
	}
}

// findCycle refuses objects that wait for each other.
func findCycle(objects []*unstructured.Unstructured, needs [][]int) error {
	const (
		untouched = iota
		open
		closed
	)
	states := make([]int, len(needs))
	var visit func(i int) error
	visit = func(i int) error {
		states[i] = open
		for _, need := range needs[i] {
			if states[need] == open {
				return fmt.Errorf("%s %q and %s %q depend on each other", objects[i].GetKind(), objects[i].GetName(),
					objects[need].GetKind(), objects[need].GetName())
			}
			if states[need] == untouched {
				if err := visit(need); err != nil {
					return err
				}
			}
		}
		states[i] = closed
		return nil
	}
	for i := range needs {
		if states[i] == untouched {
			if err := visit(i); err != nil {
				return err
			}
		}
	}
	return nil
}
