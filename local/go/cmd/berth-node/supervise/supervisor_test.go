package supervise

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// One collector serves all tests, as it does in the program.
var shared = sync.OnceValues(func() (*processes, error) { return newProcesses(true) })

type rig struct {
	t      *testing.T
	dir    string
	status string
	stop   func() error
}

// start runs components and stops them at the end of the test.
func start(t *testing.T, setup [][]string, components ...Component) *rig {
	t.Helper()
	processes, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range components {
		components[i].Log = filepath.Join(dir, components[i].Name+".log")
	}
	config := &Config{StatusFile: filepath.Join(dir, "status.json"), PIDFile: filepath.Join(dir, "pid"), Setup: setup, Components: components}
	if err := config.check(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &supervisor{
		config: config, processes: processes, hostPID: func(pid int) int { return pid },
		board: newBoard(config.StatusFile, os.Getpid(), components, func(err error) { t.Error(err) }),
	}
	ended := make(chan error, 1)
	go func() { ended <- s.run(ctx) }()
	r := &rig{t: t, dir: dir, status: config.StatusFile}
	r.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = r.stop() })
	return r
}

func (r *rig) read() Status {
	r.t.Helper()
	var status Status
	text, err := os.ReadFile(r.status)
	if os.IsNotExist(err) {
		return status
	}
	if err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal(text, &status); err != nil {
		r.t.Fatalf("half a status file: %v\n%s", err, text)
	}
	return status
}

// await polls the status file until the condition holds.
func (r *rig) await(what string, holds func(Status) bool) Status {
	r.t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if status := r.read(); holds(status) {
			return status
		}
	}
	r.t.Fatalf("not seen: %s; the status is %+v", what, r.read())
	return Status{}
}

func isReady(status Status) bool { return status.State == Ready }

func sh(name, script string, needs ...string) Component {
	return Component{Name: name, Argv: []string{"sh", "-c", script}, Needs: needs}
}

func TestStartsInOrderAndStopsInReverse(t *testing.T) {
	dir := t.TempDir()
	journal := filepath.Join(dir, "journal")
	component := func(name string, needs ...string) Component {
		script := fmt.Sprintf(`trap 'echo stop %[1]s >> %[2]s; exit 0' TERM; echo start %[1]s >> %[2]s; sleep 0.1; touch %[3]s/%[1]s; while :; do sleep 0.02; done`, name, journal, dir)
		c := sh(name, script, needs...)
		c.Ready = &Probe{File: filepath.Join(dir, name)}
		return c
	}
	r := start(t, nil, component("top", "left", "right"), component("left", "base"), component("right", "base"), component("base"))
	r.await("all ready", isReady)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	at := map[string]int{}
	for i, line := range lines {
		at[line] = i
	}
	if len(lines) != 8 || at["start base"] != 0 || at["start top"] != 3 || at["stop top"] != 4 || at["stop base"] != 7 {
		t.Errorf("order:\n%s", text)
	}
	status := r.read()
	if status.State != Stopped || status.Components["base"].State != Stopped || status.Components["base"].PID != 0 {
		t.Errorf("status after the end: %+v", status)
	}
}

