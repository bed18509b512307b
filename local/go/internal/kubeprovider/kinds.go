package kubeprovider

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// builtinGroups are the API groups whose kinds every supported cluster serves and whose resource names follow the
// plural rule of the API machinery. For their stable versions no discovery call is needed.
var builtinGroups = map[string]bool{
	"": true, "admissionregistration.k8s.io": true, "apiextensions.k8s.io": true, "apiregistration.k8s.io": true,
	"apps": true, "autoscaling": true, "batch": true, "certificates.k8s.io": true, "coordination.k8s.io": true,
	"discovery.k8s.io": true, "events.k8s.io": true, "flowcontrol.apiserver.k8s.io": true, "networking.k8s.io": true,
	"node.k8s.io": true, "policy": true, "rbac.authorization.k8s.io": true, "scheduling.k8s.io": true,
	"storage.k8s.io": true,
}

// stableVersions of the groups above; others (alpha, beta) may be switched off in a cluster and are looked up.
var stableVersions = map[string]bool{"v1": true, "v2": true}

// clusterScoped are the kinds of the groups above that live outside namespaces.
var clusterScoped = map[string]bool{
	"Namespace": true, "Node": true, "PersistentVolume": true, "ComponentStatus": true,
	"MutatingWebhookConfiguration": true, "ValidatingWebhookConfiguration": true,
	"ValidatingAdmissionPolicy": true, "ValidatingAdmissionPolicyBinding": true,
	"MutatingAdmissionPolicy": true, "MutatingAdmissionPolicyBinding": true,
	"CustomResourceDefinition": true, "APIService": true, "CertificateSigningRequest": true,
	"FlowSchema": true, "PriorityLevelConfiguration": true, "IngressClass": true, "IPAddress": true, "ServiceCIDR": true,
	"RuntimeClass": true, "ClusterRole": true, "ClusterRoleBinding": true, "PriorityClass": true,
	"CSIDriver": true, "CSINode": true, "StorageClass": true, "VolumeAttachment": true, "VolumeAttributesClass": true,
}

// isBuiltin tells whether a kind needs no discovery.
func isBuiltin(gvk schema.GroupVersionKind) bool {
	return builtinGroups[gvk.Group] && stableVersions[gvk.Version]
}

// kindOfType reads the group, version and kind from a type token such as `kubernetes:apps/v1:Deployment`. The core
// group has the name "core" there.
func kindOfType(token string) (schema.GroupVersionKind, error) {
	parts := strings.Split(token, ":")
	if len(parts) != 3 || parts[0] != "kubernetes" {
		return schema.GroupVersionKind{}, fmt.Errorf(
			"the type %q is no Kubernetes kind; accepted is kubernetes:<group>/<version>:<Kind>", token)
	}
	version, err := schema.ParseGroupVersion(strings.TrimPrefix(parts[1], "core/"))
	if err != nil {
		return schema.GroupVersionKind{}, fmt.Errorf("the type %q: %w", token, err)
	}
	return version.WithKind(parts[2]), nil
}

// typeOfKind is the inverse of kindOfType.
func typeOfKind(gvk schema.GroupVersionKind) string {
	group := gvk.GroupVersion().String()
	if gvk.Group == "" {
		group = "core/" + gvk.Version
	}
	return fmt.Sprintf("kubernetes:%s:%s", group, gvk.Kind)
}

// isPatchType tells a `…Patch` resource, which edits a few fields of an object that something else owns. The kind of
// the object itself may end in "Patch" too, hence the comparison with the inputs' kind.
func isPatchType(token, kind string) bool {
	return strings.HasSuffix(token, ":"+kind+"Patch")
}

// id is the identity of an object as Pulumi prints it: NAMESPACE/NAME, or NAME outside namespaces.
func id(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

// splitID is the inverse of id.
func splitID(id resource.ID) (namespace, name string) {
	if namespace, name, found := strings.Cut(string(id), "/"); found {
		return namespace, name
	}
	return "", string(id)
}
