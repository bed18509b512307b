package kubeprovider

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const createdDeployment = `{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "resourceVersion": "7",
	"managedFields": [
		{"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsType": "FieldsV1",
			"fieldsV1": {"f:status": {}}},
		{"manager": "me", "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": {
			"f:replicas": {}, "f:strategy": {"f:type": {}}, "f:template": {"f:spec": {"f:containers": {
				"k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:imagePullPolicy": {}, "f:ports": {
					"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}}}}}}}}}}]}}`

func TestOwnershipPatchKeepsExactlyWhatWasGiven(t *testing.T) {
	live := &unstructured.Unstructured{}
	if err := live.UnmarshalJSON([]byte(createdDeployment)); err != nil {
		t.Fatal(err)
	}
	given := objectFrom(t, `{apiVersion: apps/v1, kind: Deployment, spec: {replicas: 1, template: {spec: {containers: [
		{name: web, image: "web:1", ports: [{containerPort: 80}]}]}}}}`)
	if !createdBy(live, "me") || createdBy(live, "somebody-else") {
		t.Error("the creator is not told from others")
	}
	patch, err := ownershipPatch(live, "me", given)
	if err != nil {
		t.Fatal(err)
	}
	var operations []struct {
		Path  string          `json:"path"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(patch, &operations); err != nil {
		t.Fatal(err)
	}
	if operations[1].Path != "/metadata/resourceVersion" || string(operations[1].Value) != `"7"` {
		t.Errorf("the patch does not name the version it is for: %s", patch)
	}
	var entries []struct {
		Manager, Operation string
		FieldsV1           map[string]any
	}
	if err := json.Unmarshal(operations[0].Value, &entries); err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 || entries[1].Manager != "me" || entries[1].Operation != "Apply" {
		t.Fatalf("got %+v", entries)
	}
	var want map[string]any
	if err := json.Unmarshal([]byte(`{"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {
		"k:{\"name\":\"web\"}": {".": {}, "f:image": {}, "f:ports": {
			"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}}}}}}}}}`), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(entries[1].FieldsV1, want) {
		t.Errorf("got  %v\nwant %v", entries[1].FieldsV1, want)
	}
}

func TestOwnershipPatchLeavesAppliedObjectsAlone(t *testing.T) {
	live := &unstructured.Unstructured{}
	if err := live.UnmarshalJSON([]byte(strings.Replace(createdDeployment, `"me", "operation": "Update"`, `"me", "operation": "Apply"`, 1))); err != nil {
		t.Fatal(err)
	}
	if patch, err := ownershipPatch(live, "me", nil); err != nil || patch != nil {
		t.Errorf("got %s, %v", patch, err)
	}
}
