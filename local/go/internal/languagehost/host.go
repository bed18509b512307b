// Package languagehost runs Pulumi programs and policy packs that are written in JavaScript or TypeScript. It stands in
// for pulumi-language-nodejs, whose binary only comes with Pulumi's release archive; the runners that execute a program
// are those of the npm package @pulumi/pulumi.
package languagehost

import (
	"context"
	"sync"

	"github.com/berth-dev/berth/local/go/internal/pluginserver"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// host implements pulumirpc.LanguageRuntime. Methods that generate code are left unimplemented, which the engine
// reports by name.
type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string

	mutex   sync.Mutex
	running map[int]context.CancelFunc
	next    int
}

// Main serves the language host until the engine ends it.
func Main(args []string) error {
	var served *host
	err := pluginserver.Serve(args, func(ctx context.Context, engine string, server *grpc.Server) error {
		served = newHost(engine)
		pulumirpc.RegisterLanguageRuntimeServer(server, served)
		// The server waits for its calls to end before it stops, and a call ends only with its program.
		context.AfterFunc(ctx, served.cancelAll)
		return nil
	})
	if served != nil {
		served.cancelAll()
	}
	return err
}

func newHost(engine string) *host {
	return &host{engine: engine, running: map[int]context.CancelFunc{}}
}

// cancellable derives a context that ends with the call, with Cancel or with this process.
func (h *host) cancellable(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	h.mutex.Lock()
	defer h.mutex.Unlock()
	key := h.next
	h.next++
	h.running[key] = cancel
	return ctx, func() {
		h.mutex.Lock()
		defer h.mutex.Unlock()
		delete(h.running, key)
		cancel()
	}
}

func (h *host) cancelAll() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, cancel := range h.running {
		cancel()
	}
}

// Handshake takes the engine's address, which may differ from the one on the command line.
func (h *host) Handshake(
	_ context.Context, request *pulumirpc.LanguageHandshakeRequest,
) (*pulumirpc.LanguageHandshakeResponse, error) {
	if request.GetEngineAddress() != "" {
		h.engine = request.GetEngineAddress()
	}
	return &pulumirpc.LanguageHandshakeResponse{}, nil
}

// GetPluginInfo tells the version: that of the Pulumi SDK this host is built with.
func (h *host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// GetRequiredPackages lists the plugins that the installed npm packages ask for.
func (h *host) GetRequiredPackages(
	_ context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	packages, err := requiredPackages(request.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	return &pulumirpc.GetRequiredPackagesResponse{Packages: packages}, nil
}

// GetRequiredPlugins is the older form of GetRequiredPackages, without parameterised packages.
func (h *host) GetRequiredPlugins(
	_ context.Context, request *pulumirpc.GetRequiredPluginsRequest,
) (*pulumirpc.GetRequiredPluginsResponse, error) {
	packages, err := requiredPackages(request.GetInfo().GetProgramDirectory())
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.GetRequiredPluginsResponse{}
	for _, dependency := range packages {
		response.Plugins = append(response.Plugins, &pulumirpc.PluginDependency{
			Name: dependency.Name, Kind: dependency.Kind, Version: dependency.Version, Server: dependency.Server,
		})
	}
	return response, nil
}

// RuntimeOptionsPrompts asks nothing: every option has a default.
func (h *host) RuntimeOptionsPrompts(
	context.Context, *pulumirpc.RuntimeOptionsRequest,
) (*pulumirpc.RuntimeOptionsResponse, error) {
	return &pulumirpc.RuntimeOptionsResponse{}, nil
}

// Cancel stops every program that runs.
func (h *host) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	h.cancelAll()
	return &emptypb.Empty{}, nil
}
