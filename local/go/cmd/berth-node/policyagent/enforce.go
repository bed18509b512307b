package policyagent

import (
	"context"
	"net/netip"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/dataplane"
)

// settle is how long changes of pods and policies are collected before established
// connections are judged again.
const settle = time.Second

// enforceOnChange judges established connections again after each change of pods or
// policies, until the context ends. The queue sees only new connections, so one that
// a later policy forbids would live on; forgetting it makes its next packet a new one.
func enforceOnChange(ctx context.Context, changed <-chan struct{}, engine decider, local map[netip.Addr]bool) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(settle):
		}
		forbidden := forbiddenFlows{ctx: ctx, engine: engine, local: local}
		for _, family := range []netlink.InetFamily{unix.AF_INET, unix.AF_INET6} {
			count, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, forbidden)
			if err != nil {
				klog.ErrorS(err, "Judging established connections again", "family", family)
			}
			if count > 0 {
				klog.InfoS("Cut connections that policies now forbid", "count", count)
			}
		}
	}
}

// forbiddenFlows selects the connections that the engine no longer allows.
type forbiddenFlows struct {
	ctx    context.Context
	engine decider
	local  map[netip.Addr]bool
}

// MatchConntrackFlow reports whether the connection is to be cut. Connections that the
// node itself opened stay: policies do not apply to them (probes come from there), and
// their replies would otherwise be judged as new connections out of the pod.
func (f forbiddenFlows) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	source, ok := netip.AddrFromSlice(flow.Forward.SrcIP)
	if !ok || f.local[source.Unmap()] {
		return false
	}
	switch flow.Forward.Protocol {
	case unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_SCTP:
	default:
		return false
	}
	packet := dataplane.PacketFromFlow(flow)
	if packet == nil {
		return false
	}
	allowed, err := f.engine.EvaluatePacket(f.ctx, packet)
	if err != nil {
		klog.ErrorS(err, "Cutting a connection that cannot be judged", "flow", flow)
	}
	return err != nil || !allowed
}
