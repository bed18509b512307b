package policyagent

import (
	"context"
	"net"
	"net/netip"

	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
)

// unknownPods refuses packets from and to pod addresses that belong to no known pod.
// The standard evaluator lets those pass, because to it they are the outside world;
// a pod's first packets would then slip through before its policies apply.
type unknownPods struct {
	podCIDR netip.Prefix
	// local holds the node's own addresses; the bridge's lies inside podCIDR.
	local map[netip.Addr]bool
}

var _ api.PolicyEvaluator = unknownPods{}

func (g unknownPods) Name() string                          { return "unknown-pods" }
func (g unknownPods) Ready() bool                           { return true }
func (g unknownPods) SetDataplaneSyncCallback(api.SyncFunc) {}

func (g unknownPods) ManagedIPs(context.Context) ([]netip.Addr, bool, error) {
	return nil, false, nil
}

func (g unknownPods) EvaluateEgress(_ context.Context, p *network.Packet, src, _ *api.PodInfo) (api.Verdict, error) {
	return g.judge(p.SrcIP, src), nil
}

func (g unknownPods) EvaluateIngress(_ context.Context, p *network.Packet, _, dst *api.PodInfo) (api.Verdict, error) {
	return g.judge(p.DstIP, dst), nil
}

func (g unknownPods) judge(ip net.IP, pod *api.PodInfo) api.Verdict {
	if pod != nil {
		return api.VerdictNext
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return api.VerdictDeny
	}
	addr = addr.Unmap()
	if g.podCIDR.Contains(addr) && !g.local[addr] {
		return api.VerdictDeny
	}
	return api.VerdictNext
}
