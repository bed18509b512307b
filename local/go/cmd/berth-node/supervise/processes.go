package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// processes starts children and collects every process that ends below this one, also
// those whose own parent ended first. It replaces os/exec, because collecting orphans
// means waiting for any child, which would take the exit codes away from os/exec.
type processes struct {
	mu      sync.Mutex
	waiting map[int]chan syscall.WaitStatus
	orders  chan order
	// dieTogether has the kernel kill the children when this process is killed.
	dieTogether bool
}

// launch describes a process to start.
type launch struct {
	argv   []string
	env    []string
	dir    string
	output *os.File // standard output and error
}

type order struct {
	launch launch
	answer chan<- started
}

// started is a running process. Its exit status arrives on exited exactly once.
type started struct {
	pid    int
	exited <-chan syscall.WaitStatus
	err    error
}

// newProcesses starts collecting. It is made once per process and never ends.
func newProcesses(dieTogether bool) (*processes, error) {
	// In a process that is not the first of its namespace, orphans go to the machine's init unless asked for.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("asking for orphans: %w", err)
	}
	p := &processes{waiting: map[int]chan syscall.WaitStatus{}, orders: make(chan order), dieTogether: dieTogether}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go p.collect(ended)
	go p.serve()
	return p, nil
}

// start runs a program. The caller closes its copy of output.
func (p *processes) start(l launch) (started, error) {
	answer := make(chan started, 1)
	p.orders <- order{l, answer}
	result := <-answer
	return result, result.err
}

// serve starts all processes from one thread that never ends: the kernel sends a child's
// parent-death signal when the thread that made it ends, not only when the process does.
func (p *processes) serve() {
	runtime.LockOSThread()
	for order := range p.orders {
		pid, exited, err := p.fork(order.launch)
		order.answer <- started{pid: pid, exited: exited, err: err}
	}
}

func (p *processes) fork(l launch) (int, <-chan syscall.WaitStatus, error) {
	program, err := exec.LookPath(l.argv[0])
	if err != nil {
		return 0, nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, nil, err
	}
	defer null.Close()
	// A session of its own makes the component's process group its process id.
	attributes := &syscall.SysProcAttr{Setsid: true}
	if p.dieTogether {
		attributes.Pdeathsig = syscall.SIGKILL
	}
	// Held across the fork, so that a process which ends at once finds its channel.
	p.mu.Lock()
	defer p.mu.Unlock()
	pid, err := syscall.ForkExec(program, l.argv, &syscall.ProcAttr{
		Dir: l.dir, Env: l.env, Sys: attributes,
		Files: []uintptr{null.Fd(), l.output.Fd(), l.output.Fd()},
	})
	if err != nil {
		return 0, nil, &os.PathError{Op: "start", Path: program, Err: err}
	}
	exited := make(chan syscall.WaitStatus, 1)
	p.waiting[pid] = exited
	return pid, exited, nil
}

func (p *processes) collect(ended <-chan os.Signal) {
	for range ended {
		p.mu.Lock()
		for {
			var status syscall.WaitStatus
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if err == syscall.EINTR {
				continue
			}
			if err != nil || pid <= 0 {
				break
			}
			if exited, ours := p.waiting[pid]; ours {
				delete(p.waiting, pid)
				exited <- status
			}
		}
		p.mu.Unlock()
	}
}

// describe puts an exit status into words.
func describe(status syscall.WaitStatus) string {
	if status.Signaled() {
		return fmt.Sprintf("killed by %s", unix.SignalName(status.Signal()))
	}
	return fmt.Sprintf("exit code %d", status.ExitStatus())
}

// baseEnv is what every process gets of the supervisor's environment: what programs need to
// run at all. The rest may hold secrets of whoever started the supervisor.
func baseEnv(extra map[string]string) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "USER", "LANG", "TZ", "TMPDIR"} {
		if value, set := os.LookupEnv(name); set {
			if _, replaced := extra[name]; !replaced {
				env = append(env, name+"="+value)
			}
		}
	}
	for name, value := range extra {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}
