package languagehost

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// gracePeriod is what a cancelled program gets between SIGTERM and SIGKILL.
const gracePeriod = 2 * time.Second

// runChild runs the command to its end and returns its exit code. When the context ends first, the command and
// everything it started is stopped, and the context's error is returned.
//
// The child leads a process group of its own, so that its whole tree can be signalled; it also dies with this process,
// because a killed host could no longer pass a signal on.
func runChild(ctx context.Context, command *exec.Cmd) (int, error) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	// Without a bound, a grandchild that keeps the output pipe open would hold Wait for ever.
	command.WaitDelay = gracePeriod

	started := make(chan error, 1)
	ended := make(chan error, 1)
	go func() {
		// Pdeathsig is tied to the thread that started the child, not to the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := command.Start()
		started <- err
		if err == nil {
			ended <- command.Wait()
		}
	}()
	if err := <-started; err != nil {
		return 0, err
	}

	select {
	case err := <-ended:
		return exitCode(err)
	case <-ctx.Done():
		group := -command.Process.Pid
		_ = syscall.Kill(group, syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(gracePeriod):
		}
		// Also after a clean end: what the program left behind in its group goes with it.
		_ = syscall.Kill(group, syscall.SIGKILL)
		return 0, ctx.Err()
	}
}

// exitCode tells a program that ended with a code from one that could not be waited for.
func exitCode(err error) (int, error) {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if signal, ok := exit.Sys().(syscall.WaitStatus); ok && signal.Signaled() {
			return 128 + int(signal.Signal()), nil
		}
		return exit.ExitCode(), nil
	}
	return 0, err
}
