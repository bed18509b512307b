package kubeprovider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
)

// Update changes the object in place by server-side apply and waits until it is ready again.
func (s *server) Update(ctx context.Context, request *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	ctx = about(ctx, request.GetUrn())
	inputs, err := readProperties("news", request.GetNews())
	if err != nil {
		return nil, err
	}
	oldInputs, err := readProperties("oldInputs", request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	oldOutputs, err := readProperties("olds", request.GetOlds())
	if err != nil {
		return nil, err
	}
	asGiven := func() (*pulumirpc.UpdateResponse, error) {
		properties, err := writeProperties("preview",
			previewState(copyOf(inputs), inputs, stringAt(inputs, "kind"), false))
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}
	if request.GetPreview() && hasUnknowns(inputs) {
		return asGiven()
	}
	object, err := objectOf(inputs)
	if err != nil {
		return nil, err
	}
	previous, err := objectOf(oldInputs)
	if err != nil {
		return nil, err
	}
	connection, err := s.connected()
	if err != nil {
		return nil, err
	}
	manager := fieldManagerOf(inputs, oldOutputs)
	patching := isPatchType(string(resource.URN(request.GetUrn()).Type()), object.GetKind())
	client, err := connection.resourceFor(object)
	if meta.IsNoMatchError(err) && request.GetPreview() {
		return asGiven()
	}
	if err != nil {
		return nil, connection.describe(err)
	}
	live, err := s.apply(ctx, client, object, manager, applyOptions{
		dryRun: request.GetPreview(), mustExist: true, previous: previous,
	})
	switch {
	case err == nil:
	case isUnreachable(err) && s.settings.skipUpdateUnreachable:
		s.say(ctx, diag.Warning, "the cluster is unreachable; the update of this object is skipped because "+
			"skipUpdateUnreachable is set")
		return &pulumirpc.UpdateResponse{Properties: request.GetOlds()}, nil
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("%w; it was deleted outside of Pulumi: run `pulumi refresh`, then update again", err)
	default:
		return nil, connection.describe(err)
	}
	if request.GetPreview() {
		properties, err := writeProperties("preview",
			previewState(fromObject(live.Object), inputs, object.GetKind(), false))
		return &pulumirpc.UpdateResponse{Properties: properties}, err
	}

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
		return nil, initializationError(live, reasons, outputs, request.GetNews())
	}
	return &pulumirpc.UpdateResponse{Properties: outputs}, nil
}
