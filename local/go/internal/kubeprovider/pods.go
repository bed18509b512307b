package kubeprovider

import (
	"fmt"
	"sort"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// podReasons says, newest pod first, why pods are not ready: not scheduled, an image that cannot be pulled, a container
// that crashes or whose probe fails.
func podReasons(pods map[string]*unstructured.Unstructured) []string {
	sorted := make([]*unstructured.Unstructured, 0, len(pods))
	for _, pod := range pods {
		sorted = append(sorted, pod)
	}
	sort.Slice(sorted, func(i, j int) bool {
		left, right := sorted[i].GetCreationTimestamp(), sorted[j].GetCreationTimestamp()
		if left.Equal(&right) {
			return sorted[i].GetName() < sorted[j].GetName()
		}
		return right.Before(&left)
	})
	var reasons []string
	told := map[string]bool{}
	for _, pod := range sorted {
		for _, reason := range podReason(pod) {
			// Replicas of one template fail alike; one of them is enough.
			if !told[reason] {
				told[reason] = true
				reasons = append(reasons, fmt.Sprintf("[Pod %s]: %s", id(pod.GetNamespace(), pod.GetName()), reason))
			}
		}
	}
	return reasons
}

func podReason(pod *unstructured.Unstructured) []string {
	if pod.GetDeletionTimestamp() != nil {
		return nil
	}
	if ready := conditionOf(pod, "Ready"); ready != nil && ready["status"] == "True" {
		return nil
	}
	if scheduled := conditionOf(pod, "PodScheduled"); scheduled != nil && scheduled["status"] == "False" {
		return []string{fmt.Sprintf("%v: %v", scheduled["reason"], scheduled["message"])}
	}
	var reasons []string
	reported := 0
	for _, field := range []string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", field)
		reported += len(statuses)
		for _, item := range statuses {
			if status, ok := item.(map[string]any); ok {
				reasons = append(reasons, containerReason(status)...)
			}
		}
	}
	if len(reasons) == 0 {
		if message, _, _ := unstructured.NestedString(pod.Object, "status", "message"); message != "" {
			reason, _, _ := unstructured.NestedString(pod.Object, "status", "reason")
			reasons = append(reasons, reason+": "+message)
		}
	}
	if len(reasons) == 0 && reported == 0 {
		phase, _, _ := unstructured.NestedString(pod.Object, "status", "phase")
		reasons = append(reasons, phase+", without a word of its node or scheduler")
	}
	return reasons
}

// startingUp are waiting reasons of a container whose time has simply not come.
var startingUp = map[string]bool{"ContainerCreating": true, "PodInitializing": true}

func containerReason(status map[string]any) []string {
	name, _, _ := unstructured.NestedString(status, "name")
	if waiting, found, _ := unstructured.NestedMap(status, "state", "waiting"); found {
		reason, _, _ := unstructured.NestedString(waiting, "reason")
		message, _, _ := unstructured.NestedString(waiting, "message")
		if reason == "" || startingUp[reason] {
			return nil
		}
		text := fmt.Sprintf("container %s: %s: %s", name, reason, message)
		if ended := terminated(status, "lastState"); ended != "" {
			text += "; it last " + ended
		}
		return []string{text}
	}
	if ended := terminated(status, "state"); ended != "" {
		return []string{fmt.Sprintf("container %s %s", name, ended)}
	}
	if running, found, _ := unstructured.NestedMap(status, "state", "running"); found && running != nil {
		ready, _, _ := unstructured.NestedBool(status, "ready")
		if !ready {
			return []string{fmt.Sprintf("container %s runs but is not ready", name)}
		}
	}
	return nil
}

func terminated(status map[string]any, field string) string {
	ended, found, _ := unstructured.NestedMap(status, field, "terminated")
	if !found {
		return ""
	}
	code, _, _ := unstructured.NestedInt64(ended, "exitCode")
	reason, _, _ := unstructured.NestedString(ended, "reason")
	message, _, _ := unstructured.NestedString(ended, "message")
	if code == 0 {
		return ""
	}
	text := fmt.Sprintf("ended with exit code %d (%s)", code, reason)
	if message != "" {
		text += ": " + message
	}
	return text
}
