package kubeprovider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// component turns its arguments into the objects of its children.
type component func(
	ctx context.Context, s *server, request *pulumirpc.ConstructRequest, inputs resource.PropertyMap,
) ([]*unstructured.Unstructured, error)

// components lists the component resources by type.
var components = map[string]component{
	"kubernetes:yaml/v2:ConfigGroup": configGroup,
	"kubernetes:yaml/v2:ConfigFile":  configFile,
	"kubernetes:helm.sh/v4:Chart":    helmChart,
}

// Construct registers a component and a resource for each of its objects.
func (s *server) Construct(
	ctx context.Context, request *pulumirpc.ConstructRequest,
) (*pulumirpc.ConstructResponse, error) {
	if reason := unsupported(request.GetType()); reason != "" {
		return nil, status.Error(codes.Unimplemented, reason)
	}
	expand, known := components[request.GetType()]
	if !known {
		return nil, status.Errorf(codes.Unimplemented,
			"the component %s is not supported by this stand-in plugin; use the official one", request.GetType())
	}
	inputs, err := plugin.UnmarshalProperties(request.GetInputs(), plugin.MarshalOptions{
		Label: "inputs", KeepUnknowns: true, KeepSecrets: true, SkipNulls: true, KeepResources: true,
	})
	if err != nil {
		return nil, err
	}
	connection, err := grpc.NewClient(request.GetMonitorEndpoint(),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	made := &construction{
		server: s, request: request, monitor: pulumirpc.NewResourceMonitorClient(connection), secret: inputs.ContainsSecrets(),
	}
	return made.run(ctx, func(ctx context.Context) ([]*unstructured.Unstructured, error) {
		if hasUnknowns(inputs) {
			s.say(ctx, diag.Warning, "the arguments are not all known yet, so the preview leaves out the objects of this component")
			return nil, nil
		}
		return expand(ctx, s, request, unwrapMap(inputs))
	})
}

// maxMessage is the largest message that is taken from the engine, in bytes: the limit that Pulumi's SDKs set.
const maxMessage = 400 << 20

// construction is one component being made.
type construction struct {
	server  *server
	request *pulumirpc.ConstructRequest
	monitor pulumirpc.ResourceMonitorClient
	// secret means that some argument is, so that any object may hold it.
	secret bool
	urn    string
}

func (c *construction) run(
	ctx context.Context, objects func(context.Context) ([]*unstructured.Unstructured, error),
) (*pulumirpc.ConstructResponse, error) {
	own, err := c.monitor.RegisterResource(ctx, &pulumirpc.RegisterResourceRequest{
		Type: c.request.GetType(), Name: c.request.GetName(), Parent: c.request.GetParent(),
		Dependencies: c.request.GetDependencies(), Providers: c.request.GetProviders(), Protect: c.request.Protect,
		Aliases: c.request.GetAliases(), AliasSpecs: true, DeletedWith: c.request.GetDeletedWith(),
		RetainOnDelete: c.request.RetainOnDelete, ReplaceWith: c.request.GetReplaceWith(),
		AcceptSecrets: true, AcceptResources: true,
	})
	if err != nil {
		return nil, err
	}
	c.urn = own.GetUrn()
	ctx, release := c.server.interruptible(about(ctx, c.urn))
	defer release()
	listed, err := objects(ctx)
	if err != nil {
		return nil, err
	}
	references, err := c.registerAll(ctx, listed)
	if err != nil {
		return nil, err
	}
	outputs, err := plugin.MarshalProperties(resource.PropertyMap{"resources": resource.NewProperty(references)},
		plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true, KeepResources: true})
	if err != nil {
		return nil, err
	}
	if _, err := c.monitor.RegisterResourceOutputs(ctx, &pulumirpc.RegisterResourceOutputsRequest{
		Urn: c.urn, Outputs: outputs,
	}); err != nil {
		return nil, err
	}
	return &pulumirpc.ConstructResponse{Urn: c.urn, State: outputs}, nil
}

