package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"

	"github.com/berth-dev/berth/local/go/cmd/berth-node/localpath"
	"github.com/berth-dev/berth/local/go/cmd/berth-node/policyagent"
	"github.com/berth-dev/berth/local/go/cmd/berth-node/supervise"
)

// command is one program of the binary. When run starts, os.Args is what the
// program would see as a binary of its own; its result is the exit code.
type command struct {
	summary string
	run     func() int
}

var commands = map[string]command{
	"etcd":                    {"key-value store of the API server", runEtcd},
	"kube-apiserver":          {"Kubernetes API server", runAPIServer},
	"kube-controller-manager": {"Kubernetes controllers", runControllerManager},
	"kube-scheduler":          {"Kubernetes scheduler", runScheduler},
	"kubelet":                 {"Kubernetes node agent", runKubelet},
	"kube-proxy":              {"Kubernetes service proxy", runProxy},
	"kubectl":                 {"Kubernetes command line", runKubectl},
	"kwok":                    {"simulated nodes and pods", runKwok},
	"coredns":                 {"DNS server of the cluster", runCoreDNS},
	"kube-network-policies":   {"decides new connections by NetworkPolicy", policyagent.Main},
	"local-path-provisioner":  {"makes a folder for each persistent volume", localpath.Main},
	"supervise":               {"starts, watches and stops the other programs", supervise.Main},
}

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}
