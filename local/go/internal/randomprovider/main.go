// Package randomprovider makes random values that stay the same from update to update, for the Pulumi engine. It
// stands in for the official pulumi-resource-random where that plugin cannot be downloaded. All randomness is
// cryptographic.
package randomprovider

import (
	"context"
	"fmt"
	"os"

	"github.com/berth-dev/berth/local/go/internal/pluginserver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// server implements pulumirpc.ResourceProvider.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	version string
}

// Main serves the provider until the engine ends it.
func Main(args []string) error {
	return pluginserver.ServeProvider(args, func(
		context.Context, *provider.HostClient,
	) (pulumirpc.ResourceProviderServer, error) {
		return &server{version: pluginserver.Version(os.Args[0])}, nil
	})
}

func read(label string, given *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(given, plugin.MarshalOptions{
		Label: label, KeepUnknowns: true, KeepSecrets: true, SkipNulls: true,
	})
}

func write(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true})
}

func generatorOf(urn string) (generator, error) {
	token := string(resource.URN(urn).Type())
	found, known := generators[token]
	if !known {
		return generator{}, status.Errorf(codes.Unimplemented, "the resource type %s is not supported by this stand-in "+
			"plugin; use the official one", token)
	}
	return found, nil
}

// Handshake tells the engine that secrets are understood.
func (s *server) Handshake(
	context.Context, *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true}, nil
}

// GetSchema returns a schema without types: programs use the SDK from npm, which holds them.
func (s *server) GetSchema(context.Context, *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{
		Schema: fmt.Sprintf(`{"name":"random","version":%q,"resources":{},"types":{},"functions":{}}`, s.version),
	}, nil
}

// GetPluginInfo tells the version under which the plugin is installed.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.version}, nil
}

// CheckConfig accepts what there is: the provider has no settings.
func (s *server) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: request.GetNews()}, nil
}

// DiffConfig never finds a difference that matters.
func (s *server) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure tells the engine how to call this provider.
func (s *server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true}, nil
}

// Cancel has nothing to end: no operation waits.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Check validates the arguments.
func (s *server) Check(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	kind, err := generatorOf(request.GetUrn())
	if err != nil {
		return nil, err
	}
	news, err := read("news", request.GetNews())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.CheckResponse{}
	for _, problem := range kind.check(news) {
		response.Failures = append(response.Failures,
			&pulumirpc.CheckFailure{Property: problem.property, Reason: problem.reason})
	}
	response.Inputs, err = write(news)
	return response, err
}

// Diff replaces the value when any argument changes; a random value has nothing to update.
func (s *server) Diff(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	kind, err := generatorOf(request.GetUrn())
	if err != nil {
		return nil, err
	}
	olds, err := read("oldInputs", request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := read("news", request.GetNews())
	if err != nil {
		return nil, err
	}
	return planDiff(kind, olds, news), nil
}

func planDiff(kind generator, olds, news resource.PropertyMap) *pulumirpc.DiffResponse {
	difference := kind.complete(plain(olds)).Diff(kind.complete(plain(news)))
	if difference == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true}
	}
	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_SOME, HasDetailedDiff: true,
		DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
	}
	for path, change := range plugin.NewDetailedDiffFromObjectDiff(difference, true) {
		response.DetailedDiff[path] = &pulumirpc.PropertyDiff{
			Kind: pulumirpc.PropertyDiff_Kind(change.Kind.AsReplace()), InputDiff: true,
		}
		response.Replaces = append(response.Replaces, path)
	}
	for _, key := range difference.Keys() {
		response.Diffs = append(response.Diffs, string(key))
	}
	return response
}

// Create draws the value. In a preview it stays unknown.
func (s *server) Create(_ context.Context, request *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	kind, err := generatorOf(request.GetUrn())
	if err != nil {
		return nil, err
	}
	inputs, err := read("properties", request.GetProperties())
	if err != nil {
		return nil, err
	}
	state := kind.complete(inputs)
	if request.GetPreview() {
		for _, output := range kind.outputs {
			state[output] = kind.hide(output, resource.MakeComputed(resource.NewProperty("")))
		}
		properties, err := write(state)
		return &pulumirpc.CreateResponse{Properties: properties}, err
	}
	id, drawn, err := kind.draw(kind.complete(plain(inputs)))
	if err != nil {
		return nil, err
	}
	for output, value := range drawn {
		state[output] = kind.hide(output, value)
	}
	properties, err := write(state)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}

// Read keeps what the state has, since nothing else knows the value; without a state it imports the value that the id
// holds.
func (s *server) Read(_ context.Context, request *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	if len(request.GetProperties().GetFields()) > 0 {
		return &pulumirpc.ReadResponse{
			Id: request.GetId(), Properties: request.GetProperties(), Inputs: request.GetInputs(),
		}, nil
	}
	kind, err := generatorOf(request.GetUrn())
	if err != nil {
		return nil, err
	}
	id, inputs, outputs, err := kind.adopt(request.GetId())
	if err != nil {
		return nil, status.Errorf(codes.InvalidArgument, "importing %s: %v", resource.URN(request.GetUrn()).Type(), err)
	}
	state := kind.complete(inputs)
	for output, value := range outputs {
		state[output] = kind.hide(output, value)
	}
	response := &pulumirpc.ReadResponse{Id: id}
	if response.Properties, err = write(state); err != nil {
		return nil, err
	}
	response.Inputs, err = write(inputs)
	return response, err
}

// Delete forgets the value.
func (s *server) Delete(context.Context, *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}
