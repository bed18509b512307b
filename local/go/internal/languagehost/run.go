package languagehost

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// exitAlreadyReported is the exit code by which @pulumi/pulumi says that it has told the user what went wrong.
const exitAlreadyReported = 32

// compileCache is the variable by which Node keeps compiled code between runs (from 22.1 on; older ones ignore it).
// Loading the SDKs is most of the time of an unchanged update.
const compileCache = "NODE_COMPILE_CACHE"

// Run runs the program of a preview or an update once.
func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	ctx, done := h.cancellable(ctx)
	defer done()
	command, err := h.programCommand(request)
	if err != nil {
		return nil, err
	}
	code, err := runChild(ctx, command)
	switch {
	case err != nil:
		return nil, fmt.Errorf("running the program: %w", err)
	case code == 0:
		return &pulumirpc.RunResponse{}, nil
	case code == exitAlreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("Program exited with non-zero exit code: %d", code)}, nil
	}
}

func (h *host) programCommand(request *pulumirpc.RunRequest) (*exec.Cmd, error) {
	info := request.GetInfo()
	parsed, err := parseOptions(info.GetOptions())
	if err != nil {
		return nil, err
	}
	node, err := nodeBinary()
	if err != nil {
		return nil, err
	}
	entry := info.GetEntryPoint()
	program := entry
	if !filepath.IsAbs(program) {
		program = filepath.Join(info.GetProgramDirectory(), entry)
	}
	runner, err := locateFromAny(
		[]string{info.GetProgramDirectory(), filepath.Dir(program), request.GetPwd()}, "@pulumi/pulumi", "cmd/run/index.js")
	if err != nil {
		return nil, err
	}

	args := append([]string{}, parsed.nodeargs...)
	args = append(args, runner, "--monitor", request.GetMonitorAddress(), "--engine", h.engine)
	for _, flag := range []struct{ name, value string }{
		{"--organization", request.GetOrganization()},
		{"--project", request.GetProject()},
		{"--root-directory", info.GetRootDirectory()},
		{"--stack", request.GetStack()},
		{"--pwd", request.GetPwd()},
		{"--parallel", strconv.Itoa(int(request.GetParallel()))},
	} {
		if flag.value != "" {
			args = append(args, flag.name, flag.value)
		}
	}
	if request.GetDryRun() {
		args = append(args, "--dry-run")
	}
	args = append(append(args, entry), request.GetArgs()...)

	command := exec.Command(node, args...)
	command.Dir = request.GetPwd()
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Env, err = programEnvironment(os.Environ(), parsed, request)
	return command, err
}

// programEnvironment passes the stack's configuration by environment variables, which unlike arguments other users of
// the machine cannot read.
func programEnvironment(base []string, parsed options, request *pulumirpc.RunRequest) ([]string, error) {
	config := request.GetConfig()
	if config == nil {
		config = map[string]string{}
	}
	values, err := json.Marshal(config)
	if err != nil {
		return nil, err
	}
	secretKeys := request.GetConfigSecretKeys()
	if secretKeys == nil {
		secretKeys = []string{}
	}
	keys, err := json.Marshal(secretKeys)
	if err != nil {
		return nil, err
	}
	environment := append(base, "PULUMI_CONFIG="+string(values), "PULUMI_CONFIG_SECRET_KEYS="+string(keys))
	if parsed.typescript {
		environment = append(environment, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if parsed.tsconfig != "" {
		environment = append(environment, "PULUMI_NODEJS_TSCONFIG_PATH="+parsed.tsconfig)
	}
	if home := os.Getenv("PULUMI_HOME"); home != "" && os.Getenv(compileCache) == "" {
		environment = append(environment, compileCache+"="+filepath.Join(home, "node-compile-cache"))
	}
	return environment, nil
}
