package kubeprovider

import (
	"reflect"
	"strings"
	"testing"
)

const manifests = `
apiVersion: berth.dev/v1
kind: Mooring
metadata: {name: one, namespace: quay}
---
apiVersion: v1
kind: Namespace
metadata: {name: quay}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: moorings.berth.dev}
spec: {group: berth.dev, names: {kind: Mooring}, scope: Namespaced}
---
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: after, annotations: {config.kubernetes.io/depends-on: berth.dev/namespaces/quay/Mooring/one}}
`

func TestOrderObjects(t *testing.T) {
	objects, err := parseManifests("test", strings.NewReader(manifests))
	if err != nil {
		t.Fatal(err)
	}
	needs, err := orderObjects(objects)
	if err != nil {
		t.Fatal(err)
	}
	if want := [][]int{{1, 2}, nil, nil, {0}}; !reflect.DeepEqual(needs, want) {
		t.Errorf("got %v, want %v", needs, want)
	}
}

func TestOrderObjectsRefusesCyclesAndTwins(t *testing.T) {
	for text, want := range map[string]string{
		`{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {config.kubernetes.io/depends-on: /ConfigMap/b}}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: b, annotations: {config.kubernetes.io/depends-on: /ConfigMap/a}}}`: "depend on each other",
		"{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}": "twice",
	} {
		objects, err := parseManifests("test", strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := orderObjects(objects); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestParseManifestsNamesTheDocument(t *testing.T) {
	for _, text := range []string{"a: 1\n---\nkind: X", "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n---\nkind: X", "\x00"} {
		if _, err := parseManifests("file.yaml", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), "file.yaml, document") {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
