// Command canary proves that a pod cannot reach what it must not: it tries, and ends well once it is refused.
//
// It is the first container of a pod. On a network plugin that lets a new pod out until its NetworkPolicies are in
// place, it holds the app back until they are; where they never come into force, the app never starts.
//
//	canary [--target ADDRESS:PORT] [--within DURATION] [--tries COUNT] [--udp]
//
// Exit code 0: refused. 1: the target was still reached when the time was up. 2: wrong arguments. 3: the time was up
// and nothing was asked, since the pod itself could not send.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// patience is how long one try waits for an answer. The API server of a cluster answers in milliseconds, and a first
// SYN that is lost is sent again after one second (RFC 6298).
const patience = 1500 * time.Millisecond

// pause is the time between two tries.
const pause = 250 * time.Millisecond

// outcome is what came of a try.
type outcome int

const (
	// reached is the zero value: what is not known to be refused is not.
	reached outcome = iota
	refused
	notAsked
)

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	flags := flag.NewFlagSet("canary", flag.ContinueOnError)
	// Every pod is told the API server's address, which every pod reaches unless it is kept from it.
	target := flags.String("target", apiServer(), "`address` and port that must not be reached")
	within := flags.Duration("within", time.Minute, "how long it may be reached before that counts as a failure")
	tries := flags.Int("tries", 2, "`count` of tries in a row that must be refused")
	udp := flags.Bool("udp", false, "also send a datagram there, which an answer must not come back to")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	// No name: what cannot be resolved would look like what is refused.
	if address, err := netip.ParseAddrPort(*target); err != nil || address.Port() == 0 {
		fmt.Fprintf(os.Stderr, "canary: --target is %q; it must be an IP address and a port such as 10.96.0.1:443\n", *target)
		return 2
	}
	begin := time.Now()
	for inARow := 0; ; time.Sleep(pause) {
		came, detail := try(*target, *udp)
		after := time.Since(begin).Round(time.Millisecond)
		if came == refused {
			inARow++
			fmt.Printf("refused: %s: %s\n", *target, detail)
			if inARow >= *tries {
				return 0
			}
			continue
		}
		inARow = 0
		if after < *within {
			continue
		}
		if came == notAsked {
			fmt.Printf("not known whether network policies hold: %s after its start this pod cannot even ask %s: %s\n", after, *target, detail)
			return 3
		}
		fmt.Printf("network policies do not hold: %s after its start this pod reaches %s, which it must not\n", after, *target)
		return 1
	}
}

// try says what comes of asking the target, and what happened.
func try(target string, udp bool) (outcome, string) {
	answered := make(chan bool, 1)
	if udp {
		go func() { answered <- datagram(target) }()
	} else {
		answered <- false
	}
	connection, err := net.DialTimeout("tcp", target, patience)
	if err == nil {
		_ = connection.Close()
		return reached, "connected"
	}
	if <-answered {
		return reached, "a datagram was answered"
	}
	if isRefusal(err) {
		return refused, err.Error()
	}
	return notAsked, err.Error()
}

// isRefusal tells what a network plugin does with what it refuses from what keeps this pod from sending at all, such as
// an address of its own or a route that it lacks. A plugin drops it, answers it with a reset or an ICMP message, or
// has the kernel forbid the call (BPF programs on connect).
func isRefusal(err error) bool {
	var dial net.Error
	if errors.As(err, &dial) && dial.Timeout() {
		return true
	}
	for _, code := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH, syscall.EPERM} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// datagram says whether anything comes back to one.
func datagram(target string) bool {
	socket, err := net.DialTimeout("udp", target, patience)
	if err != nil {
		return false
	}
	defer socket.Close()
	_ = socket.SetDeadline(time.Now().Add(patience))
	if _, err := socket.Write([]byte("berth")); err != nil {
		return false
	}
	_, err = socket.Read(make([]byte, 16))
	return err == nil
}

func apiServer() string {
	return net.JoinHostPort(os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT"))
}
