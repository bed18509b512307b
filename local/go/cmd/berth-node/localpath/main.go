// Package localpath is a dynamic provisioner for one node's disk: each claim of its
// StorageClass gets a folder of its own below one root, as a PersistentVolume of the
// "local" kind, and the folder goes when the volume is reclaimed.
package localpath

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

type options struct {
	kubeconfig string
	name       string
	root       string
	node       string
}

// Main runs the provisioner with the arguments of the process until SIGINT or SIGTERM.
func Main() int {
	opts, err := parse(os.Args[0], os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, opts); err != nil {
		klog.ErrorS(err, "The provisioner ends")
		return 1
	}
	return 0
}

func parse(program string, args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	klog.InitFlags(flags)
	flags.StringVar(&opts.kubeconfig, "kubeconfig", "", "kubeconfig `file` of the provisioner (required)")
	flags.StringVar(&opts.name, "provisioner-name", "berth.dev/local-path", "`name` that StorageClasses put in their field provisioner")
	flags.StringVar(&opts.root, "root", "", "absolute path of the `folder` that holds the volumes (required)")
	flags.StringVar(&opts.node, "node-name", "", "only serve claims scheduled to this `node`; empty serves every node")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	if opts.kubeconfig == "" {
		return opts, fmt.Errorf("%s: --kubeconfig is required", program)
	}
	if !filepath.IsAbs(opts.root) || filepath.Clean(opts.root) == "/" {
		return opts, fmt.Errorf("%s: --root is %q; it must be the absolute path of a folder of its own", program, opts.root)
	}
	opts.root = filepath.Clean(opts.root)
	return opts, nil
}

func run(ctx context.Context, opts options) error {
	config, err := clientcmd.BuildConfigFromFlags("", opts.kubeconfig)
	if err != nil {
		return fmt.Errorf("reading --kubeconfig %s: %w", opts.kubeconfig, err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("building the API client: %w", err)
	}
	// Only root may enter: the folders inside are open to any user, since a pod may run as any.
	if err := os.MkdirAll(opts.root, 0o700); err != nil {
		return fmt.Errorf("making the folder of the volumes: %w", err)
	}
	if err := os.Chmod(opts.root, 0o700); err != nil {
		return fmt.Errorf("closing the folder of the volumes to others: %w", err)
	}
	failed := make(chan error, 1)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		failed <- (&resizer{client: client, name: opts.name}).run(ctx)
		stop()
	}()
	controller.NewProvisionController(ctx, client, opts.name, &provisioner{root: opts.root, node: opts.node},
		controller.LeaderElection(false), // one node, one provisioner
		// Keeps a volume's object until its folder is gone, so that none is forgotten.
		controller.AddFinalizer(true),
		controller.RetryIntervalMax(10*time.Second),
		// A cluster that runs for weeks must not give up on a claim after a full disk has been cleared.
		controller.FailedProvisionThreshold(0),
		controller.FailedDeleteThreshold(0),
	).Run(ctx)
	return <-failed
}
