package supervise

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// gateVariable tells the process inside the namespaces which file descriptor to read its own
// process id, as seen from outside, from. The line arrives when the outside is set up; when the
// descriptor ends without it, the outside is gone.
const gateVariable = "BERTH_SUPERVISE_GATE"

// runOutside makes the namespaces by running this program again inside them, sets up what
// belongs outside, and waits for the end.
func runOutside(ctx context.Context, config *Config, configPath string) int {
	read, write, err := os.Pipe()
	if err != nil {
		complain(err)
		return 1
	}
	defer write.Close()
	inside := exec.Command("/proc/self/exe", "--config", absolute(configPath))
	inside.Args[0] = "supervise"
	inside.Stdout, inside.Stderr = os.Stdout, os.Stderr
	inside.ExtraFiles = []*os.File{read}
	inside.Env = append(os.Environ(), gateVariable+"=3")
	inside.SysProcAttr = &syscall.SysProcAttr{Cloneflags: config.Namespaces.flags(), Setsid: true}
	if err := inside.Start(); err != nil {
		complain(fmt.Errorf("making namespaces: %w (this needs root)", err))
		return 1
	}
	_ = read.Close()
	pid := inside.Process.Pid
	stop := context.AfterFunc(ctx, func() { _ = inside.Process.Signal(syscall.SIGTERM) })
	defer stop()

	if err := prepareOutside(config, pid, write); err != nil {
		complain(err)
		_ = inside.Process.Kill()
		_ = inside.Wait()
		_ = os.Remove(config.PIDFile)
		if err := writeStatus(config.StatusFile, &Status{State: Failed, Message: err.Error()}); err != nil {
			complain(err)
		}
		return 1
	}
	err = inside.Wait()
	if err := os.Remove(config.PIDFile); err != nil {
		complain(err)
	}
	return conclude(config, inside.ProcessState, err)
}

// prepareOutside writes the pid file, runs the commands that belong outside, and opens the gate.
func prepareOutside(config *Config, pid int, gate io.WriteCloser) error {
	if err := replaceFile(config.PIDFile, []byte(strconv.Itoa(pid)+"\n")); err != nil {
		return fmt.Errorf("writing the pid file: %w", err)
	}
	for _, argv := range config.HostSetup {
		argv = withPID(argv, pid)
		command := exec.Command(argv[0], argv[1:]...)
		command.Env = baseEnv(nil)
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("setting up outside the namespaces: %s: %w: %s", strings.Join(argv, " "), err, strings.TrimSpace(string(output)))
		}
	}
	if _, err := fmt.Fprintln(gate, pid); err != nil {
		return fmt.Errorf("starting the process inside the namespaces: %w", err)
	}
	return gate.Close()
}

// conclude corrects the status file when the process inside could not, and gives the exit code.
func conclude(config *Config, state *os.ProcessState, err error) int {
	if err == nil {
		return 0
	}
	wait, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !wait.Signaled() {
		return max(state.ExitCode(), 1)
	}
	status := Status{Components: map[string]*ComponentStatus{}}
	if text, err := os.ReadFile(config.StatusFile); err == nil {
		if err := json.Unmarshal(text, &status); err != nil {
			complain(fmt.Errorf("reading the status file: %w", err))
		}
	}
	status.State, status.PID = Failed, 0
	status.Message = "the first process of the namespaces was " + describe(wait)
	for _, component := range status.Components {
		component.PID, component.HostPID, component.State = 0, 0, Stopped
	}
	if err := writeStatus(config.StatusFile, &status); err != nil {
		complain(err)
	}
	return 128 + int(wait.Signal())
}

// runInside is the first process inside the namespaces.
func runInside(ctx context.Context, config *Config, gate string) error {
	if err := os.Unsetenv(gateVariable); err != nil {
		return err
	}
	self, err := readGate(gate)
	if err != nil {
		return err
	}
	hostPID, err := hostPIDs(self)
	if err != nil {
		return err
	}
	board := newBoard(config.StatusFile, self, config.Components, complain)
	if err := enter(config.Namespaces); err != nil {
		board.setWhole(Failed, err.Error())
		return err
	}
	processes, err := newProcesses(false)
	if err != nil {
		return err
	}
	s := &supervisor{config: config, processes: processes, board: board, hostPID: hostPID}
	return s.run(ctx)
}

func readGate(descriptor string) (int, error) {
	number, err := strconv.Atoi(descriptor)
	if err != nil {
		return 0, fmt.Errorf("%s is %q; it is set by supervise itself and not meant for use", gateVariable, descriptor)
	}
	gate := os.NewFile(uintptr(number), "gate")
	defer gate.Close()
	line, err := io.ReadAll(gate)
	if err != nil {
		return 0, err
	}
	if len(line) == 0 {
		return 0, errors.New("the process outside the namespaces ended before it had set up")
	}
	return strconv.Atoi(strings.TrimSpace(string(line)))
}

func (n Namespaces) flags() uintptr {
	var flags uintptr
	if n.PID {
		flags |= syscall.CLONE_NEWPID
	}
	if n.Mount {
		flags |= syscall.CLONE_NEWNS
	}
	if n.Net {
		flags |= syscall.CLONE_NEWNET
	}
	return flags
}

// withPID puts the process id in place of "{pid}".
func withPID(argv []string, pid int) []string {
	replaced := make([]string, len(argv))
	for i, argument := range argv {
		replaced[i] = strings.ReplaceAll(argument, "{pid}", strconv.Itoa(pid))
	}
	return replaced
}