// registration is a child on its way: done is closed when it exists or failed.
type registration struct {
	done      chan struct{}
	urn       string
	reference resource.PropertyValue
	err       error
}

// registerAll registers the objects side by side, each as soon as those it needs exist.
func (c *construction) registerAll(
	ctx context.Context, objects []*unstructured.Unstructured,
) ([]resource.PropertyValue, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	skipAwait := c.request.GetInputs().GetFields()["skipAwait"].GetBoolValue()
	prefix := c.request.GetInputs().GetFields()["resourcePrefix"].GetStringValue()
	if prefix == "" {
		prefix = c.request.GetName()
	}
	needs, err := orderObjects(objects)
	if err != nil {
		return nil, err
	}
	registrations := make([]*registration, len(objects))
	for i := range objects {
		registrations[i] = &registration{done: make(chan struct{})}
	}
	for i, object := range objects {
		if skipAwait {
			addAnnotation(object, annotationSkipAwait, "true")
		}
		go func() {
			defer close(registrations[i].done)
			dependencies := append([]string{}, c.request.GetDependencies()...)
			for _, need := range needs[i] {
				<-registrations[need].done
				if registrations[need].err != nil {
					registrations[i].err = registrations[need].err
					return
				}
				dependencies = append(dependencies, registrations[need].urn)
			}
			registrations[i].err = c.register(ctx, prefix, object, dependencies, registrations[i])
			if registrations[i].err != nil {
				cancel()
			}
		}()
	}
	references := make([]resource.PropertyValue, 0, len(objects))
	var failed error
	for _, child := range registrations {
		<-child.done
		if child.err != nil && (failed == nil || status.Code(failed) == codes.Canceled) {
			failed = child.err
		}
		references = append(references, child.reference)
	}
	return references, failed
}

func (c *construction) register(
	ctx context.Context, prefix string, object *unstructured.Unstructured, dependencies []string, into *registration,
) error {
	properties := fromObject(object.Object)
	if c.secret {
		for key, value := range properties {
			if key != "apiVersion" && key != "kind" && key != "metadata" {
				properties[key] = resource.MakeSecret(value)
			}
		}
	}
	marshalled, err := writeProperties("object", properties)
	if err != nil {
		return err
	}
	response, err := c.monitor.RegisterResource(ctx, &pulumirpc.RegisterResourceRequest{
		Type: typeOfKind(object.GroupVersionKind()), Name: prefix + ":" + c.childName(object), Parent: c.urn, Custom: true,
		Object: marshalled, Dependencies: dependencies, Provider: c.request.GetProviders()["kubernetes"],
		Version: c.server.version, DeletedWith: c.request.GetDeletedWith(),
		AcceptSecrets: true, AcceptResources: true, SupportsPartialValues: true,
	})
	if err != nil {
		return fmt.Errorf("%s %q: %w", object.GetKind(), id(object.GetNamespace(), object.GetName()), err)
	}
	into.urn = response.GetUrn()
	into.reference = resource.MakeCustomResourceReference(resource.URN(response.GetUrn()),
		resource.ID(response.GetId()), c.server.version)
	return nil
}

// childName is the logical name of an object's resource within its component.
func (c *construction) childName(object *unstructured.Unstructured) string {
	name := object.GetName()
	if name == "" {
		name = object.GetGenerateName()
	}
	if object.GetNamespace() != "" {
		return id(object.GetNamespace(), name)
	}
	connection, err := c.server.connected()
	if err != nil || (isBuiltin(object.GroupVersionKind()) && clusterScoped[object.GetKind()]) {
		return name
	}
	if _, namespaced, err := connection.mapping(object.GroupVersionKind()); err == nil && namespaced {
		return id(connection.namespace, name)
	}
	return name
}

func addAnnotation(object *unstructured.Unstructured, name, value string) {
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[name] = value
	object.SetAnnotations(annotations)
}
