package kubeprovider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// orderPatience is for how long a create is tried again while the object's kind or namespace is missing: it may be on
// its way in the same update, by another path of the dependency graph.
const orderPatience = 15 * time.Second

// Pauses between such attempts. What is missing is usually about to appear, so the first ones are short.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = time.Second
)

// Create makes the object and waits until it is ready. In a preview the server only checks it.
func (s *server) Create(ctx context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	ctx = about(ctx, request.GetUrn())
	inputs, err := readProperties("properties", request.GetProperties())
	if err != nil {
		return nil, err
	}
	if request.GetPreview() && hasUnknowns(inputs) {
		return s.previewedCreate(previewState(copyOf(inputs), inputs, stringAt(inputs, "kind"), true), "")
	}
	object, err := objectOf(inputs)
	if err != nil {
		return nil, err
	}
	connection, err := s.connected()
	if err != nil {
		return nil, err
	}
	manager := fieldManagerOf(inputs, nil)
	if request.GetPreview() {
		return s.previewCreate(ctx, connection, request.GetUrn(), object, inputs, manager)
	}

	patching := isPatchType(string(resource.URN(request.GetUrn()).Type()), object.GetKind())
	live, err := s.create(ctx, connection, object, manager, patching)
	if err != nil {
		return nil, connection.describe(err)
	}
	name := id(live.GetNamespace(), live.GetName())
	reasons := []string(nil)
	if !patching {
		live, reasons = s.awaitReady(ctx, connection, live, object, request.GetTimeout())
	}
	if err := connection.announce(object.GetKind()); err != nil {
		return nil, err
	}
	outputs, err := writeProperties("outputs", state(live, inputs, manager))
	if err != nil {
		return nil, err
	}
	if len(reasons) > 0 {
		return nil, initializationError(live, reasons, outputs, request.GetProperties())
	}
	return &pulumirpc.CreateResponse{Id: name, Properties: outputs}, nil
}

// objectOf turns checked inputs into what is sent to the server.
func objectOf(inputs resource.PropertyMap) (*unstructured.Unstructured, error) {
	plain, err := toObject(inputs)
	if err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: plain}, nil
}

// create sends the object. It is a plain create, so that an object that exists already is an error and not taken over.
// While its kind or its namespace is missing it is tried again: at once when this provider makes one, else now and then.
func (s *server) create(
	ctx context.Context, connection *cluster, object *unstructured.Unstructured, manager string, patching bool,
) (*unstructured.Unstructured, error) {
	patience := time.NewTimer(orderPatience)
	defer patience.Stop()
	for pause := firstPause; ; pause = min(pause*3/2, longestPause) {
		arrival := connection.arrival()
		live, err := s.createOnce(ctx, connection, object, manager, patching)
		switch {
		case err == nil:
			return live, nil
		case meta.IsNoMatchError(err):
			err = fmt.Errorf("%w; is its CustomResourceDefinition installed?", err)
			if forgetErr := connection.forget(); forgetErr != nil {
				return nil, forgetErr
			}
		case !isNamespaceMissing(err, object):
			return nil, explainCreate(err, object)
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-s.stopping.Done():
			return nil, err
		case <-patience.C:
			return nil, err
		case <-arrival:
		case <-time.After(pause):
		}
	}
}

func (s *server) createOnce(
	ctx context.Context, connection *cluster, object *unstructured.Unstructured, manager string, patching bool,
) (*unstructured.Unstructured, error) {
	client, err := connection.resourceFor(object)
	if err != nil {
		return nil, err
	}
	if patching || s.settings.upsertExistingObjects {
		return s.apply(ctx, client, object, manager, applyOptions{mustExist: patching})
	}
	return client.Create(ctx, object, v1.CreateOptions{FieldManager: manager, FieldValidation: v1.FieldValidationWarn})
}

func isNamespaceMissing(err error, object *unstructured.Unstructured) bool {
	status := apierrors.APIStatus(nil)
	if !apierrors.IsNotFound(err) {
		return false
	}
	if asStatus(err, &status) && status.Status().Details != nil {
		return status.Status().Details.Kind == "namespaces" && object.GetKind() != "Namespace"
	}
	return false
}

func explainCreate(err error, object *unstructured.Unstructured) error {
	if apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("%s %q: %w; an object that exists is not taken over: give it another name, delete it, or adopt "+
			"it with the resource option `import: %q`",
			object.GetKind(), id(object.GetNamespace(), object.GetName()), err,
			id(object.GetNamespace(), object.GetName()))
	}
	return err
}

// previewCreate lets the server check the object without storing it.
func (s *server) previewCreate(
	ctx context.Context, connection *cluster, urn string, object *unstructured.Unstructured,
	inputs resource.PropertyMap, manager string,
) (*pulumirpc.CreateResponse, error) {
	asGiven := func() (*pulumirpc.CreateResponse, error) {
		return s.previewedCreate(previewState(copyOf(inputs), inputs, object.GetKind(), true),
			id(object.GetNamespace(), object.GetName()))
	}
	client, err := connection.resourceFor(object)
	if meta.IsNoMatchError(err) {
		return asGiven()
	}
	if err != nil {
		return nil, connection.describe(err)
	}
	var checked *unstructured.Unstructured
	if isPatchType(string(resource.URN(urn).Type()), object.GetKind()) || s.settings.upsertExistingObjects {
		checked, err = s.apply(ctx, client, object, manager, applyOptions{dryRun: true})
	} else {
		checked, err = client.Create(ctx, object, v1.CreateOptions{
			FieldManager: manager, FieldValidation: v1.FieldValidationWarn, DryRun: []string{v1.DryRunAll},
		})
	}
	switch {
	case err == nil:
		return s.previewedCreate(previewState(fromObject(checked.Object), inputs, object.GetKind(), true),
			id(checked.GetNamespace(), checked.GetName()))
	case isNamespaceMissing(err, object):
		return asGiven()
	case apierrors.IsAlreadyExists(err) && s.isExisting(urn, object):
		// It is this resource's own object, which the real update deletes first.
		return asGiven()
	case apierrors.IsForbidden(err) && strings.Contains(err.Error(), "being terminated"):
		return asGiven()
	case apierrors.IsForbidden(err) && !strings.Contains(err.Error(), "denied") && !isQuota(err):
		s.say(ctx, diag.Warning, "the preview could not let the server check this object: "+err.Error())
		return asGiven()
	default:
		return nil, connection.describe(explainCreate(err, object))
	}
}

func isQuota(err error) bool { return strings.Contains(err.Error(), "exceeded quota") }

func (s *server) previewedCreate(outputs resource.PropertyMap, id string) (*pulumirpc.CreateResponse, error) {
	properties, err := writeProperties("preview", outputs)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}
