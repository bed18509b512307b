package kubeprovider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// identity is immutable in every kind.
var identity = []string{"metadata.name", "metadata.namespace"}

// containerFields are those of a running pod's containers that the API does not let change. The image is one that it
// does, yet a changed image of a bare pod means a new pod to the official plugin.
var containerFields = []string{
	"args", "command", "env", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe",
	"resources", "securityContext", "stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty",
	"volumeDevices", "volumeMounts", "workingDir",
}

var podFields = []string{
	"affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases", "hostIPC",
	"hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead", "preemptionPolicy",
	"priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName", "schedulerName",
	"securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain",
	"terminationGracePeriodSeconds", "volumes",
}

var volumeSources = []string{
	"awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "fc", "flexVolume", "flocker",
	"gcePersistentDisk", "glusterfs", "hostPath", "iscsi", "local", "nfs", "photonPersistentDisk", "portworxVolume",
	"quobyte", "rbd", "scaleIO", "storageos", "vsphereVolume",
}

// immutable lists, by group and kind, the fields whose change needs a new object: what the API server refuses to
// change, and what the official plugin replaces by decision (the data of ConfigMaps and Secrets, so that pods that
// mount them are rolled).
var immutable = map[schema.GroupKind][]string{
	{Group: "apps", Kind: "Deployment"}: {"spec.selector"},
	{Group: "apps", Kind: "DaemonSet"}:  {"spec.selector"},
	{Group: "apps", Kind: "StatefulSet"}: {
		"spec.podManagementPolicy", "spec.revisionHistoryLimit", "spec.selector", "spec.serviceName",
		"spec.volumeClaimTemplates",
	},
	{Group: "batch", Kind: "Job"}: {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
	{Kind: "ConfigMap"}:           {"binaryData", "data"},
	{Kind: "Secret"}:              {"type", "stringData", "data"},
	{Kind: "PersistentVolume"}:    under("spec", volumeSources),
	// Not spec.resources: a volume grows in place, and replacing the claim would lose its data.
	{Kind: "PersistentVolumeClaim"}: under("spec", []string{
		"accessModes", "dataSource", "dataSourceRef", "selector", "storageClassName", "volumeMode", "volumeName",
	}),
	{Kind: "Pod"}: append(under("spec", podFields),
		append(under("spec.containers[*]", containerFields), under("spec.initContainers[*]", containerFields)...)...),
	{Kind: "ResourceQuota"}: {"spec.scopes"},
	{Kind: "Service"}:       {"spec.clusterIP"},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {"roleRef"},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {"roleRef"},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                  {"parameters", "provisioner"},
}

func under(prefix string, fields []string) []string {
	paths := make([]string, len(fields))
	for i, field := range fields {
		paths[i] = prefix + "." + field
	}
	return paths
}

// immutableFields lists the fields of an object that cannot change in place. Data of ConfigMaps and Secrets may change
// in place where the settings say so, except when the object itself is marked immutable.
func immutableFields(gvk schema.GroupVersionKind, s settings, olds resource.PropertyMap) []string {
	fields := immutable[gvk.GroupKind()]
	frozen := withoutSecrets(olds["immutable"])
	isFrozen := frozen.IsBool() && frozen.BoolValue()
	switch {
	case gvk.Group == "" && gvk.Kind == "ConfigMap" && s.configMapMutable && !isFrozen:
		fields = nil
	case gvk.Group == "" && gvk.Kind == "Secret" && s.secretMutable && !isFrozen:
		fields = []string{"type"}
	}
	return append(append([]string{}, identity...), fields...)
}
