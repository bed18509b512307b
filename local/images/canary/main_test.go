package main

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// listen gives an address at which something accepts connections until the test ends.
func listen(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().String()
}

// closed gives an address at which nothing accepts connections.
func closed(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func TestWhatIsReachedFails(t *testing.T) {
	if code := run([]string{"--target", listen(t), "--within", "0s"}); code != 1 {
		t.Errorf("ended with %d", code)
	}
}

func TestWhatIsRefusedInARowIsProof(t *testing.T) {
	if code := run([]string{"--target", closed(t), "--within", "0s", "--tries", "2"}); code != 0 {
		t.Errorf("ended with %d", code)
	}
}

func TestTargetsThatProveNothingAreWrongArguments(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	t.Setenv("KUBERNETES_SERVICE_PORT", "")
	for _, args := range [][]string{
		nil, // No address of the API server in the environment.
		{"--target", ":"},
		{"--target", ":443"},
		{"--target", "127.0.0.1"},
		{"--target", "127.0.0.1:0"},
		{"--target", "127.0.0.1:65536"},
		{"--target", "127.0.0.1:https"},
		{"--target", "nonexistent.invalid:443"},
		{"--unknown"},
	} {
		if code := run(append(args, "--within", "0s")); code != 2 {
			t.Errorf("%q: ended with %d", args, code)
		}
	}
}

func TestTheApiServerIsTheTargetUnlessAnotherIsNamed(t *testing.T) {
	host, port, err := net.SplitHostPort(listen(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBERNETES_SERVICE_HOST", host)
	t.Setenv("KUBERNETES_SERVICE_PORT", port)
	if code := run([]string{"--within", "0s"}); code != 1 {
		t.Errorf("ended with %d", code)
	}
}

func TestWhatCannotBeAskedIsNoRefusal(t *testing.T) {
	// Loopback is no way to a multicast address: the kernel itself says no, and nothing is sent.
	if code := run([]string{"--target", "224.0.0.1:443", "--within", "0s"}); code != 3 {
		t.Errorf("ended with %d", code)
	}
	dial := func(cause error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Err: cause}
	}
	for _, code := range []syscall.Errno{
		syscall.ENETUNREACH, syscall.EADDRNOTAVAIL, syscall.EAFNOSUPPORT, syscall.EMFILE, syscall.EINVAL, syscall.EACCES,
	} {
		if isRefusal(dial(os.NewSyscallError("connect", code))) {
			t.Errorf("%v counts as refused", code)
		}
	}
	if isRefusal(dial(&net.DNSError{Err: "no such host", IsNotFound: true})) || isRefusal(errors.New("other")) {
		t.Error("what is no answer of the network counts as refused")
	}
	for _, cause := range []error{
		os.ErrDeadlineExceeded,
		os.NewSyscallError("connect", syscall.ECONNREFUSED),
		os.NewSyscallError("connect", syscall.ETIMEDOUT),
		os.NewSyscallError("connect", syscall.EHOSTUNREACH),
		os.NewSyscallError("connect", syscall.EPERM),
	} {
		if !isRefusal(dial(cause)) {
			t.Errorf("%v does not count as refused", cause)
		}
	}
}
