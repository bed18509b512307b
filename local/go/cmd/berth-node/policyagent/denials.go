package policyagent

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"gopkg.in/natefinch/lumberjack.v2"
	"k8s.io/klog/v2"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
)

const (
	// The log is cut at this size, in MiB, and this many older pieces are kept.
	denialMegabytes = 8
	denialBackups   = 1
	// window is how long refusals of the same connection count as one: a client sends an
	// unanswered SYN again after 1, 2, 4… seconds (RFC 6298).
	window = 30 * time.Second
	// A pod that scans would otherwise fill the log with itself: this many lines a second
	// for each pod, and so many at once.
	denialsPerSecond = 5
	denialsAtOnce    = 50
	// maxSources bounds the memory, and with the limits above the flows that are remembered. A
	// node has 254 addresses for pods; what comes from more is refused and not told.
	maxSources = 1024
)

// denial is one line of the log: a connection out of a pod that policies refuse.
type denial struct {
	Time      time.Time `json:"time"`
	Namespace string    `json:"namespace"`
	Pod       string    `json:"pod"`
	From      string    `json:"from"`
	To        string    `json:"to"`
	// ToPod is the pod that holds the address, as "namespace/name".
	ToPod    string `json:"toPod,omitempty"`
	Port     int    `json:"port,omitempty"`
	Protocol string `json:"protocol"`
	// LeftOut is how many refusals of this pod since its last line the limits have kept out of the log.
	LeftOut int `json:"leftOut,omitempty"`
}

// flow is what makes two refusals the same; the source port is another for each try.
type flow struct {
	from, to, protocol string
	port               int
}

// source is what is known of one address.
type source struct {
	limit   *rate.Limiter
	leftOut int
	last    time.Time
}

// denialLog writes the connections that pods are refused, one JSON object a line.
type denialLog struct {
	pods []podinfo.IPResolver
	out  io.Writer
	now  func() time.Time

	mu      sync.Mutex
	seen    map[flow]time.Time
	sources map[string]*source
	forgot  time.Time
}

// newDenialLog appends to a file that only its owner reads; an empty path means no log.
//
// pods are asked in their order for the pod that holds an address.
func newDenialLog(path string, pods []podinfo.IPResolver) *denialLog {
	out := io.Discard
	if path != "" {
		out = &lumberjack.Logger{Filename: path, MaxSize: denialMegabytes, MaxBackups: denialBackups}
	}
	return &denialLog{pods: pods, out: out, now: time.Now, seen: map[flow]time.Time{}, sources: map[string]*source{}}
}

// refused takes note of a refused packet. What does not come from a pod is not told: it is no egress.
//
// Whatever is not told costs next to nothing, since the verdicts of all pods wait for it: files are
// read for lines that are written, and their number is limited for each address.
func (l *denialLog) refused(packet *network.Packet) {
	line := denial{
		Time: l.now().UTC(), From: packet.SrcIP.String(), To: packet.DstIP.String(), Port: packet.DstPort,
		Protocol: string(packet.Proto),
	}
	if line.Protocol == "" {
		line.Protocol = "other"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	one := flow{from: line.From, to: line.To, port: line.Port, protocol: line.Protocol}
	if last, ok := l.seen[one]; ok && line.Time.Sub(last) < window {
		return
	}
	from := l.source(line.From, line.Time)
	if from == nil {
		return
	}
	if !from.limit.AllowN(line.Time, 1) {
		from.leftOut++
		return
	}
	l.forget(line.Time)
	l.seen[one] = line.Time
	var ok bool
	if line.Namespace, line.Pod, ok = strings.Cut(l.podAt(line.From), "/"); !ok {
		return
	}
	line.ToPod = l.podAt(line.To)
	line.LeftOut, from.leftOut = from.leftOut, 0
	text, err := json.Marshal(line)
	if err == nil {
		_, err = l.out.Write(append(text, '\n'))
	}
	if err != nil {
		klog.ErrorS(err, "Writing the log of refused connections")
	}
}

// podAt is the "namespace/name" of the pod that holds an address; empty when none does.
func (l *denialLog) podAt(ip string) string {
	for _, resolver := range l.pods {
		if key, ok := resolver.LookupPod(ip); ok {
			return key
		}
	}
	return ""
}

// source is what is known of an address; nil when there are too many to keep apart.
func (l *denialLog) source(ip string, now time.Time) *source {
	one, ok := l.sources[ip]
	if !ok {
		l.forget(now)
		if len(l.sources) >= maxSources {
			return nil
		}
		one = &source{limit: rate.NewLimiter(denialsPerSecond, denialsAtOnce)}
		l.sources[ip] = one
	}
	one.last = now
	return one
}

// forget drops what is older than the window, at most once a second.
func (l *denialLog) forget(now time.Time) {
	if now.Sub(l.forgot) < time.Second {
		return
	}
	l.forgot = now
	for one, last := range l.seen {
		if now.Sub(last) >= window {
			delete(l.seen, one)
		}
	}
	for ip, one := range l.sources {
		if now.Sub(one.last) >= window {
			delete(l.sources, ip)
		}
	}
}
