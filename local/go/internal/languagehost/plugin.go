package languagehost

import (
	"fmt"
	"os/exec"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// RunPlugin runs a plugin that is written in JavaScript: a policy pack (kind "analyzer") or a provider. Its output is
// streamed to the engine, which reads the plugin's port from it.
func (h *host) RunPlugin(request *pulumirpc.RunPluginRequest, stream pulumirpc.LanguageRuntime_RunPluginServer) error {
	ctx, done := h.cancellable(stream.Context())
	defer done()
	info := request.GetInfo()
	parsed, err := parseOptions(info.GetOptions())
	if err != nil {
		return err
	}
	node, err := nodeBinary()
	if err != nil {
		return err
	}
	runnerFile := "cmd/run-plugin/index.js"
	if request.GetKind() == "analyzer" {
		runnerFile = "cmd/run-policy-pack/index.js"
	}
	directory := info.GetProgramDirectory()
	runner, err := locateFromAny([]string{directory, request.GetPwd()}, "@pulumi/pulumi", runnerFile)
	if err != nil {
		return err
	}

	args := append(append([]string{}, parsed.nodeargs...), runner)
	if request.GetKind() == "analyzer" {
		args = append(append(args, request.GetArgs()...), directory)
	} else {
		args = append(append(args, directory), request.GetArgs()...)
	}
	command := exec.Command(node, args...)
	// A pack reads the package.json of the folder it runs in.
	command.Dir = request.GetPwd()
	if request.GetKind() == "analyzer" {
		command.Dir = directory
	}
	command.Env = request.GetEnv()

	var sending sync.Mutex
	command.Stdout = &chunkWriter{&sending, func(chunk []byte) error {
		return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stdout{Stdout: chunk}})
	}}
	command.Stderr = &chunkWriter{&sending, func(chunk []byte) error {
		return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Stderr{Stderr: chunk}})
	}}
	code, err := runChild(ctx, command)
	if err != nil {
		return fmt.Errorf("running the plugin in %s: %w", directory, err)
	}
	sending.Lock()
	defer sending.Unlock()
	return stream.Send(&pulumirpc.RunPluginResponse{Output: &pulumirpc.RunPluginResponse_Exitcode{Exitcode: int32(code)}})
}

// chunkWriter passes output on as it comes; a gRPC stream takes only one sender at a time.
type chunkWriter struct {
	sending *sync.Mutex
	send    func(chunk []byte) error
}

func (w *chunkWriter) Write(chunk []byte) (int, error) {
	w.sending.Lock()
	defer w.sending.Unlock()
	if err := w.send(chunk); err != nil {
		return 0, err
	}
	return len(chunk), nil
}
