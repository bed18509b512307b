// Package supervise starts the programs of an embedded node in order, watches them,
// starts crashed ones again and stops them in reverse order. It can give them
// process, mount and network namespaces of their own, like a machine of its own: then
// the end of the namespaces' first process is the end of every process, mount and
// network device in them, however it comes about.
package supervise

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
)

// Main runs the supervisor with the arguments of the process until SIGINT or SIGTERM.
func Main() int {
	flags := flag.NewFlagSet(os.Args[0], flag.ContinueOnError)
	path := flags.String("config", "", "configuration `file` (required)")
	if err := flags.Parse(os.Args[1:]); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	config, err := Load(*path)
	if err != nil {
		complain(err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// A closed terminal is no reason to stop a cluster.
	signal.Ignore(syscall.SIGHUP)

	switch gate, inside := os.LookupEnv(gateVariable); {
	case inside:
		err = runInside(ctx, config, gate)
	case config.Namespaces.any():
		return runOutside(ctx, config, *path)
	default:
		err = runHere(ctx, config)
	}
	if err != nil {
		complain(err)
		return 1
	}
	return 0
}

// runHere runs the components without namespaces.
func runHere(ctx context.Context, config *Config) error {
	processes, err := newProcesses(true)
	if err != nil {
		return err
	}
	self := os.Getpid()
	board := newBoard(config.StatusFile, self, config.Components, complain)
	if err := replaceFile(config.PIDFile, []byte(strconv.Itoa(self)+"\n")); err != nil {
		return fmt.Errorf("writing the pid file: %w", err)
	}
	defer os.Remove(config.PIDFile)
	for _, argv := range config.HostSetup {
		if err := processes.run(ctx, withPID(argv, self), baseEnv(nil)); err != nil {
			board.setWhole(Failed, err.Error())
			return fmt.Errorf("setting up: %w", err)
		}
	}
	s := &supervisor{config: config, processes: processes, board: board, hostPID: func(pid int) int { return pid }}
	return s.run(ctx)
}

// absolute makes the path usable from another working folder.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return path
}
