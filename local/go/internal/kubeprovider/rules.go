package kubeprovider

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// How long to wait by default: the official plugin's figures.
const (
	workloadTimeout = 10 * time.Minute
	volumeTimeout   = 5 * time.Minute
	quotaTimeout    = time.Minute
)

// workload is what runs pods that a label selector finds.
var workload = &rule{standard: workloadTimeout, judge: judgeByKstatus, related: podsOf, explain: podReasons}

// rules lists the kinds that are waited for. Others are ready as soon as the server has stored them.
var rules = map[schema.GroupKind]*rule{
	{Group: "apps", Kind: "Deployment"}:                               workload,
	{Group: "apps", Kind: "StatefulSet"}:                              workload,
	{Group: "apps", Kind: "DaemonSet"}:                                workload,
	{Group: "apps", Kind: "ReplicaSet"}:                               workload,
	{Group: "batch", Kind: "Job"}:                                     {standard: workloadTimeout, judge: judgeJob, related: podsOf, explain: podReasons},
	{Kind: "Pod"}:                                                     {standard: workloadTimeout, judge: judgePod, related: itself, explain: podReasons},
	{Kind: "ReplicationController"}:                                   {standard: workloadTimeout, judge: judgeByKstatus},
	{Kind: "PersistentVolumeClaim"}:                                   {standard: volumeTimeout, judge: judgeByKstatus, shortcut: bindsLater},
	{Kind: "PersistentVolume"}:                                        {standard: volumeTimeout, judge: judgeVolume},
	{Kind: "ResourceQuota"}:                                           {standard: quotaTimeout, judge: judgeQuota},
	{Kind: "Service"}:                                                 {standard: workloadTimeout, judge: judgeService, related: slicesOf},
	{Kind: "Secret"}:                                                  {standard: quotaTimeout, judge: judgeSecret},
	{Group: "networking.k8s.io", Kind: "Ingress"}:                     {standard: workloadTimeout, judge: judgeIngress},
	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: {standard: quotaTimeout, judge: judgeByKstatus},
	{Group: "apiregistration.k8s.io", Kind: "APIService"}:             {standard: quotaTimeout, judge: judgeByKstatus},
}

// ruleFor picks how to wait for an object; nil means not at all.
func (s *server) ruleFor(object *unstructured.Unstructured) (*rule, error) {
	if isTrue(object, annotationSkipAwait) {
		return nil, nil
	}
	if text, given := object.GetAnnotations()[annotationWaitFor]; given {
		return waitForRule(text)
	}
	if found, known := rules[object.GroupVersionKind().GroupKind()]; known {
		return found, nil
	}
	if s.settings.awaitAll {
		return &rule{standard: workloadTimeout, judge: judgeByKstatus}, nil
	}
	return nil, nil
}

// judgeByKstatus follows the status rules that Flux, kpt and others share.
func judgeByKstatus(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
	if paused, _, _ := unstructured.NestedBool(object.Object, "spec", "paused"); paused {
		return verdict{ready: true}
	}
	result, err := status.Compute(object)
	if err != nil {
		return verdict{message: err.Error()}
	}
	message := result.Message
	if refused := refusedPods(object); refused != "" {
		message = refused
	}
	return verdict{
		ready:   result.Status == status.CurrentStatus,
		failed:  result.Status == status.FailedStatus,
		message: message,
	}
}

// refusedPods tells why a Deployment's pods cannot even be made, such as a quota.
func refusedPods(object *unstructured.Unstructured) string {
	condition := conditionOf(object, "ReplicaFailure")
	if condition == nil || condition["status"] != "True" {
		return ""
	}
	return fmt.Sprintf("%v: %v", condition["reason"], condition["message"])
}

func conditionOf(object *unstructured.Unstructured, kind string) map[string]any {
	conditions, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, item := range conditions {
		if condition, ok := item.(map[string]any); ok && condition["type"] == kind {
			return condition
		}
	}
	return nil
}

func judgeJob(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
	if suspended, _, _ := unstructured.NestedBool(object.Object, "spec", "suspend"); suspended {
		return verdict{ready: true}
	}
	if failure := conditionOf(object, "Failed"); failure != nil && failure["status"] == "True" {
		return verdict{failed: true, message: fmt.Sprintf("failed: %v: %v", failure["reason"], failure["message"])}
	}
	if complete := conditionOf(object, "Complete"); complete != nil && complete["status"] == "True" {
		return verdict{ready: true}
	}
	succeeded, _, _ := unstructured.NestedInt64(object.Object, "status", "succeeded")
	failed, _, _ := unstructured.NestedInt64(object.Object, "status", "failed")
	return verdict{message: fmt.Sprintf("the job is not complete: %d succeeded, %d failed", succeeded, failed)}
}

