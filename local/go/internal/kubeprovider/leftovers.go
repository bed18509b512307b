package kubeprovider

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxLeftovers bounds how many objects an error names.
const maxLeftovers = 20

// leftoverPatience bounds the look at what remains; the deletion has failed already.
const leftoverPatience = 20 * time.Second

// stillThere is the error of a deletion that did not end: it names what holds it up.
func (s *server) stillThere(
	ctx context.Context, connection *cluster, object, last *unstructured.Unstructured, limit time.Duration,
) error {
	lines := []string{fmt.Sprintf("%s %q was not gone %s after its deletion", object.GetKind(),
		id(object.GetNamespace(), object.GetName()), limit)}
	if last != nil {
		lines = append(lines, holding(last)...)
	}
	if object.GetKind() == "Namespace" {
		limited, cancel := context.WithTimeout(ctx, leftoverPatience)
		defer cancel()
		remaining, err := connection.leftovers(limited, object.GetName())
		if err != nil {
			lines = append(lines, "what remains in it cannot be listed in full: "+err.Error())
		}
		lines = append(lines, remaining...)
	}
	lines = append(lines, "finalizers might be preventing deletion: look at the controllers that own them, or give more "+
		"time with the resource option customTimeouts.delete")
	return fmt.Errorf("%s", strings.Join(lines, "\n  "))
}

// leftovers lists the objects in a namespace, those with finalizers first.
func (c *cluster) leftovers(ctx context.Context, namespace string) ([]string, error) {
	kinds, err := c.namespacedKinds()
	var held, plain []string
	for _, kind := range kinds {
		listed, listErr := c.client.Resource(kind).Namespace(namespace).List(ctx, v1.ListOptions{})
		if listErr != nil {
			err = listErr
			continue
		}
		for i := range listed.Items {
			item := &listed.Items[i]
			text := fmt.Sprintf("remaining: %s %q", item.GetKind(), id(namespace, item.GetName()))
			if finalizers := item.GetFinalizers(); len(finalizers) > 0 {
				held = append(held, text+" with the finalizers "+strings.Join(finalizers, ", "))
			} else {
				plain = append(plain, text)
			}
		}
	}
	sort.Strings(held)
	sort.Strings(plain)
	all := append(held, plain...)
	if len(all) > maxLeftovers {
		more := len(all) - maxLeftovers
		all = append(all[:maxLeftovers], fmt.Sprintf("and %d more", more))
	}
	return all, err
}

// namespacedKinds lists every resource that can be listed in a namespace, each once. Events are left out: they vanish by
// themselves and hold nothing up.
func (c *cluster) namespacedKinds() ([]schema.GroupVersionResource, error) {
	client, err := c.discovery()
	if err != nil {
		return nil, err
	}
	groups, err := client.ServerPreferredResources()
	var kinds []schema.GroupVersionResource
	for _, group := range groups {
		version, parseErr := schema.ParseGroupVersion(group.GroupVersion)
		if parseErr != nil {
			return nil, parseErr
		}
		for _, served := range group.APIResources {
			if served.Namespaced && served.Name != "events" && contains(served.Verbs, "list") {
				kinds = append(kinds, version.WithResource(served.Name))
			}
		}
	}
	return kinds, err
}

func contains(verbs v1.Verbs, wanted string) bool {
	for _, verb := range verbs {
		if verb == wanted {
			return true
		}
	}
	return false
}
