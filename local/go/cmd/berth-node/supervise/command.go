package supervise

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"time"
)

// run executes a command to its end and returns an error with its last output when it
// fails. When the context ends first, the command and its process group are killed.
func (p *processes) run(ctx context.Context, argv []string, env []string) error {
	output := &tail{limit: 2000}
	file, drained, err := pipeTo(output)
	if err != nil {
		return err
	}
	process, err := p.start(launch{argv: argv, env: env, output: file})
	_ = file.Close()
	if err != nil {
		return err
	}
	var status syscall.WaitStatus
	select {
	case status = <-process.exited:
	case <-ctx.Done():
		_ = syscall.Kill(-process.pid, syscall.SIGKILL)
		<-process.exited
		return fmt.Errorf("%s: %w", strings.Join(argv, " "), ctx.Err())
	}
	if status.Exited() && status.ExitStatus() == 0 {
		return nil
	}
	// A process left behind in the background may hold the pipe open for ever.
	select {
	case <-drained:
	case <-time.After(200 * time.Millisecond):
	}
	return fmt.Errorf("%s: %s: %s", strings.Join(argv, " "), describe(status), output)
}