func TestACrashedComponentIsStartedAgain(t *testing.T) {
	r := start(t, nil, sh("steady", "exec sleep 100"), sh("fragile", "exec sleep 100", "steady"))
	before := r.await("all ready", isReady)
	if err := syscall.Kill(before.Components["fragile"].HostPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	after := r.await("a restart", func(s Status) bool { return s.Components["fragile"].Restarts == 1 && isReady(s) })
	if got := after.Components["fragile"].LastExit; got != "killed by SIGKILL" {
		t.Errorf("last exit %q", got)
	}
	if after.Components["steady"].Restarts != 0 || after.Components["steady"].PID != before.Components["steady"].PID {
		t.Error("the component beside it was touched")
	}
}

func TestACrashLoopIsSlowedDownAndReported(t *testing.T) {
	begin := time.Now()
	r := start(t, nil, sh("loop", "echo gone wrong; exit 3"), sh("after", "exec sleep 100", "loop"))
	status := r.await("three restarts", func(s Status) bool { return s.Components["loop"] != nil && s.Components["loop"].Restarts == 3 })
	if took := time.Since(begin); took < pause(1)+pause(2)+pause(3) {
		t.Errorf("three restarts took only %s", took)
	}
	if got := status.Components["loop"].LastExit; got != "exit code 3" {
		t.Errorf("last exit %q", got)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(filepath.Join(r.dir, "loop.log"))
	if err != nil || strings.Count(string(log), "gone wrong\n") < 3 {
		t.Errorf("log %q, %v", log, err)
	}
}

func TestAComponentThatIsLateIsReportedAndStillAwaited(t *testing.T) {
	flag := filepath.Join(t.TempDir(), "flag")
	late := sh("late", "sleep 0.6; touch "+flag+"; exec sleep 100")
	late.Ready, late.ReadyTimeoutSeconds = &Probe{File: flag}, 0.1
	r := start(t, nil, late)
	status := r.await("being late", func(s Status) bool { return s.Components["late"] != nil && s.Components["late"].State == Unready })
	if !strings.Contains(status.Components["late"].Message, flag) {
		t.Errorf("message %q", status.Components["late"].Message)
	}
	if status := r.await("being ready", isReady); status.Components["late"].Message != "" {
		t.Errorf("message %q", status.Components["late"].Message)
	}
}

func TestAProgramThatDoesNotExist(t *testing.T) {
	r := start(t, nil, Component{Name: "none", Argv: []string{"/no/such/program"}})
	r.await("the reason", func(s Status) bool {
		return s.Components["none"] != nil && strings.Contains(s.Components["none"].Message, "/no/such/program")
	})
}

func TestAComponentThatDoesNotEndIsKilled(t *testing.T) {
	flag := filepath.Join(t.TempDir(), "flag")
	stubborn := sh("stubborn", "trap '' TERM; touch "+flag+"; while :; do sleep 0.05; done")
	stubborn.Ready, stubborn.StopTimeoutSeconds = &Probe{File: flag}, 0.2
	r := start(t, nil, stubborn)
	pid := r.await("ready", isReady).Components["stubborn"].PID
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(-pid, 0); err != syscall.ESRCH {
		t.Errorf("its process group still exists: %v", err)
	}
	if got := r.read().Components["stubborn"].LastExit; !strings.Contains(got, "did not end within 200ms") {
		t.Errorf("last exit %q", got)
	}
}

func TestAFailedSetUpEndsEverythingWithItsOutput(t *testing.T) {
	r := start(t, [][]string{{"true"}, {"sh", "-c", "echo no bridge >&2; exit 4"}}, sh("never", "exec sleep 100"))
	status := r.await("the failure", func(s Status) bool { return s.State == Failed })
	if !strings.Contains(status.Message, "exit code 4: no bridge") || status.Components["never"].State != Waiting {
		t.Errorf("status %+v", status)
	}
	if err := r.stop(); err == nil {
		t.Error("no error")
	}
}

func TestOrphansAreCollected(t *testing.T) {
	note := filepath.Join(t.TempDir(), "pid")
	// The subshell ends at once, so what it has started is an orphan, which ends a moment later.
	r := start(t, nil, sh("parent", "(setsid sh -c 'echo $$ > "+note+"; sleep 0.2' &); exec sleep 100"))
	r.await("ready", isReady)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		text, err := os.ReadFile(note)
		var pid int
		if err == nil {
			_, err = fmt.Sscan(string(text), &pid)
		}
		if err == nil {
			if _, err := os.Stat(fmt.Sprintf("/proc/%d", pid)); os.IsNotExist(err) {
				return
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("orphan %d was not collected (%v)", pid, err)
		}
	}
}

func TestProbes(t *testing.T) {
	commands, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	healthy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ok" {
			http.Error(w, "etcd is not reachable", http.StatusServiceUnavailable)
		}
	}))
	defer healthy.Close()
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	for name, test := range map[string]struct {
		probe Probe
		want  string
	}{
		"http":         {Probe{HTTP: healthy.URL + "/ok"}, ""},
		"http not ok":  {Probe{HTTP: healthy.URL + "/x"}, "503 Service Unavailable: etcd is not reachable"},
		"tcp":          {Probe{TCP: strings.TrimPrefix(healthy.URL, "http://")}, ""},
		"tcp closed":   {Probe{TCP: "127.0.0.1:1"}, "refused"},
		"unix":         {Probe{TCP: "unix:" + socket}, ""},
		"file":         {Probe{File: dir}, ""},
		"no file":      {Probe{File: filepath.Join(dir, "none")}, "no such file"},
		"exec":         {Probe{Exec: []string{"true"}}, ""},
		"exec fails":   {Probe{Exec: []string{"sh", "-c", "echo not yet; exit 1"}}, "exit code 1: not yet"},
		"no authority": {Probe{HTTP: "https://127.0.0.1:1", CAFile: filepath.Join(dir, "ca.crt")}, "ca.crt"},
	} {
		err := test.probe.check(context.Background(), commands, baseEnv(nil))
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v; want %q in it", name, err, test.want)
		}
	}
}
