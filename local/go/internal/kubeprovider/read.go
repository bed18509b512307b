package kubeprovider

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Read fetches the object: for a refresh, an import or a `.get`. An object that is gone has an empty answer.
func (s *server) Read(ctx context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	ctx = about(ctx, request.GetUrn())
	oldState, err := readProperties("properties", request.GetProperties())
	if err != nil {
		return nil, err
	}
	oldInputs, err := readProperties("inputs", request.GetInputs())
	if err != nil {
		return nil, err
	}
	gvk, err := kindToRead(request, oldInputs, oldState)
	if err != nil {
		return nil, err
	}
	connection, err := s.connected()
	if err != nil {
		return nil, err
	}
	namespace, name := splitID(resource.ID(request.GetId()))
	client, err := connection.resource(gvk, namespace)
	if meta.IsNoMatchError(err) {
		// Its kind is gone, so it is too.
		return &pulumirpc.ReadResponse{}, nil
	}
	var live *unstructured.Unstructured
	if err == nil {
		live, err = client.Get(ctx, name, v1.GetOptions{})
	}
	switch {
	case err == nil:
	case apierrors.IsNotFound(err):
		return &pulumirpc.ReadResponse{}, nil
	case isUnreachable(err) && s.settings.deleteUnreachable:
		s.say(ctx, diag.Warning, "the cluster is unreachable; this object is taken for deleted because "+
			"deleteUnreachable is set")
		return &pulumirpc.ReadResponse{}, nil
	default:
		return nil, connection.describe(err)
	}

	refreshing := len(oldInputs) > 0
	inputs := importedInputs(live)
	if refreshing {
		inputs = refreshedInputs(live, oldInputs)
	}
	manager := fieldManagerOf(inputs, oldState)
	id := id(live.GetNamespace(), live.GetName())
	outputProperties, err := writeProperties("outputs", state(live, inputs, manager))
	if err != nil {
		return nil, err
	}
	inputProperties, err := writeProperties("inputs", markSecrets(inputs, inputs, live.GetKind()))
	if err != nil {
		return nil, err
	}
	if refreshing && !isPatchType(request.GetType(), live.GetKind()) {
		if reasons := s.checkReady(ctx, connection, live); len(reasons) > 0 {
			return nil, initializationError(live, reasons, outputProperties, inputProperties)
		}
	}
	return &pulumirpc.ReadResponse{Id: id, Properties: outputProperties, Inputs: inputProperties}, nil
}

// kindToRead takes the kind from what is known of the object, else from the resource's type.
func kindToRead(request *pulumirpc.ReadRequest, known ...resource.PropertyMap) (schema.GroupVersionKind, error) {
	for _, properties := range known {
		version, kind := stringAt(properties, "apiVersion"), stringAt(properties, "kind")
		if version == "" || kind == "" {
			continue
		}
		parsed, err := schema.ParseGroupVersion(version)
		return parsed.WithKind(kind), err
	}
	token := string(resource.URN(request.GetUrn()).Type())
	if reason := unsupported(token); reason != "" {
		return schema.GroupVersionKind{}, fmt.Errorf("%s", reason)
	}
	return kindOfType(token)
}

// lastApplied is where `kubectl apply` keeps what its user gave.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// importedInputs guesses what a program would say to get this object: what its user applied when that is recorded,
// else all that the object holds except what only the server writes.
func importedInputs(live *unstructured.Unstructured) resource.PropertyMap {
	if text, recorded := live.GetAnnotations()[lastApplied]; recorded {
		var applied map[string]any
		if json.Unmarshal([]byte(text), &applied) == nil {
			object := &unstructured.Unstructured{Object: applied}
			if object.GetKind() == live.GetKind() && object.GetName() == live.GetName() {
				return fromObject(applied)
			}
		}
	}
	object := live.DeepCopy()
	unstructured.RemoveNestedField(object.Object, "status")
	for _, field := range []string{
		"creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "generation", "managedFields",
		"resourceVersion", "selfLink", "uid",
	} {
		unstructured.RemoveNestedField(object.Object, "metadata", field)
	}
	return fromObject(object.Object)
}
