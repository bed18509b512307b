package kubeprovider

import (
	"fmt"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Annotations by which a program steers the provider. Names and meaning are those of the official plugin.
const (
	annotationAutonamed         = "pulumi.com/autonamed"
	annotationSkipAwait         = "pulumi.com/skipAwait"
	annotationTimeoutSeconds    = "pulumi.com/timeoutSeconds"
	annotationWaitFor           = "pulumi.com/waitFor"
	annotationPatchForce        = "pulumi.com/patchForce"
	annotationPatchFieldManager = "pulumi.com/patchFieldManager"
	annotationDeletion          = "pulumi.com/deletionPropagationPolicy"
	annotationReplaceUnready    = "pulumi.com/replaceUnready"
)

func isTrue(object *unstructured.Unstructured, annotation string) bool {
	return object.GetAnnotations()[annotation] == "true"
}

// timeout is how long to wait for the object: customTimeouts of the program (seconds, 0 when unset) come first, then the
// annotation, then the given default.
func timeout(custom float64, object *unstructured.Unstructured, standard time.Duration) (time.Duration, error) {
	if custom > 0 {
		return time.Duration(custom * float64(time.Second)), nil
	}
	text, given := object.GetAnnotations()[annotationTimeoutSeconds]
	if !given {
		return standard, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || seconds <= 0 {
		return 0, fmt.Errorf("metadata.annotations[%q] is %q; accepted is a positive number of seconds",
			annotationTimeoutSeconds, text)
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// withoutDependents are core and policy kinds that own no other objects, or whose deletion waits for all they hold anyway
// (a namespace). Foreground deletion would only send them through the garbage collector, which takes longer.
var withoutDependents = map[string]bool{
	"Namespace": true, "ConfigMap": true, "Secret": true, "ServiceAccount": true, "LimitRange": true, "ResourceQuota": true,
	"PersistentVolumeClaim": true, "PersistentVolume": true, "NetworkPolicy": true, "Role": true, "RoleBinding": true,
	"ClusterRole": true, "ClusterRoleBinding": true, "PriorityClass": true, "StorageClass": true, "IngressClass": true,
	"Ingress": true, "PodDisruptionBudget": true,
}

// propagation is the deletion policy of an object: what its annotation says, else foreground, so that its end is also that
// of what it owns.
func propagation(object *unstructured.Unstructured) (v1.DeletionPropagation, error) {
	switch text := object.GetAnnotations()[annotationDeletion]; text {
	case "":
		if isBuiltin(object.GroupVersionKind()) && withoutDependents[object.GetKind()] {
			return v1.DeletePropagationBackground, nil
		}
		return v1.DeletePropagationForeground, nil
	case "foreground", "Foreground":
		return v1.DeletePropagationForeground, nil
	case "background", "Background":
		return v1.DeletePropagationBackground, nil
	case "orphan", "Orphan":
		return v1.DeletePropagationOrphan, nil
	default:
		return "", fmt.Errorf("metadata.annotations[%q] is %q; accepted are foreground, background and orphan",
			annotationDeletion, text)
	}
}
