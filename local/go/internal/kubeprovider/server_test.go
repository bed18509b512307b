package kubeprovider

import (
	"context"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func testServer() *server { return newServer(context.Background(), nil, "0.0.0") }

func check(t *testing.T, s *server, token string, olds, news resource.PropertyMap) (resource.PropertyMap, string) {
	t.Helper()
	request := &pulumirpc.CheckRequest{Urn: "urn:pulumi:s::p::" + token + "::Quay", RandomSeed: []byte(strings.Repeat("x", 32))}
	var err error
	if request.News, err = writeProperties("news", news); err != nil {
		t.Fatal(err)
	}
	if request.Olds, err = writeProperties("olds", olds); err != nil {
		t.Fatal(err)
	}
	response, err := s.Check(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	checked, err := readProperties("inputs", response.GetInputs())
	if err != nil {
		t.Fatal(err)
	}
	var failures []string
	for _, failure := range response.GetFailures() {
		failures = append(failures, failure.GetProperty()+": "+failure.GetReason())
	}
	return checked, strings.Join(failures, "; ")
}

func TestCheckNamesWhatTheProgramDidNotName(t *testing.T) {
	s := testServer()
	given := inputsOf(t, "{apiVersion: v1, kind: Namespace}")
	first, failures := check(t, s, "kubernetes:core/v1:Namespace", nil, given)
	name := stringAt(metadataOf(first), "name")
	if failures != "" || !strings.HasPrefix(name, "quay-") || len(name) != len("quay-")+suffixLength {
		t.Errorf("got %q, %s", name, failures)
	}
	again, _ := check(t, s, "kubernetes:core/v1:Namespace", first, given)
	if stringAt(metadataOf(again), "name") != name {
		t.Errorf("the name did not stay: %v", again)
	}
	named, _ := check(t, s, "kubernetes:core/v1:Namespace", first, inputsOf(t, "{apiVersion: v1, kind: Namespace, metadata: {name: own}}"))
	if stringAt(metadataOf(named), "name") != "own" || wasAutonamed(metadataOf(named)) {
		t.Errorf("the program's own name is not taken: %v", named)
	}
}

func TestCheckHidesTheDataOfSecrets(t *testing.T) {
	checked, _ := check(t, testServer(), "kubernetes:core/v1:Secret", nil,
		inputsOf(t, "{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: b}, stringData: {a: b}}"))
	if !checked["stringData"].IsSecret() {
		t.Errorf("got %v", checked)
	}
}

func TestCheckRefuses(t *testing.T) {
	for name, test := range map[string]struct{ token, inputs, want string }{
		"no kind":          {"kubernetes:core/v1:Pod", "{apiVersion: v1}", "kind is missing"},
		"a list":           {"kubernetes:core/v1:PodList", "{apiVersion: v1, kind: PodList}", "list kind"},
		"a release":        {"kubernetes:helm.sh/v3:Release", "{}", "helm.v4.Chart"},
		"a nameless patch": {"kubernetes:core/v1:PodPatch", "{apiVersion: v1, kind: Pod}", "needs the name"},
		"odd metadata":     {"kubernetes:core/v1:Pod", "{apiVersion: v1, kind: Pod, metadata: text}", "metadata"},
	} {
		if _, failures := check(t, testServer(), test.token, nil, inputsOf(t, test.inputs)); !strings.Contains(failures, test.want) {
			t.Errorf("%s: got %q, want %q", name, failures, test.want)
		}
	}
}

func TestParseSettings(t *testing.T) {
	env := map[string]string{"PULUMI_K8S_DELETE_UNREACHABLE": "true", "KUBECONFIG": "/env", "PULUMI_K8S_CLIENT_BURST": "7"}
	parsed, problems := parseSettings(resource.PropertyMap{
		"kubeconfig":         resource.MakeSecret(resource.NewProperty("/given")),
		"enablePatchForce":   resource.NewProperty("true"),
		"kubeClientSettings": resource.NewProperty(`{"qps": 5, "timeout": 30}`),
		"context":            resource.MakeComputed(resource.NewProperty("")),
	}, func(name string) string { return env[name] })
	if len(problems) != 0 || parsed.kubeconfig != "/given" || !parsed.deleteUnreachable || !parsed.enablePatchForce ||
		parsed.qps != 5 || parsed.burst != 7 || parsed.timeout.Seconds() != 30 {
		t.Errorf("got %+v, %v", parsed, problems)
	}
	_, problems = parseSettings(resource.PropertyMap{
		"enableServerSideApply": resource.NewProperty(false), "renderYamlToDirectory": resource.NewProperty("/x"),
		"namespace": resource.NewProperty(1.0), "deleteUnreachable": resource.NewProperty("maybe"),
		"kubeClientSettings": resource.NewProperty(`{"qps": -1}`),
	}, func(string) string { return "" })
	for _, property := range []string{
		"enableServerSideApply", "renderYamlToDirectory", "namespace", "deleteUnreachable", "kubeClientSettings",
	} {
		if problems[property] == "" {
			t.Errorf("%s is accepted", property)
		}
	}
}

func TestFailedJobIsReplacedOnRequest(t *testing.T) {
	news := inputsOf(t, `{apiVersion: batch/v1, kind: Job, metadata: {name: a, namespace: b, annotations: {pulumi.com/replaceUnready: "true"}}}`)
	failed := inputsOf(t, `{kind: Job, status: {conditions: [{type: Failed, status: "True"}]}}`)
	plan := diffPlan{}
	plan.replaceFailedJob(inputsOf(t, "{kind: Job, status: {active: 1}}"), news)
	if len(plan.changes) != 0 {
		t.Errorf("a Job that runs is replaced: %v", plan)
	}
	plan.replaceFailedJob(failed, news)
	if len(plan.replaces) != 1 || !plan.deleteBeforeReplace {
		t.Errorf("a failed Job is not replaced: %+v", plan)
	}
}

func TestYAMLDecode(t *testing.T) {
	args, err := writeProperties("args", resource.PropertyMap{"text": resource.NewProperty(manifests)})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := testServer().Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "kubernetes:yaml:decode", Args: args})
	if err != nil || len(answer.GetReturn().GetFields()["result"].GetListValue().GetValues()) != 4 {
		t.Errorf("got %v, %v", answer, err)
	}
	if _, err := testServer().Invoke(context.Background(), &pulumirpc.InvokeRequest{Tok: "kubernetes:helm:template"}); err == nil {
		t.Error("helm:template is not refused")
	}
}
