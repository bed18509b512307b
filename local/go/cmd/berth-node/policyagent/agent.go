// Package policyagent enforces NetworkPolicies on one node. It feeds the policy
// engine of sigs.k8s.io/kube-network-policies with the first packet of each
// connection, which netfilter rules outside this program send to an NFQUEUE.
//
// It differs from upstream's own program where the embedded cluster needs it:
// it sets no nftables rules (many kernels lack CONFIG_NFT_QUEUE), it knows a pod by
// what the CNI plugin recorded before the pod's first packet, and it refuses what it
// does not know. While it is down, a queue without --queue-bypass lets nothing new pass.
package policyagent

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
)

type options struct {
	kubeconfig    string
	nodeName      string
	podCIDR       netip.Prefix
	cniDir        string
	cniNetwork    string
	queue         uint
	healthAddress string
	denials       string
}

// Main runs the agent with the arguments of the process until SIGINT or SIGTERM.
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
		klog.ErrorS(err, "The policy agent ends")
		return 1
	}
	return 0
}

func parse(name string, args []string) (options, error) {
	var opts options
	var cidr string
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	klog.InitFlags(flags)
	flags.StringVar(&opts.kubeconfig, "kubeconfig", "", "kubeconfig `file` of the agent (required)")
	flags.StringVar(&opts.nodeName, "node-name", "", "`name` of this node in the cluster (required)")
	flags.StringVar(&cidr, "pod-cidr", "", "address `range` of this node's pods (required)")
	flags.StringVar(&opts.cniDir, "cni-dir", "/var/lib/cni", "`folder` with the records of libcni (results/) and host-local (networks/)")
	flags.StringVar(&opts.cniNetwork, "cni-network", "", "`name` of the CNI network of the pods (required)")
	flags.UintVar(&opts.queue, "queue", 100, "`number` of the NFQUEUE")
	flags.StringVar(&opts.denials, "denials", "", "`file` that gets a line of JSON for each connection that a pod is refused; none when empty")
	flags.StringVar(&opts.healthAddress, "health-address", "", "`address` that answers /healthz with 200 once packets are decided")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	for flagName, value := range map[string]string{
		"kubeconfig": opts.kubeconfig, "node-name": opts.nodeName, "pod-cidr": cidr, "cni-network": opts.cniNetwork,
	} {
		if value == "" {
			return opts, fmt.Errorf("%s: --%s is required", name, flagName)
		}
	}
	prefix, err := netip.ParsePrefix(cidr)
	if err != nil {
		return opts, fmt.Errorf("%s: --pod-cidr is %q; it must be an address range such as 10.90.0.0/24", name, cidr)
	}
	opts.podCIDR = prefix.Masked()
	if opts.queue > 65535 {
		return opts, fmt.Errorf("%s: --queue is %d; it must be between 0 and 65535", name, opts.queue)
	}
	return opts, nil
}

func run(ctx context.Context, opts options) error {
	config, err := clientcmd.BuildConfigFromFlags("", opts.kubeconfig)
	if err != nil {
		return fmt.Errorf("reading --kubeconfig %s: %w", opts.kubeconfig, err)
	}
	config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	config.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("building the API client: %w", err)
	}
	local, err := localAddresses()
	if err != nil {
		return err
	}

	factory := informers.NewSharedInformerFactory(client, 0)
	namespaces := factory.Core().V1().Namespaces()
	pods := factory.Core().V1().Pods()
	policies := factory.Networking().V1().NetworkPolicies()
	if err := pods.Informer().SetTransform(dropManagedFields); err != nil {
		return fmt.Errorf("setting up the pod informer: %w", err)
	}
	byStatus, err := podinfo.NewInformerResolver(pods.Informer())
	if err != nil {
		return fmt.Errorf("indexing pods by address: %w", err)
	}
	// The CNI record comes first: it exists before the pod's first packet, and after an
	// address has gone to a new pod the API's status may still show it on the old one.
	addresses := []podinfo.IPResolver{cniResolver{dir: opts.cniDir, network: opts.cniNetwork}, byStatus}
	known := podinfo.NewInformerProvider(pods, namespaces, nil, addresses)
	engine := networkpolicy.NewPolicyEngine(known, []api.PolicyEvaluator{
		unknownPods{podCIDR: opts.podCIDR, local: local},
		networkpolicy.NewStandardNetworkPolicy(opts.nodeName, namespaces, pods, policies),
	})
	changed := make(chan struct{}, 1)
	engine.SetDataplaneSyncCallbacks(func() {
		select {
		case changed <- struct{}{}:
		default:
		}
	})

	factory.Start(ctx.Done())
	err = wait.PollUntilContextCancel(ctx, 20*time.Millisecond, true, func(context.Context) (bool, error) {
		return engine.Ready(), nil
	})
	if err != nil {
		return nil // stopped before the first list arrived
	}
	if err := serveQueue(ctx, uint16(opts.queue), engine, newDenialLog(opts.denials, addresses)); err != nil {
		return err
	}
	if err := serveHealth(ctx, opts.healthAddress); err != nil {
		return err
	}
	klog.InfoS("Deciding packets", "queue", opts.queue, "podCIDR", opts.podCIDR)
	enforceOnChange(ctx, changed, engine, local)
	return nil
}

// dropManagedFields removes what the agent never reads and what is half of a pod's size.
func dropManagedFields(object any) (any, error) {
	if accessor, err := meta.Accessor(object); err == nil {
		accessor.SetManagedFields(nil)
	}
	return object, nil
}

// localAddresses are the addresses of the node itself, seen from its network namespace.
func localAddresses() (map[netip.Addr]bool, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("listing this node's addresses: %w", err)
	}
	local := map[netip.Addr]bool{}
	for _, address := range all {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			local[prefix.Addr().Unmap()] = true
		}
	}
	return local, nil
}

// serveHealth answers /healthz on address until the context ends; an empty address means not at all.
func serveHealth(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listening on --health-address %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close()
	}()
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			klog.ErrorS(err, "Serving /healthz")
		}
	}()
	return nil
}
