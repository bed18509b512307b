package kubeprovider

import (
	"reflect"
	"testing"
)

const createdService = `{apiVersion: v1, kind: Service, metadata: {name: web, labels: {a: "1", b: "2", c: "3"}, managedFields: [
	{manager: me, operation: Update, fieldsType: FieldsV1, fieldsV1: {
		"f:metadata": {"f:labels": {".": {}, "f:a": {}, "f:b": {}}},
		"f:spec": {"f:type": {}, "f:selector": {}, "f:ports": {".": {},
			'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}},
			'k:{"port":81,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}}}}}},
	{manager: other, operation: Apply, fieldsType: FieldsV1, fieldsV1: {
		"f:metadata": {"f:labels": {"f:b": {}, "f:c": {}}, "f:finalizers": {".": {}, 'v:"x"': {}}},
		"f:spec": {"f:ports": {'k:{"port":99,"protocol":"TCP"}': {".": {}, "f:port": {}}}}}}],
		finalizers: [x]},
	spec: {type: ClusterIP, clusterIP: 10.96.0.7, selector: {app: web}, ports: [
		{name: http, port: 80, protocol: TCP, targetPort: 80}, {name: admin, port: 81, protocol: TCP, targetPort: 81},
		{port: 99, protocol: TCP, targetPort: 99}]},
	status: {loadBalancer: {}}}`

func TestADryRunDropsWhatTheProgramHasDropped(t *testing.T) {
	const before = `{apiVersion: v1, kind: Service, metadata: {name: web, labels: {a: "1", b: "2"}},
		spec: {type: ClusterIP, selector: {app: web}, ports: [{name: http, port: 80}, {name: admin, port: 81}]}}`
	for title, test := range map[string]struct{ now, labels, spec string }{
		"another port": {
			`{metadata: {labels: {a: "1", b: "2"}}, spec: {type: ClusterIP, selector: {app: web}, ports: [{name: http, port: 8080}, {name: admin, port: 81}]}}`,
			`{a: "1", b: "2", c: "3"}`,
			`{type: ClusterIP, clusterIP: 10.96.0.7, selector: {app: web}, ports: [{name: http, port: 8080},
				{name: admin, port: 81, protocol: TCP, targetPort: 81}, {port: 99, protocol: TCP, targetPort: 99}]}`,
		},
		"fewer ports, labels and fields": {
			`{metadata: {labels: {a: "2"}}, spec: {selector: {app: api}, ports: [{name: web, port: 80}]}}`,
			`{a: "2", b: "2", c: "3"}`,
			`{clusterIP: 10.96.0.7, selector: {app: api}, ports: [{name: web, port: 80, protocol: TCP, targetPort: 80},
				{port: 99, protocol: TCP, targetPort: 99}]}`,
		},
		"no labels": {
			`{metadata: {}, spec: {type: ClusterIP, selector: {app: web}}}`,
			`{b: "2", c: "3"}`,
			`{type: ClusterIP, clusterIP: 10.96.0.7, selector: {app: web}, ports: [{port: 99, protocol: TCP, targetPort: 99}]}`,
		},
	} {
		t.Run(title, func(t *testing.T) {
			live := objectFrom(t, createdService)
			owners, err := ownersOf(live, "me")
			if err != nil {
				t.Fatal(err)
			}
			kind := `{apiVersion: v1, kind: Service, `
			now := objectFrom(t, kind+test.now[1:])
			got, _ := owners.merge(live.Object, objectFrom(t, before).Object, now.Object).(map[string]any)
			metadata, _ := got["metadata"].(map[string]any)
			for field, want := range map[string]any{
				"labels": objectFrom(t, kind+`value: `+test.labels+`}`).Object["value"],
			} {
				if !reflect.DeepEqual(metadata[field], want) {
					t.Errorf("%s: got %v, want %v", field, metadata[field], want)
				}
			}
			if want := objectFrom(t, kind+`value: `+test.spec+`}`).Object["value"]; !reflect.DeepEqual(got["spec"], want) {
				t.Errorf("spec: got  %v\nwant %v", got["spec"], want)
			}
			if !reflect.DeepEqual(metadata["finalizers"], []any{"x"}) || got["status"] == nil {
				t.Errorf("what others have set is gone: %v", got)
			}
		})
	}
}

func TestADryRunKeepsWhatOthersHaveAddedToASet(t *testing.T) {
	live := objectFrom(t, createdService)
	owners, err := ownersOf(live, "me")
	if err != nil {
		t.Fatal(err)
	}
	now := objectFrom(t, `{apiVersion: v1, kind: Service, metadata: {finalizers: ["y"]}}`)
	got, _ := owners.merge(live.Object, map[string]any{}, now.Object).(map[string]any)
	metadata, _ := got["metadata"].(map[string]any)
	if want := []any{"y", "x"}; !reflect.DeepEqual(metadata["finalizers"], want) {
		t.Errorf("got %v, want %v", metadata["finalizers"], want)
	}
}
