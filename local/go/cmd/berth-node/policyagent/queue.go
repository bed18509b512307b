package policyagent

import (
	"context"
	"errors"
	"fmt"
	"time"

	nfqueue "github.com/florianl/go-nfqueue/v2"
	"github.com/mdlayher/netlink"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/network"
)

// decider says whether a packet may pass.
type decider interface {
	EvaluatePacket(ctx context.Context, packet *network.Packet) (bool, error)
}

// headerBytes is how much of a packet the kernel hands over: the longest IPv4 or
// IPv6 header with options, and the longest TCP header (60 bytes each).
const headerBytes = 128

// serveQueue decides the packets of an NFQUEUE until the context ends. It returns once the queue is bound.
func serveQueue(ctx context.Context, number uint16, engine decider, denials *denialLog) error {
	queue, err := nfqueue.Open(&nfqueue.Config{
		NfQueue: number,
		// Without this flag the kernel cuts offloaded packets before it hands them over, which costs time for nothing.
		Flags:        nfqueue.NfQaCfgFlagGSO,
		MaxPacketLen: headerBytes,
		MaxQueueLen:  1024,
		Copymode:     nfqueue.NfQnlCopyPacket,
		WriteTimeout: 100 * time.Millisecond,
	})
	if err != nil {
		return fmt.Errorf("opening the netfilter queue socket: %w", err)
	}
	handle := func(a nfqueue.Attribute) int {
		if a.PacketID == nil {
			return 0
		}
		verdict := nfqueue.NfDrop
		if a.Payload != nil && decide(ctx, engine, *a.PacketID, *a.Payload, denials) {
			verdict = nfqueue.NfAccept
		}
		if err := queue.SetVerdict(*a.PacketID, verdict); err != nil {
			klog.ErrorS(err, "Telling the kernel the verdict", "packet", *a.PacketID)
		}
		return 0
	}
	onError := func(err error) int {
		var opError *netlink.OpError
		if ctx.Err() != nil {
			return 1
		}
		if !errors.As(err, &opError) || !(opError.Timeout() || opError.Temporary()) {
			klog.ErrorS(err, "Reading the netfilter queue", "queue", number)
		}
		return 0
	}
	if err := queue.RegisterWithErrorFunc(ctx, handle, onError); err != nil {
		return errors.Join(fmt.Errorf("binding netfilter queue %d (is another agent running?): %w", number, err), queue.Close())
	}
	context.AfterFunc(ctx, func() { _ = queue.Close() })
	return nil
}

// decide refuses whatever it cannot parse or judge.
func decide(ctx context.Context, engine decider, id uint32, payload []byte, denials *denialLog) bool {
	packet, err := network.ParsePacket(payload)
	if err != nil {
		klog.ErrorS(err, "Refusing a packet that cannot be parsed", "packet", id)
		return false
	}
	packet.ID = id
	allowed, err := engine.EvaluatePacket(ctx, &packet)
	if err != nil {
		klog.ErrorS(err, "Refusing a packet that cannot be judged", "packet", id)
		return false
	}
	if !allowed {
		denials.refused(&packet)
	}
	return allowed
}
