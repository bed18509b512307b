package kubeprovider

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Check fills in what the program left to the provider: the name and the namespace.
func (s *server) Check(ctx context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	olds, err := readProperties("olds", request.GetOlds())
	if err != nil {
		return nil, err
	}
	news, err := readProperties("news", request.GetNews())
	if err != nil {
		return nil, err
	}
	checked := copyOf(news)
	fail := func(property, reason string) (*pulumirpc.CheckResponse, error) {
		return &pulumirpc.CheckResponse{
			Inputs:   request.GetNews(),
			Failures: []*pulumirpc.CheckFailure{{Property: property, Reason: reason}},
		}, nil
	}
	gvk, reason := s.checkKind(request.GetUrn(), checked)
	if reason != "" {
		return fail("kind", reason)
	}
	if metadata := withoutSecrets(checked["metadata"]); !metadata.IsNull() && !metadata.IsObject() && !metadata.IsComputed() {
		return fail("metadata", fmt.Sprintf("a %s is not accepted; give an object with name, namespace, labels and "+
			"annotations", metadata.TypeString()))
	}
	if metadata := withoutSecrets(checked["metadata"]); !metadata.IsComputed() {
		if reason := s.name(request, gvk, checked, olds); reason != "" {
			return fail("metadata.name", reason)
		}
		if err := s.fillNamespace(gvk, checked); err != nil {
			return nil, err
		}
	}
	if gvk.Kind == "Secret" && gvk.Group == "" {
		for _, key := range []resource.PropertyKey{"data", "stringData"} {
			if value, given := checked[key]; given && !value.IsSecret() && !value.IsComputed() {
				checked[key] = resource.MakeSecret(value)
			}
		}
	}
	if len(olds) > 0 {
		s.remember(request.GetUrn(), olds)
	}
	inputs, err := writeProperties("inputs", checked)
	return &pulumirpc.CheckResponse{Inputs: inputs}, err
}

// checkKind requires what every object needs and refuses what this plugin does not do.
func (s *server) checkKind(urn string, inputs resource.PropertyMap) (schema.GroupVersionKind, string) {
	token := string(resource.URN(urn).Type())
	fromType, err := kindOfType(token)
	if err != nil {
		return fromType, err.Error()
	}
	if reason := unsupported(token); reason != "" {
		return fromType, reason
	}
	for _, key := range []resource.PropertyKey{"apiVersion", "kind"} {
		value := withoutSecrets(inputs[key])
		if value.IsComputed() {
			return fromType, fmt.Sprintf("%s must be known in the preview", key)
		}
		if !value.IsString() || value.StringValue() == "" {
			return fromType, fmt.Sprintf("%s is missing; it is needed to find the object's API", key)
		}
	}
	version, err := schema.ParseGroupVersion(withoutSecrets(inputs["apiVersion"]).StringValue())
	if err != nil {
		return fromType, err.Error()
	}
	gvk := version.WithKind(withoutSecrets(inputs["kind"]).StringValue())
	if strings.HasSuffix(gvk.Kind, "List") && isBuiltin(gvk) {
		return gvk, fmt.Sprintf("the list kind %s is not supported; make one resource for each of its items", gvk.Kind)
	}
	return gvk, ""
}

// unsupported names resource types of the official plugin that are no objects of the API.
func unsupported(token string) string {
	for prefix, instead := range map[string]string{
		"kubernetes:helm.sh/v3:Release":     "use kubernetes.helm.v4.Chart, or the official plugin",
		"kubernetes:kustomize/v2:Directory": "render it first and use kubernetes.yaml.v2.ConfigFile, or the official plugin",
	} {
		if token == prefix {
			return fmt.Sprintf("%s is not supported by this stand-in plugin; %s", token, instead)
		}
	}
	return ""
}

// remember notes which object a resource of the engine's state stands for.
func (s *server) remember(urn string, olds resource.PropertyMap) {
	metadata := metadataOf(olds)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.existing[urn] = id(stringAt(metadata, "namespace"), stringAt(metadata, "name"))
}

func (s *server) isExisting(urn string, object *unstructured.Unstructured) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	known, found := s.existing[urn]
	return found && known == id(object.GetNamespace(), object.GetName())
}

// fillNamespace writes the namespace that the object will get, so that a changed default shows as a change.
func (s *server) fillNamespace(gvk schema.GroupVersionKind, inputs resource.PropertyMap) error {
	metadata := metadataOf(inputs)
	if _, given := metadata["namespace"]; given {
		return nil
	}
	if isBuiltin(gvk) && clusterScoped[gvk.Kind] {
		return nil
	}
	connection, err := s.connected()
	if err != nil {
		return err
	}
	if _, namespaced, err := connection.mapping(gvk); err != nil || !namespaced {
		// A kind that is not known yet may come with this update; its namespace is settled when it is created.
		return nil
	}
	metadata = copyOf(metadata)
	metadata["namespace"] = resource.NewProperty(connection.namespace)
	setMetadata(inputs, metadata)
	return nil
}

// metadataOf unwraps a secret around the whole metadata; empty when there is none.
func metadataOf(inputs resource.PropertyMap) resource.PropertyMap {
	metadata := inputs["metadata"]
	if metadata.IsSecret() {
		metadata = metadata.SecretValue().Element
	}
	if !metadata.IsObject() {
		return resource.PropertyMap{}
	}
	return metadata.ObjectValue()
}

func setMetadata(inputs, metadata resource.PropertyMap) {
	value := resource.NewProperty(metadata)
	if inputs["metadata"].IsSecret() {
		value = resource.MakeSecret(value)
	}
	inputs["metadata"] = value
}

// stringAt is the text of a property, empty when it is missing or not known yet.
func stringAt(properties resource.PropertyMap, key resource.PropertyKey) string {
	if value := withoutSecrets(properties[key]); value.IsString() {
		return value.StringValue()
	}
	return ""
}

func copyOf(properties resource.PropertyMap) resource.PropertyMap {
	copied := make(resource.PropertyMap, len(properties)+1)
	for key, value := range properties {
		copied[key] = value
	}
	return copied
}
