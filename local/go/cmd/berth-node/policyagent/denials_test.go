package policyagent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	v1 "k8s.io/api/core/v1"
	"sigs.k8s.io/kube-network-policies/pkg/network"
	"sigs.k8s.io/kube-network-policies/pkg/podinfo"
)

type addresses map[string]string

func (a addresses) LookupPod(ip string) (string, bool) {
	key, ok := a[ip]
	return key, ok
}

var pods = []podinfo.IPResolver{
	addresses{"10.90.0.5": "shop-pr-7/app-0"},
	addresses{"10.90.0.5": "old/pod", "10.90.0.6": "blog-pr-1/app-0"},
}

func packetTo(from, to string, port int) *network.Packet {
	return &network.Packet{SrcIP: net.ParseIP(from), DstIP: net.ParseIP(to), DstPort: port, Proto: v1.ProtocolTCP}
}

// watched is a log in memory with a clock of its own.
func watched() (*denialLog, *time.Time, func(t *testing.T) []denial) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	log := newDenialLog("", pods)
	log.out, log.now = &out, func() time.Time { return now }
	return log, &now, func(t *testing.T) []denial {
		t.Helper()
		var lines []denial
		for decoder := json.NewDecoder(&out); decoder.More(); {
			var line denial
			if err := decoder.Decode(&line); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, line)
		}
		return lines
	}
}

func TestARefusalIsToldWithPodDestinationAndTime(t *testing.T) {
	log, now, read := watched()
	log.refused(packetTo("10.90.0.5", "198.51.100.10", 443))
	log.refused(packetTo("10.90.0.5", "10.90.0.6", 5432))
	log.refused(&network.Packet{SrcIP: net.IPv4(10, 90, 0, 6), DstIP: net.IPv4(198, 51, 100, 10)})
	want := []denial{
		{Time: *now, Namespace: "shop-pr-7", Pod: "app-0", From: "10.90.0.5", To: "198.51.100.10", Port: 443, Protocol: "TCP"},
		{Time: *now, Namespace: "shop-pr-7", Pod: "app-0", From: "10.90.0.5", To: "10.90.0.6", ToPod: "blog-pr-1/app-0", Port: 5432, Protocol: "TCP"},
		{Time: *now, Namespace: "blog-pr-1", Pod: "app-0", From: "10.90.0.6", To: "198.51.100.10", Protocol: "other"},
	}
	if got := read(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log:\n%v\nwant:\n%v", got, want)
	}
}

func TestWhatComesFromNoPodIsNoEgress(t *testing.T) {
	log, _, read := watched()
	log.refused(packetTo("198.51.100.10", "10.90.0.5", 80))
	if got := read(t); len(got) != 0 {
		t.Errorf("log: %v", got)
	}
}

func TestTriesOfOneConnectionAreToldOnceInAWhile(t *testing.T) {
	log, now, read := watched()
	for range 10 {
		log.refused(packetTo("10.90.0.5", "198.51.100.10", 443))
		*now = now.Add(window / 10)
	}
	if got := read(t); len(got) != 1 {
		t.Errorf("within the window: %v", got)
	}
	log.refused(packetTo("10.90.0.5", "198.51.100.10", 443))
	if got := read(t); len(got) != 1 {
		t.Errorf("after it: %v", got)
	}
}

func TestAPodThatScansFillsNeitherTheLogNorAnotherPodsShare(t *testing.T) {
	log, now, read := watched()
	for port := range denialsAtOnce + 40 {
		log.refused(packetTo("10.90.0.5", "198.51.100.10", port+1))
	}
	log.refused(packetTo("10.90.0.6", "198.51.100.10", 1))
	lines := read(t)
	if len(lines) != denialsAtOnce+1 || lines[denialsAtOnce].Namespace != "blog-pr-1" {
		t.Errorf("%d lines, the last %v", len(lines), lines[len(lines)-1])
	}
	*now = now.Add(time.Second)
	log.refused(packetTo("10.90.0.5", "198.51.100.10", 60000))
	if got := read(t); len(got) != 1 || got[0].LeftOut != 40 {
		t.Errorf("after a second: %v", got)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	log, now, read := watched()
	for second := range 60 {
		for number := range maxSources + 100 {
			from := fmt.Sprintf("10.1.%d.%d", number/256, number%256)
			log.refused(packetTo(from, "198.51.100.10", second+1))
		}
		*now = now.Add(time.Second)
	}
	if most := maxSources * int(window/time.Second); len(log.sources) != maxSources || len(log.seen) > most {
		t.Errorf("%d addresses and %d flows are kept", len(log.sources), len(log.seen))
	}
	*now = now.Add(window)
	log.refused(packetTo("10.90.0.5", "198.51.100.10", 1))
	if got := read(t); len(got) != 1 {
		t.Errorf("there is no room again after the window: %v", got)
	}
	if len(log.sources) != 1 || len(log.seen) != 1 {
		t.Errorf("%d addresses and %d flows are still kept", len(log.sources), len(log.seen))
	}
}

func TestAnotherAgentGoesOnInTheSameFileThatOthersCannotRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "denied.log")
	for range 2 {
		newDenialLog(path, pods).refused(packetTo("10.90.0.5", "198.51.100.10", 443))
	}
	text, err := os.ReadFile(path)
	if err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("%q, %v", text, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}
