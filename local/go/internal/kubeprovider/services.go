package kubeprovider

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// judgeService waits until the service has a ready endpoint, and an address when it is a load balancer. Services whose
// endpoints are not the cluster's business are ready at once: external names, headless ones, those without a selector.
func judgeService(service *unstructured.Unstructured, slices map[string]*unstructured.Unstructured) verdict {
	kind, _, _ := unstructured.NestedString(service.Object, "spec", "type")
	if kind == "LoadBalancer" {
		addresses, _, _ := unstructured.NestedSlice(service.Object, "status", "loadBalancer", "ingress")
		if len(addresses) == 0 {
			return verdict{message: "no external address was assigned yet (status.loadBalancer)"}
		}
	}
	address, _, _ := unstructured.NestedString(service.Object, "spec", "clusterIP")
	selector, _, _ := unstructured.NestedMap(service.Object, "spec", "selector")
	if kind == "ExternalName" || address == "None" || len(selector) == 0 {
		return verdict{ready: true}
	}
	for _, slice := range slices {
		if hasReadyEndpoint(slice) {
			return verdict{ready: true}
		}
	}
	return verdict{message: fmt.Sprintf("no ready pod matches its selector (%d endpoint slices)", len(slices))}
}

func hasReadyEndpoint(slice *unstructured.Unstructured) bool {
	endpoints, _, _ := unstructured.NestedSlice(slice.Object, "endpoints")
	for _, item := range endpoints {
		endpoint, ok := item.(map[string]any)
		if !ok {
			continue
		}
		// An absent condition means ready.
		if ready, given, _ := unstructured.NestedBool(endpoint, "conditions", "ready"); ready || !given {
			return true
		}
	}
	return false
}

func slicesOf(service *unstructured.Unstructured) *relation {
	return &relation{
		group: "discovery.k8s.io", version: "v1", resource: "endpointslices",
		selection: v1.ListOptions{LabelSelector: "kubernetes.io/service-name=" + service.GetName()},
	}
}
