// Package kubeprovider manages Kubernetes objects for the Pulumi engine. It stands in for the official
// pulumi-resource-kubernetes where that plugin cannot be downloaded, and agrees with it on what Berth's programs use;
// local/plugins/README.md lists what that is and what is left out.
package kubeprovider

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/berth-dev/berth/local/go/internal/pluginserver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

// server implements pulumirpc.ResourceProvider.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	host    *provider.HostClient
	version string
	// stopping ends when the engine cancels or goes away; every wait ends with it.
	stopping context.Context
	stop     context.CancelFunc

	mutex    sync.Mutex
	settings settings
	cluster  *cluster
	// existing holds, for the resources that the engine already has in its state, the id of their object. A preview
	// cannot otherwise tell the object to be replaced from one that belongs to somebody else.
	existing map[string]string
}

// Main serves the provider until the engine ends it.
func Main(args []string) error {
	return pluginserver.ServeProvider(args, func(
		ctx context.Context, host *provider.HostClient,
	) (pulumirpc.ResourceProviderServer, error) {
		return newServer(ctx, host, pluginserver.Version(os.Args[0])), nil
	})
}

func newServer(ctx context.Context, host *provider.HostClient, version string) *server {
	stopping, stop := context.WithCancel(ctx)
	return &server{host: host, version: version, stopping: stopping, stop: stop, existing: map[string]string{}}
}

// Handshake tells the engine what this provider understands.
func (s *server) Handshake(
	context.Context, *pulumirpc.ProviderHandshakeRequest,
) (*pulumirpc.ProviderHandshakeResponse, error) {
	return &pulumirpc.ProviderHandshakeResponse{AcceptSecrets: true, SupportsAutonamingConfiguration: true}, nil
}

// GetSchema returns a schema without types: programs use the SDK from npm, which holds them.
func (s *server) GetSchema(
	context.Context, *pulumirpc.GetSchemaRequest,
) (*pulumirpc.GetSchemaResponse, error) {
	return &pulumirpc.GetSchemaResponse{
		Schema: fmt.Sprintf(`{"name":"kubernetes","version":%q,"resources":{},"types":{},"functions":{}}`, s.version),
	}, nil
}

// GetPluginInfo tells the version under which the plugin is installed.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: s.version}, nil
}

// CheckConfig checks the provider's arguments and returns them unchanged.
func (s *server) CheckConfig(_ context.Context, request *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	given, err := readProperties("news", request.GetNews())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.CheckResponse{Inputs: request.GetNews()}
	_, problems := parseSettings(given, environment)
	for _, property := range sortedKeys(problems) {
		response.Failures = append(response.Failures,
			&pulumirpc.CheckFailure{Property: property, Reason: problems[property]})
	}
	return response, nil
}

// DiffConfig replaces the provider, and with it all it manages, only when clusterIdentifier changes.
func (s *server) DiffConfig(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := readProperties("olds", request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := readProperties("news", request.GetNews())
	if err != nil {
		return nil, err
	}
	difference := unwrapMap(olds).Diff(unwrapMap(news))
	if difference == nil {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	response := &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}
	for _, key := range difference.Keys() {
		response.Diffs = append(response.Diffs, string(key))
	}
	if difference.Changed("clusterIdentifier") && olds.HasValue("clusterIdentifier") {
		response.Replaces = []string{"clusterIdentifier"}
	}
	return response, nil
}

// Configure takes the configuration; the first request that needs the cluster connects to it.
func (s *server) Configure(
	_ context.Context, request *pulumirpc.ConfigureRequest,
) (*pulumirpc.ConfigureResponse, error) {
	given, err := readProperties("args", request.GetArgs())
	if err != nil {
		return nil, err
	}
	parsed, problems := parseSettings(given, environment)
	if len(problems) > 0 {
		lines := make([]string, 0, len(problems))
		for _, property := range sortedKeys(problems) {
			lines = append(lines, property+": "+problems[property])
		}
		return nil, status.Errorf(codes.InvalidArgument, "the kubernetes provider's configuration is not accepted: %s",
			strings.Join(lines, "; "))
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.settings = parsed
	s.cluster = nil
	return &pulumirpc.ConfigureResponse{AcceptSecrets: true, SupportsPreview: true,
		SupportsAutonamingConfiguration: true}, nil
}

// connected returns the cluster of the configuration.
func (s *server) connected() (*cluster, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.cluster == nil {
		made, err := connect(s.settings, &warningPrinter{s})
		if err != nil {
			return nil, err
		}
		s.cluster = made
	}
	return s.cluster, nil
}

// Cancel ends every wait.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	s.stop()
	return &emptypb.Empty{}, nil
}

// about derives a context that knows whose request it is.
func about(ctx context.Context, urn string) context.Context {
	return context.WithValue(ctx, urnKey{}, resource.URN(urn))
}

// interruptible derives a context that also ends with Cancel. It is for waits only: a write that was cut off halfway would
// leave an object that the engine does not know of.
func (s *server) interruptible(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	release := context.AfterFunc(s.stopping, cancel)
	return ctx, func() {
		release()
		cancel()
	}
}

type urnKey struct{}

func urnOf(ctx context.Context) resource.URN {
	urn, _ := ctx.Value(urnKey{}).(resource.URN)
	return urn
}

// say prints a message that stays, in the engine's list of diagnostics.
func (s *server) say(ctx context.Context, severity diag.Severity, message string) {
	if s.host != nil {
		// A message that cannot be delivered means that the engine is gone, which ends this process anyway.
		_ = s.host.Log(ctx, severity, urnOf(ctx), message)
	}
}

// show prints a message that the next one for the same resource replaces.
func (s *server) show(ctx context.Context, message string) {
	if s.host != nil {
		_ = s.host.LogStatus(ctx, diag.Info, urnOf(ctx), message)
	}
}

// warningPrinter passes the API server's warnings on to the resource that caused them.
type warningPrinter struct{ server *server }

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (w *warningPrinter) HandleWarningHeaderWithContext(ctx context.Context, code int, _ string, text string) {
	// 299 is the only code that the API server uses for warnings to the user.
	if code != 299 || text == "" || urnOf(ctx) == "" {
		return
	}
	if w.server.settings.suppressDeprecationWarnings && strings.Contains(text, "deprecated") {
		return
	}
	w.server.say(ctx, diag.Warning, text)
}
