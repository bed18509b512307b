package kubeprovider

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"sigs.k8s.io/yaml"
)

func inputsOf(t *testing.T, text string) resource.PropertyMap {
	t.Helper()
	var object map[string]any
	if err := yaml.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	return fromObject(object)
}

func TestPlanDiff(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, namespace: ns}\n"
	const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: ns}\n"
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns}\n"
	cases := map[string]struct {
		token        string
		settings     settings
		old, new     string
		path         string
		replace      bool
		deleteBefore bool
	}{
		"a replica count changes in place": {
			old: deployment + "spec: {replicas: 1}", new: deployment + "spec: {replicas: 2}", path: "spec.replicas",
		},
		"a Deployment's selector needs a new object": {
			old:  deployment + "spec: {selector: {matchLabels: {app: a}}}",
			new:  deployment + "spec: {selector: {matchLabels: {app: b}}}",
			path: "spec.selector.matchLabels.app", replace: true, deleteBefore: true,
		},
		"a whole that holds an immutable field counts for it": {
			old: deployment, new: deployment + "spec: {selector: {matchLabels: {app: b}}}",
			path: "spec", replace: true, deleteBefore: true,
		},
		"a whole without the immutable field does not": {
			old: deployment, new: deployment + "spec: {replicas: 1}", path: "spec",
		},
		"another name is another object, which may exist beside the old one": {
			old: configMap, new: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b, namespace: ns}",
			path: "metadata.name", replace: true,
		},
		"data of a ConfigMap is replaced": {
			old: configMap + "data: {a: '1'}", new: configMap + "data: {a: '2'}",
			path: "data.a", replace: true, deleteBefore: true,
		},
		"data of a ConfigMap changes in place when the settings say so": {
			settings: settings{configMapMutable: true},
			old:      configMap + "data: {a: '1'}", new: configMap + "data: {a: '2'}", path: "data.a",
		},
		"a frozen ConfigMap is replaced all the same": {
			settings: settings{configMapMutable: true},
			old:      configMap + "immutable: true\ndata: {a: '1'}", new: configMap + "immutable: true\ndata: {a: '2'}",
			path: "data.a", replace: true, deleteBefore: true,
		},
		"a container's image in a bare pod": {
			old: pod + "spec: {containers: [{name: c, image: '1'}]}", new: pod + "spec: {containers: [{name: c, image: '2'}]}",
			path: "spec.containers[0].image", replace: true, deleteBefore: true,
		},
		"a named by the provider object may exist twice": {
			old:  `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {pulumi.com/autonamed: "true"}}, data: {a: "1"}}`,
			new:  `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, annotations: {pulumi.com/autonamed: "true"}}, data: {a: "2"}}`,
			path: "data.a", replace: true,
		},
		"a Patch resource edits what its target could not change": {
			token: "kubernetes:core/v1:ConfigMapPatch",
			old:   configMap + "data: {a: '1'}", new: configMap + "data: {a: '2'}", path: "data.a",
		},
		"another version of the group is the same object": {
			old: "apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}",
			new: "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}", path: "apiVersion",
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			token := test.token
			if token == "" {
				token = "kubernetes:apps/v1:Deployment"
			}
			plan, err := planDiff(token, test.settings, inputsOf(t, test.old), inputsOf(t, test.new))
			if err != nil {
				t.Fatal(err)
			}
			change, found := plan.changes[test.path]
			if !found {
				t.Fatalf("no change at %s, only %v", test.path, plan.changes)
			}
			if change.Kind.IsReplace() != test.replace {
				t.Errorf("replace is %v, want %v", change.Kind.IsReplace(), test.replace)
			}
			if plan.deleteBeforeReplace != test.deleteBefore {
				t.Errorf("deleteBeforeReplace is %v, want %v", plan.deleteBeforeReplace, test.deleteBefore)
			}
		})
	}
}

func TestPlanDiffSeesUnknownsAndIgnoresSecretness(t *testing.T) {
	olds := inputsOf(t, "{apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: eA==}}")
	news := copyOf(olds)
	news["data"] = resource.MakeSecret(news["data"])
	plan, err := planDiff("kubernetes:core/v1:Secret", settings{}, olds, news)
	if err != nil || len(plan.changes) != 0 {
		t.Errorf("a value that became secret counts as changed: %v, %v", plan.changes, err)
	}
	news["data"] = resource.MakeComputed(resource.NewProperty(""))
	plan, err = planDiff("kubernetes:core/v1:Secret", settings{}, olds, news)
	if err != nil || plan.changes["data"] != (plugin.PropertyDiff{Kind: plugin.DiffUpdateReplace, InputDiff: true}) {
		t.Errorf("an unknown value does not count as changed: %v, %v", plan.changes, err)
	}
}
