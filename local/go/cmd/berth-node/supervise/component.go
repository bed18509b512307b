package supervise

import (
	"context"
	"io"
	"sync"
	"syscall"
	"time"
)

// Pauses before a component that ended is started again: doubling from the first to the
// last, and from the first again once it has run for a while.
const (
	firstPause  = 250 * time.Millisecond
	lastPause   = 10 * time.Second
	steadyAfter = 30 * time.Second
)

// pause is how long to wait before start number n+1 in a row, n counting from 1.
func pause(n int) time.Duration {
	if n > 10 {
		return lastPause
	}
	return min(firstPause<<(n-1), lastPause)
}

// worker keeps one component running.
type worker struct {
	Component
	processes *processes
	board     *board
	hostPID   func(pid int) int
	log       io.WriteCloser

	needs      []*worker
	dependants []*worker
	// ready closes when the component is ready for the first time, done when it has ended for good.
	ready     chan struct{}
	readyOnce sync.Once
	done      chan struct{}
}

// run starts the component once what it needs is ready, and starts it again whenever it
// ends, until the context does. Then it stops the component, after those that need it.
func (w *worker) run(ctx context.Context) {
	defer close(w.done)
	defer w.log.Close()
	for _, need := range w.needs {
		select {
		case <-need.ready:
		case <-ctx.Done():
			w.set(Stopped, "")
			return
		}
	}
	for inARow := 1; ; inARow++ {
		begin := time.Now()
		stopped := w.runOnce(ctx)
		if stopped {
			w.set(Stopped, "")
			return
		}
		if time.Since(begin) > steadyAfter {
			inARow = 1
		}
		select {
		case <-ctx.Done():
			w.set(Stopped, "")
			return
		case <-time.After(pause(inARow)):
		}
		w.board.setComponent(w.Name, func(s *ComponentStatus) { s.Restarts++ })
	}
}

// runOnce runs one process of the component to its end; stopped tells that it was asked to end.
func (w *worker) runOnce(ctx context.Context) (stopped bool) {
	output, _, err := pipeTo(w.log)
	if err != nil {
		w.ended(err.Error())
		return false
	}
	env := baseEnv(w.Env)
	process, err := w.processes.start(launch{argv: w.Argv, env: env, dir: w.Dir, output: output})
	_ = output.Close()
	if err != nil {
		w.ended(err.Error())
		return false
	}
	// What the process leaves behind in its group would hold its ports when it is started again.
	defer func() { _ = syscall.Kill(-process.pid, syscall.SIGKILL) }()
	hostPID := w.hostPID(process.pid)
	w.board.setComponent(w.Name, func(s *ComponentStatus) {
		s.PID, s.HostPID, s.State, s.Message = process.pid, hostPID, Starting, ""
	})

	probing, stopProbing := context.WithCancel(ctx)
	probed := make(chan struct{})
	go func() {
		defer close(probed)
		w.awaitReady(probing, env)
	}()
	defer func() { <-probed }()
	defer stopProbing()

	select {
	case status := <-process.exited:
		stopProbing()
		<-probed
		w.ended(describe(status))
		return ctx.Err() != nil
	case <-ctx.Done():
	}
	stopProbing()
	<-probed
	w.stop(process)
	return true
}

// awaitReady looks until the component is ready, and says so when that takes longer than it may.
func (w *worker) awaitReady(ctx context.Context, env []string) {
	if w.Ready != nil {
		deadline := time.Now().Add(w.readyTimeout())
		for {
			err := w.Ready.check(ctx, w.processes, env)
			if ctx.Err() != nil {
				return
			}
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				w.set(Unready, err.Error())
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(w.Ready.interval()):
			}
		}
	}
	w.set(Ready, "")
	w.readyOnce.Do(func() { close(w.ready) })
}

// stop ends the process once everything that needs the component has ended.
func (w *worker) stop(process started) {
	for _, dependant := range w.dependants {
		<-dependant.done
	}
	w.set(Stopping, "")
	_ = syscall.Kill(process.pid, syscall.SIGTERM)
	select {
	case status := <-process.exited:
		w.ended(describe(status))
	case <-time.After(w.stopTimeout()):
		_ = syscall.Kill(-process.pid, syscall.SIGKILL)
		w.ended("did not end within " + w.stopTimeout().String() + " and was " + describe(<-process.exited))
	}
}

func (w *worker) set(state State, message string) {
	w.board.setComponent(w.Name, func(s *ComponentStatus) { s.State, s.Message = state, message })
}

func (w *worker) ended(how string) {
	w.board.setComponent(w.Name, func(s *ComponentStatus) {
		s.PID, s.HostPID, s.State, s.LastExit, s.Message = 0, 0, Backoff, how, how
	})
}
