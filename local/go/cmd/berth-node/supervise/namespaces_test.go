package supervise

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary plays berth-node, which runs itself again inside the namespaces.
func TestMain(m *testing.M) {
	if os.Getenv("BERTH_TEST_SUPERVISE") != "" {
		os.Exit(Main())
	}
	os.Exit(m.Run())
}

type outer struct {
	command *exec.Cmd
	config  Config
	ended   chan error
}

func startOuter(t *testing.T, change func(*Config)) *outer {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("making namespaces needs root; run the tests as root to include this one")
	}
	dir := t.TempDir()
	o := &outer{ended: make(chan error, 1), config: Config{
		Namespaces: Namespaces{PID: true, Mount: true, Net: true},
		StatusFile: filepath.Join(dir, "status.json"), PIDFile: filepath.Join(dir, "pid"),
		HostSetup: [][]string{{"sh", "-c", "readlink /proc/{pid}/ns/net > " + dir + "/netns"}},
		Setup:     [][]string{{"mount", "-t", "tmpfs", "none", "/mnt"}, {"touch", "/mnt/inside"}},
		Components: []Component{{
			Name: "main", Log: filepath.Join(dir, "main.log"),
			Argv: []string{"sh", "-c", "test -e /mnt/inside && readlink /proc/self/ns/net && ls /sys/class/net /sys/fs/cgroup && exec sleep 100"},
		}},
	}}
	if change != nil {
		change(&o.config)
	}
	text, err := json.Marshal(o.config)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.json")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	o.command = exec.Command("/proc/self/exe", "--config", path)
	o.command.Args[0] = "supervise"
	o.command.Env = append(os.Environ(), "BERTH_TEST_SUPERVISE=1")
	if err := o.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { o.ended <- o.command.Wait() }()
	t.Cleanup(func() {
		if pid, err := o.pid(); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		_ = o.command.Process.Kill()
	})
	return o
}

func (o *outer) pid() (int, error) {
	text, err := os.ReadFile(o.config.PIDFile)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func (o *outer) await(t *testing.T, state State) Status {
	t.Helper()
	r := &rig{t: t, status: o.config.StatusFile}
	return r.await(string(state), func(s Status) bool { return s.State == state })
}

func (o *outer) exitCode(t *testing.T) int {
	t.Helper()
	select {
	case <-o.ended:
		return o.command.ProcessState.ExitCode()
	case <-time.After(10 * time.Second):
		t.Fatal("the outer process does not end")
		return 0
	}
}

func TestNamespacesAreAMachineOfTheirOwn(t *testing.T) {
	o := startOuter(t, nil)
	status := o.await(t, Ready)
	pid, err := o.pid()
	if err != nil || pid != status.PID {
		t.Errorf("pid file %d, %v; status %d", pid, err, status.PID)
	}
	main := status.Components["main"]
	if own, err := os.ReadFile("/proc/" + strconv.Itoa(main.HostPID) + "/status"); err != nil || !isChild(string(own), pid, main.PID) {
		t.Errorf("host pid %d is not the component's: %v", main.HostPID, err)
	}
	if _, err := os.Stat("/mnt/inside"); err == nil {
		t.Error("a mount made inside is seen outside")
	}
	dir := filepath.Dir(o.config.PIDFile)
	r := &rig{t: t, status: o.config.StatusFile}
	r.await("the component's output", func(Status) bool {
		log, err := os.ReadFile(filepath.Join(dir, "main.log"))
		netns, _ := os.ReadFile(filepath.Join(dir, "netns"))
		return err == nil && strings.HasPrefix(string(log), string(netns)) && strings.Contains(string(log), "/sys/class/net:\nlo\n")
	})

	if err := o.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := o.exitCode(t); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if status := r.read(); status.State != Stopped {
		t.Errorf("state %s", status.State)
	}
	if _, err := o.pid(); !os.IsNotExist(err) {
		t.Errorf("the pid file is still there: %v", err)
	}
}

func TestKillingTheFirstProcessEndsEverything(t *testing.T) {
	o := startOuter(t, nil)
	status := o.await(t, Ready)
	if err := syscall.Kill(status.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if code := o.exitCode(t); code != 137 {
		t.Errorf("exit code %d", code)
	}
	if err := syscall.Kill(status.Components["main"].HostPID, 0); err != syscall.ESRCH {
		t.Errorf("the component is still there: %v", err)
	}
	after := o.await(t, Failed)
	if !strings.Contains(after.Message, "killed by SIGKILL") || after.Components["main"].State != Stopped {
		t.Errorf("status %+v", after)
	}
}

func TestTheInsideOutlivesTheOutside(t *testing.T) {
	o := startOuter(t, nil)
	status := o.await(t, Ready)
	if err := o.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	o.exitCode(t)
	if err := syscall.Kill(status.PID, syscall.SIGTERM); err != nil {
		t.Fatalf("the inside is gone: %v", err)
	}
	o.await(t, Stopped)
}

func TestAFailedSetUpOutsideLeavesNothing(t *testing.T) {
	o := startOuter(t, func(c *Config) { c.HostSetup = [][]string{{"sh", "-c", "echo no device >&2; exit 1"}} })
	if code := o.exitCode(t); code != 1 {
		t.Errorf("exit code %d", code)
	}
	if status := o.await(t, Failed); !strings.Contains(status.Message, "no device") {
		t.Errorf("message %q", status.Message)
	}
	if _, err := o.pid(); !os.IsNotExist(err) {
		t.Errorf("the pid file is still there: %v", err)
	}
}
