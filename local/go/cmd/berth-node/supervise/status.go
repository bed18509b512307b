package supervise

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// State is where a component, or the whole, stands.
type State string

// States of a component. Of the whole: starting, ready, degraded (was ready, and a component
// is not any more), stopping, stopped and failed.
const (
	Waiting  State = "waiting"  // for the components it needs
	Starting State = "starting" // runs, not yet ready
	Ready    State = "ready"
	Unready  State = "unready" // runs, and not ready within its time
	Backoff  State = "backoff" // ended, to be started again
	Degraded State = "degraded"
	Stopping State = "stopping"
	Stopped  State = "stopped"
	Failed   State = "failed" // could not set up, or was killed
)

// Status is the content of the status file.
type Status struct {
	State State `json:"state"`
	// PID is the process to end for everything to end, as seen from outside the namespaces.
	PID        int                         `json:"pid"`
	Since      time.Time                   `json:"since"`
	Message    string                      `json:"message,omitempty"`
	Components map[string]*ComponentStatus `json:"components"`
}

// ComponentStatus is one component's part of the status file.
type ComponentStatus struct {
	// PID is the process inside the namespaces, and HostPID the same seen from outside; 0 while none runs.
	PID      int       `json:"pid"`
	HostPID  int       `json:"hostPid"`
	State    State     `json:"state"`
	Restarts int       `json:"restarts"`
	Since    time.Time `json:"since"`
	// LastExit is how the process last ended.
	LastExit string `json:"lastExit,omitempty"`
	// Message is why the component is not ready.
	Message string `json:"message,omitempty"`
}

// board holds the status and writes the file at every change.
type board struct {
	mu      sync.Mutex
	path    string
	status  Status
	onError func(error)
}

func newBoard(path string, pid int, components []Component, onError func(error)) *board {
	now := time.Now().UTC()
	b := &board{path: path, onError: onError, status: Status{
		State: Starting, PID: pid, Since: now, Components: map[string]*ComponentStatus{},
	}}
	for _, component := range components {
		b.status.Components[component.Name] = &ComponentStatus{State: Waiting, Since: now}
	}
	return b
}

// setComponent changes a component's status and, from all of them, the state of the whole.
func (b *board) setComponent(name string, change func(*ComponentStatus)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	component := b.status.Components[name]
	before := component.State
	change(component)
	if component.State != before {
		component.Since = time.Now().UTC()
	}
	if next := b.derive(); next != b.status.State {
		b.status.State, b.status.Since = next, time.Now().UTC()
	}
	b.write()
}

// setWhole changes the state of the whole, which then no longer follows the components.
func (b *board) setWhole(state State, message string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.status.State, b.status.Message, b.status.Since = state, message, time.Now().UTC()
	b.write()
}

func (b *board) derive() State {
	switch b.status.State {
	case Stopping, Stopped, Failed:
		return b.status.State
	}
	for _, component := range b.status.Components {
		if component.State != Ready {
			if b.status.State == Starting {
				return Starting
			}
			return Degraded
		}
	}
	return Ready
}

func (b *board) write() {
	if err := writeStatus(b.path, &b.status); err != nil {
		b.onError(fmt.Errorf("writing the status file: %w", err))
	}
}

// writeStatus replaces the file in one step, so that a reader never sees half of it.
func writeStatus(path string, status *Status) error {
	text, err := json.MarshalIndent(status, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(path, append(text, '\n'))
}

func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		_ = os.Remove(file.Name())
	}
	return err
}
