package policyagent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"sigs.k8s.io/kube-network-policies/pkg/api"
	"sigs.k8s.io/kube-network-policies/pkg/network"
)

var guard = unknownPods{
	podCIDR: netip.MustParsePrefix("10.90.0.0/24"),
	local:   map[netip.Addr]bool{netip.MustParseAddr("10.90.0.1"): true},
}

func TestPodAddressesWithoutAPodAreRefused(t *testing.T) {
	known := &api.PodInfo{Name: "a"}
	for name, test := range map[string]struct {
		ip   net.IP
		pod  *api.PodInfo
		want api.Verdict
	}{
		"a known pod":               {net.IPv4(10, 90, 0, 5), known, api.VerdictNext},
		"an unknown pod":            {net.IPv4(10, 90, 0, 5), nil, api.VerdictDeny},
		"in IPv4's short form":      {net.IPv4(10, 90, 0, 5).To4(), nil, api.VerdictDeny},
		"the bridge":                {net.IPv4(10, 90, 0, 1), nil, api.VerdictNext},
		"outside":                   {net.IPv4(198, 51, 100, 1), nil, api.VerdictNext},
		"another node's pods":       {net.IPv4(10, 90, 1, 5), nil, api.VerdictNext},
		"what is no address at all": {nil, nil, api.VerdictDeny},
	} {
		t.Run(name, func(t *testing.T) {
			packet := &network.Packet{SrcIP: test.ip, DstIP: net.IPv4(203, 0, 113, 1)}
			if got, err := guard.EvaluateEgress(context.Background(), packet, test.pod, nil); got != test.want || err != nil {
				t.Errorf("as source: %v, %v", got, err)
			}
			packet = &network.Packet{SrcIP: net.IPv4(203, 0, 113, 1), DstIP: test.ip}
			if got, err := guard.EvaluateIngress(context.Background(), packet, nil, test.pod); got != test.want || err != nil {
				t.Errorf("as destination: %v, %v", got, err)
			}
		})
	}
}

func TestPodOfAnAddressFromTheRecordsOfCNI(t *testing.T) {
	dir := t.TempDir()
	write := func(path, content string) {
		t.Helper()
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("networks/berth/10.90.0.5", "abc\r\neth0")
	write("results/berth-abc-eth0", `{"kind":"cniCacheV1","cniArgs":[["IgnoreUnknown","1"],["K8S_POD_NAMESPACE","shop"],["K8S_POD_NAME","app-0"]]}`)
	write("networks/berth/10.90.0.6", "gone\r\neth0")
	write("networks/berth/10.90.0.7", "no interface")
	write("networks/berth/10.90.0.8", "../../secret\neth0")
	write("networks/berth/10.90.0.9", "bad\neth0")
	write("results/berth-bad-eth0", `{"cniArgs":[["K8S_POD_NAMESPACE","shop"]]}`)

	resolver := cniResolver{dir: dir, network: "berth"}
	if key, ok := resolver.LookupPod("10.90.0.5"); !ok || key != "shop/app-0" {
		t.Errorf("LookupPod = %q, %t", key, ok)
	}
	for _, ip := range []string{"10.90.0.4", "10.90.0.6", "10.90.0.7", "10.90.0.8", "10.90.0.9"} {
		if key, ok := resolver.LookupPod(ip); ok {
			t.Errorf("%s belongs to %q", ip, key)
		}
	}
}

type judge struct {
	allowed bool
	err     error
}

func (j judge) EvaluatePacket(context.Context, *network.Packet) (bool, error) {
	return j.allowed, j.err
}

func TestWhatCannotBeJudgedIsRefused(t *testing.T) {
	syn := []byte{
		0x45, 0, 0, 40, 0, 0, 0, 0, 64, unix.IPPROTO_TCP, 0, 0, 10, 90, 0, 5, 198, 51, 100, 1,
		0x80, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0,
	}
	quiet := newDenialLog("", nil)
	for name, test := range map[string]struct {
		engine  judge
		payload []byte
		want    bool
	}{
		"allowed":          {judge{allowed: true}, syn, true},
		"forbidden":        {judge{}, syn, false},
		"an engine's fail": {judge{allowed: true, err: errors.New("no list")}, syn, false},
		"a torn packet":    {judge{allowed: true}, syn[:12], false},
		"no packet":        {judge{allowed: true}, nil, false},
	} {
		if got := decide(context.Background(), test.engine, 1, test.payload, quiet); got != test.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestOnlyForbiddenConnectionsOfPodsAreCut(t *testing.T) {
	flow := func(source string, protocol uint8) *netlink.ConntrackFlow {
		return &netlink.ConntrackFlow{
			FamilyType: unix.AF_INET,
			Forward:    netlink.IPTuple{SrcIP: net.ParseIP(source), DstIP: net.ParseIP("10.91.0.1"), Protocol: protocol, SrcPort: 1, DstPort: 2},
			Reverse:    netlink.IPTuple{SrcIP: net.ParseIP("10.90.0.9"), DstIP: net.ParseIP(source), Protocol: protocol, SrcPort: 3, DstPort: 1},
		}
	}
	for name, test := range map[string]struct {
		engine judge
		flow   *netlink.ConntrackFlow
		cut    bool
	}{
		"forbidden":           {judge{}, flow("10.90.0.5", unix.IPPROTO_TCP), true},
		"allowed":             {judge{allowed: true}, flow("10.90.0.5", unix.IPPROTO_TCP), false},
		"not to be judged":    {judge{allowed: true, err: errors.New("no list")}, flow("10.90.0.5", unix.IPPROTO_UDP), true},
		"the node's own":      {judge{}, flow("10.90.0.1", unix.IPPROTO_TCP), false},
		"a protocol unjudged": {judge{}, flow("10.90.0.5", unix.IPPROTO_ICMP), false},
	} {
		f := forbiddenFlows{ctx: context.Background(), engine: test.engine, local: guard.local}
		if got := f.MatchConntrackFlow(test.flow); got != test.cut {
			t.Errorf("%s: cut is %t", name, got)
		}
	}
}

func TestParseNamesWhatIsMissing(t *testing.T) {
	good := map[string]string{"kubeconfig": "/k", "node-name": "n", "pod-cidr": "10.90.0.7/24", "cni-network": "berth"}
	arguments := func(change func(map[string]string)) []string {
		values := map[string]string{}
		for name, value := range good {
			values[name] = value
		}
		change(values)
		var args []string
		for name, value := range values {
			args = append(args, "--"+name+"="+value)
		}
		return args
	}
	opts, err := parse("agent", arguments(func(map[string]string) {}))
	if err != nil || opts.podCIDR != guard.podCIDR || opts.queue != 100 {
		t.Errorf("parse = %+v, %v", opts, err)
	}
	for name := range good {
		_, err := parse("agent", arguments(func(values map[string]string) { delete(values, name) }))
		if err == nil || !strings.Contains(err.Error(), "--"+name) {
			t.Errorf("without --%s: %v", name, err)
		}
	}
	for name, value := range map[string]string{"pod-cidr": "10.90.0.0", "queue": "70000"} {
		_, err := parse("agent", arguments(func(values map[string]string) { values[name] = value }))
		if err == nil || !strings.Contains(err.Error(), "--"+name) || !strings.Contains(err.Error(), value) {
			t.Errorf("--%s=%s: %v", name, value, err)
		}
	}
}
