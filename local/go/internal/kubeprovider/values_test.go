package kubeprovider

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestToObjectTellsIntegersFromFractions(t *testing.T) {
	object, err := toObject(resource.PropertyMap{
		"port": resource.NewProperty(80.0), "ratio": resource.NewProperty(0.5),
		"secret": resource.MakeSecret(resource.NewProperty("x")), "none": resource.NewNullProperty(),
		"__internal": resource.NewProperty("x"),
	})
	want := map[string]any{"port": int64(80), "ratio": 0.5, "secret": "x"}
	if err != nil || !reflect.DeepEqual(object, want) {
		t.Errorf("got %v, %v; want %v", object, err, want)
	}
}

func TestToObjectNamesWhatItCannotTake(t *testing.T) {
	_, err := toObject(resource.PropertyMap{"data": resource.NewProperty(resource.PropertyMap{
		"key": resource.MakeComputed(resource.NewProperty("")),
	})})
	if err == nil || !strings.Contains(err.Error(), "data: key:") {
		t.Errorf("the error does not name the path: %v", err)
	}
}

func TestMarkSecrets(t *testing.T) {
	outputs := resource.PropertyMap{
		"data": resource.NewProperty(resource.PropertyMap{"a": resource.NewProperty("1"), "b": resource.NewProperty("2")}),
		"list": resource.NewProperty([]resource.PropertyValue{resource.NewProperty("x"), resource.NewProperty("y")}),
	}
	inputs := resource.PropertyMap{
		"data": resource.NewProperty(resource.PropertyMap{"b": resource.MakeSecret(resource.NewProperty("2"))}),
		"list": resource.NewProperty([]resource.PropertyValue{resource.MakeSecret(resource.NewProperty("x"))}),
	}
	marked := markSecrets(outputs, inputs, "ConfigMap")
	data := marked["data"].ObjectValue()
	if data["a"].IsSecret() || !data["b"].IsSecret() {
		t.Errorf("only b should be secret: %v", data)
	}
	if !marked["list"].IsSecret() {
		t.Error("a list whose items cannot be paired hides all of them")
	}
	if secret := markSecrets(outputs, nil, "Secret"); !secret["data"].IsSecret() {
		t.Error("the data of a Secret is always secret")
	}
}

func TestRefreshedInputs(t *testing.T) {
	live := &unstructured.Unstructured{Object: map[string]any{
		"kind": "Pod", "metadata": map[string]any{"name": "a", "uid": "server's"},
		"spec": map[string]any{
			"containers": []any{
				map[string]any{"name": "injected", "image": "sidecar"},
				map[string]any{"name": "web", "image": "web:2", "resources": map[string]any{
					"limits": map[string]any{"cpu": "1", "memory": "2Gi"},
				}},
			},
			"nodeName": "server's",
		},
	}}
	olds := inputsOf(t, `{kind: Pod, metadata: {name: a}, spec: {hostNetwork: false, gone: here, containers: [
		{name: web, image: "web:1", resources: {limits: {cpu: 1000m, memory: 1Gi}}}]}}`)
	want := inputsOf(t, `{kind: Pod, metadata: {name: a}, spec: {hostNetwork: false, containers: [
		{name: web, image: "web:2", resources: {limits: {cpu: 1000m, memory: 2Gi}}}]}}`)
	if got := refreshedInputs(live, olds); !got.DeepEquals(want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestRefreshedStringData(t *testing.T) {
	live := &unstructured.Unstructured{Object: map[string]any{
		"kind": "Secret", "data": map[string]any{"same": "eA==", "changed": "eQ=="},
	}}
	olds := resource.PropertyMap{"kind": resource.NewProperty("Secret"),
		"stringData": resource.MakeSecret(resource.NewProperty(resource.PropertyMap{
			"same": resource.NewProperty("x"), "changed": resource.NewProperty("x"), "gone": resource.NewProperty("x"),
		}))}
	got := withoutSecrets(refreshedInputs(live, olds)["stringData"]).ObjectValue()
	want := resource.PropertyMap{"same": resource.NewProperty("x"), "changed": resource.NewProperty("y")}
	if !got.DeepEquals(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPreviewStateHidesWhatTheServerAllocates(t *testing.T) {
	inputs := inputsOf(t, "{kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}")
	object := inputsOf(t, "{kind: Service, metadata: {name: a, uid: u}, spec: {ports: [{port: 80}], clusterIP: 10.0.0.9}, status: {}}")
	outputs := previewState(object, inputs, "Service", true)
	if !outputs["status"].IsComputed() || !outputs["metadata"].ObjectValue()["uid"].IsComputed() ||
		!outputs["spec"].ObjectValue()["clusterIP"].IsComputed() {
		t.Errorf("allocated values are taken for final: %v", outputs)
	}
	if got := outputs["metadata"].ObjectValue()["name"]; got != resource.NewProperty("a") {
		t.Errorf("the name is %v", got)
	}
}
