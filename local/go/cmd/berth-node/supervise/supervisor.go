package supervise

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// supervisor runs the components inside the namespaces.
type supervisor struct {
	config    *Config
	processes *processes
	board     *board
	hostPID   func(pid int) int
}

// run sets up and keeps the components running until the context ends, then stops them.
func (s *supervisor) run(ctx context.Context) error {
	s.board.setWhole(Starting, "")
	for _, argv := range s.config.Setup {
		if err := s.processes.run(ctx, argv, baseEnv(nil)); err != nil {
			if ctx.Err() != nil {
				s.board.setWhole(Stopped, "")
				return nil
			}
			err = fmt.Errorf("setting up: %w", err)
			s.board.setWhole(Failed, err.Error())
			return err
		}
	}

	workers := s.workers()
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() { w.run(ctx) })
	}
	<-ctx.Done()
	s.board.setWhole(Stopping, "")
	all.Wait()
	s.board.setWhole(Stopped, "")
	return nil
}

func (s *supervisor) workers() []*worker {
	byName := map[string]*worker{}
	workers := make([]*worker, 0, len(s.config.Components))
	for _, component := range s.config.Components {
		w := &worker{
			Component: component, processes: s.processes, board: s.board, hostPID: s.hostPID,
			log: newLog(component.Log), ready: make(chan struct{}), done: make(chan struct{}),
		}
		byName[component.Name] = w
		workers = append(workers, w)
	}
	for _, w := range workers {
		for _, name := range w.Needs {
			w.needs = append(w.needs, byName[name])
			byName[name].dependants = append(byName[name].dependants, w)
		}
	}
	return workers
}

// complain reports what must not stop the supervisor.
func complain(err error) { fmt.Fprintln(os.Stderr, "supervise:", err) }
