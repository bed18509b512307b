package kubeprovider

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

func objectFrom(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	encoded, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(encoded); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestJudge(t *testing.T) {
	cases := map[string]struct {
		object        string
		ready, failed bool
		message       string
	}{
		"a Deployment that is rolled out": {
			object: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1},
				status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1,
				conditions: [{type: Available, status: "True"}, {type: Progressing, status: "True", reason: NewReplicaSetAvailable}]}}`,
			ready: true,
		},
		"a Deployment whose controller has not seen the change": {
			object: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 2}, spec: {replicas: 1},
				status: {observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1}}`,
		},
		"a Deployment whose pods a quota refuses": {
			object: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1},
				status: {observedGeneration: 1, conditions: [{type: ReplicaFailure, status: "True", reason: FailedCreate,
				message: "exceeded quota"}]}}`,
			message: "FailedCreate: exceeded quota",
		},
		"a Deployment that ran out of its own deadline": {
			object: `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a, generation: 1}, spec: {replicas: 1},
				status: {observedGeneration: 1, replicas: 1, conditions: [{type: Progressing, status: "False",
				reason: ProgressDeadlineExceeded}]}}`,
			failed: true,
		},
		"a paused Deployment": {
			object: "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, spec: {paused: true}}", ready: true,
		},
		"a Job that runs": {
			object: "{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {active: 1}}", message: "not complete",
		},
		"a Job that failed": {
			object: `{apiVersion: batch/v1, kind: Job, metadata: {name: a}, status: {conditions: [
				{type: Failed, status: "True", reason: BackoffLimitExceeded, message: too often}]}}`,
			failed: true, message: "BackoffLimitExceeded: too often",
		},
		"a quota before its controller": {
			object: "{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {pods: 1}}}", message: "not enforced",
		},
		"a quota that is enforced": {
			object: `{apiVersion: v1, kind: ResourceQuota, metadata: {name: a}, spec: {hard: {pods: "1"}}, status: {hard: {pods: "1"}}}`,
			ready:  true,
		},
		"a headless Service": {
			object: `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: None, selector: {app: a}}}`, ready: true,
		},
		"a Service without endpoints": {
			object:  `{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {clusterIP: 10.0.0.1, selector: {app: a}}}`,
			message: "no ready pod",
		},
		"a Pod that crashes may still heal": {
			object: `{apiVersion: v1, kind: Pod, metadata: {name: a}, status: {phase: Running, conditions: [
				{type: Ready, status: "False", reason: ContainersNotReady}], containerStatuses: [{name: c,
				state: {waiting: {reason: CrashLoopBackOff}}}]}}`,
		},
		"a ConfigMap is not waited for": {
			object: "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", ready: true,
		},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			object := objectFrom(t, test.object)
			rule, err := (&server{}).ruleFor(object)
			if err != nil {
				t.Fatal(err)
			}
			judged := verdict{ready: true}
			if rule != nil {
				judged = rule.judge(object, nil)
			}
			if judged.ready != test.ready || judged.failed != test.failed || !strings.Contains(judged.message, test.message) {
				t.Errorf("got %+v, want ready %v, failed %v, message with %q", judged, test.ready, test.failed, test.message)
			}
		})
	}
}

func TestWaitFor(t *testing.T) {
	object := objectFrom(t, `{apiVersion: berth.dev/v1, kind: X, metadata: {name: a, generation: 2}, status: {phase: Running,
		count: 3, observedGeneration: 2, conditions: [{type: Ready, status: "True"}, {type: Degraded, status: "False"}]}}`)
	cases := map[string]bool{
		"jsonpath={.status.phase}":               true,
		"jsonpath={.status.phase}=Running":       true,
		"jsonpath={.status.phase}=Failed":        false,
		"jsonpath={.status.count}=3":             true,
		"jsonpath={.status.nothing}":             false,
		"jsonpath=.status.phase=Running":         true,
		"condition=Ready":                        true,
		"condition=Degraded":                     false,
		"condition=Degraded=False":               true,
		"condition=Missing":                      false,
		`["condition=Ready", "condition=Other"]`: false,
		`["condition=Ready", "jsonpath={.status.conditions[?(@.type=='Ready')].status}=True"]`: true,
	}
	for text, want := range cases {
		rule, err := waitForRule(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if judged := rule.judge(object, nil); judged.ready != want {
			t.Errorf("%s: got %+v, want ready %v", text, judged, want)
		}
	}
	for _, text := range []string{"", "ready", "condition=", "jsonpath={", "jsonpath={}", "[]", "jsonpath={.a}b"} {
		if _, err := waitForRule(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

func TestPodReasons(t *testing.T) {
	pod := func(name, status string) *unstructured.Unstructured {
		return objectFrom(t, "{apiVersion: v1, kind: Pod, metadata: {namespace: ns, name: "+name+"}, status: "+status+"}")
	}
	reasons := podReasons(map[string]*unstructured.Unstructured{
		"fine":  pod("fine", `{conditions: [{type: Ready, status: "True"}]}`),
		"image": pod("image", `{containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: back-off}}}]}`),
		"twin":  pod("twin", `{containerStatuses: [{name: c, state: {waiting: {reason: ImagePullBackOff, message: back-off}}}]}`),
		"crash": pod("crash", `{containerStatuses: [{name: c, state: {waiting: {reason: CrashLoopBackOff, message: back-off}},
			lastState: {terminated: {exitCode: 7, reason: Error, message: no database}}}]}`),
		"starting": pod("starting", `{containerStatuses: [{name: c, state: {waiting: {reason: ContainerCreating}}}]}`),
		"nowhere":  pod("nowhere", `{conditions: [{type: PodScheduled, status: "False", reason: Unschedulable, message: 0/1 nodes}]}`),
		"probe":    pod("probe", `{containerStatuses: [{name: c, ready: false, state: {running: {startedAt: x}}}]}`),
		"waiting":  pod("waiting", `{phase: Pending}`),
	})
	want := []string{
		"[Pod ns/crash]: container c: CrashLoopBackOff: back-off; it last ended with exit code 7 (Error): no database",
		"[Pod ns/image]: container c: ImagePullBackOff: back-off",
		"[Pod ns/nowhere]: Unschedulable: 0/1 nodes",
		"[Pod ns/probe]: container c runs but is not ready",
		"[Pod ns/waiting]: Pending, without a word of its node or scheduler",
	}
	if strings.Join(reasons, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(reasons, "\n"), strings.Join(want, "\n"))
	}
}
