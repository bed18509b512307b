// Package pluginserver serves a plugin of the Pulumi engine: it listens on a loopback port, prints that port (the
// whole start-up protocol of a plugin) and ends when the engine interrupts it or goes away.
package pluginserver

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// engineCheckInterval is how often a plugin looks whether its engine is still there; an engine that was killed cannot
// interrupt its plugins.
const engineCheckInterval = 5 * time.Second

// Serve runs until the engine at the address among args goes away or the process is interrupted. The function
// register adds the plugin's services; its context ends when the plugin has to stop.
func Serve(args []string, register func(ctx context.Context, engine string, server *grpc.Server) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	engine := EngineAddress(args)
	if engine != "" {
		var lost context.CancelFunc
		ctx, lost = context.WithCancel(ctx)
		defer lost()
		if err := rpcutil.Healthcheck(ctx, engine, engineCheckInterval, lost); err != nil {
			return fmt.Errorf("cannot watch the engine at %s: %w", engine, err)
		}
	}

	cancelled := make(chan bool)
	go func() {
		<-ctx.Done()
		close(cancelled)
	}()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: cancelled,
		Init:   func(server *grpc.Server) error { return register(ctx, engine, server) },
	})
	if err != nil {
		return err
	}
	fmt.Printf("%d\n", handle.Port)
	return <-handle.Done
}

// ServeProvider serves a resource provider. The host is nil when no engine address was given (attach mode).
func ServeProvider(
	args []string,
	construct func(ctx context.Context, host *provider.HostClient) (pulumirpc.ResourceProviderServer, error),
) error {
	return Serve(args, func(ctx context.Context, engine string, server *grpc.Server) error {
		var host *provider.HostClient
		if engine != "" {
			var err error
			if host, err = provider.NewHostClient(engine); err != nil {
				return err
			}
		}
		served, err := construct(ctx, host)
		if err != nil {
			return err
		}
		pulumirpc.RegisterResourceProviderServer(server, served)
		return nil
	})
}

// EngineAddress is the first argument that is no flag; the engine may put flags of its own before it, among them
// `--tracing URL`, the only one whose value is a separate argument.
func EngineAddress(args []string) string {
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--tracing":
			i++
		case !strings.HasPrefix(args[i], "-"):
			return args[i]
		}
	}
	return ""
}

// Version is the version under which the engine installed this plugin: the folder is called
// `resource-<name>-v<version>`. Outside such a folder it is 0.0.0.
func Version(executable string) string {
	folder := filepath.Base(filepath.Dir(executable))
	if _, version, found := strings.Cut(folder, "-v"); found {
		return version
	}
	return "0.0.0"
}