func judgePod(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
	switch phase, _, _ := unstructured.NestedString(object.Object, "status", "phase"); phase {
	case "Succeeded":
		return verdict{ready: true}
	case "Failed":
		return verdict{failed: true, message: "failed"}
	}
	// A crash loop may still heal, so unlike kstatus it does not end the wait.
	judged := judgeByKstatus(object, nil)
	judged.failed = false
	return judged
}

func judgeVolume(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
	phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
	return verdict{
		ready:   phase == "Available" || phase == "Bound",
		failed:  phase == "Failed",
		message: fmt.Sprintf("the volume's phase is %q", phase),
	}
}

// judgeQuota waits until the quota is enforced: before its controller has copied the limits they do not count.
func judgeQuota(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
	asked, _, _ := unstructured.NestedMap(object.Object, "spec", "hard")
	enforced, _, _ := unstructured.NestedMap(object.Object, "status", "hard")
	if len(asked) == 0 || reflect.DeepEqual(asked, enforced) {
		return verdict{ready: true}
	}
	return verdict{message: "the limits of spec.hard are not enforced yet"}
}

func judgeSecret(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
	if kind, _, _ := unstructured.NestedString(object.Object, "type"); kind != "kubernetes.io/service-account-token" {
		return verdict{ready: true}
	}
	token, _, _ := unstructured.NestedString(object.Object, "data", "token")
	return verdict{ready: token != "", message: "the token is not filled in yet"}
}

func judgeIngress(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
	addresses, _, _ := unstructured.NestedSlice(object.Object, "status", "loadBalancer", "ingress")
	return verdict{ready: len(addresses) > 0, message: "no address was assigned yet (status.loadBalancer)"}
}

// podsOf selects the pods of a workload.
func podsOf(object *unstructured.Unstructured) *relation {
	matched, found, err := unstructured.NestedMap(object.Object, "spec", "selector")
	if err != nil || !found {
		return nil
	}
	selector, err := selectorOf(matched)
	if err != nil {
		return nil
	}
	return &relation{version: "v1", resource: "pods", selection: v1.ListOptions{LabelSelector: selector}}
}

// itself selects the object, whose own status holds the reasons.
func itself(object *unstructured.Unstructured) *relation {
	return &relation{version: "v1", resource: "pods", selection: named(object.GetName())}
}

// bindsLater tells a claim that is bound only when a pod uses it; waiting for it would never end.
func bindsLater(ctx context.Context, connection *cluster, claim *unstructured.Unstructured) (bool, error) {
	class, _, _ := unstructured.NestedString(claim.Object, "spec", "storageClassName")
	if class == "" {
		return false, nil
	}
	gvr := schema.GroupVersionResource{Group: "storage.k8s.io", Version: "v1", Resource: "storageclasses"}
	found, err := connection.client.Resource(gvr).Get(ctx, class, v1.GetOptions{})
	if err != nil {
		// A class that does not exist leaves the claim pending, which the wait then reports with its event.
		return false, nil
	}
	mode, _, _ := unstructured.NestedString(found.Object, "volumeBindingMode")
	return mode == "WaitForFirstConsumer", nil
}

func selectorOf(matched map[string]any) (string, error) {
	expressions, _, _ := unstructured.NestedSlice(matched, "matchExpressions")
	plain, _, _ := unstructured.NestedStringMap(matched, "matchLabels")
	selector := &v1.LabelSelector{MatchLabels: plain}
	for _, item := range expressions {
		fields, ok := item.(map[string]any)
		if !ok {
			return "", fmt.Errorf("a match expression is no object")
		}
		key, _, _ := unstructured.NestedString(fields, "key")
		operator, _, _ := unstructured.NestedString(fields, "operator")
		values, _, _ := unstructured.NestedStringSlice(fields, "values")
		selector.MatchExpressions = append(selector.MatchExpressions, v1.LabelSelectorRequirement{
			Key: key, Operator: v1.LabelSelectorOperator(operator), Values: values,
		})
	}
	parsed, err := v1.LabelSelectorAsSelector(selector)
	if err != nil {
		return "", err
	}
	if parsed.Empty() {
		return labels.Nothing().String(), nil
	}
	return parsed.String(), nil
}
