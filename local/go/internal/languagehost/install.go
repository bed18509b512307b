package languagehost

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// InstallDependencies runs the project's package manager in its folder.
func (h *host) InstallDependencies(
	request *pulumirpc.InstallDependenciesRequest, stream pulumirpc.LanguageRuntime_InstallDependenciesServer,
) error {
	ctx, done := h.cancellable(stream.Context())
	defer done()
	parsed, err := parseOptions(request.GetInfo().GetOptions())
	if err != nil {
		return err
	}
	manager, err := exec.LookPath(parsed.packagemanager)
	if err != nil {
		return fmt.Errorf("the package manager %s is not on PATH: %w", parsed.packagemanager, err)
	}
	command := exec.Command(manager, "install")
	command.Dir = request.GetDirectory()
	var sending sync.Mutex
	command.Stdout = &chunkWriter{&sending, func(chunk []byte) error {
		return stream.Send(&pulumirpc.InstallDependenciesResponse{Stdout: chunk})
	}}
	command.Stderr = &chunkWriter{&sending, func(chunk []byte) error {
		return stream.Send(&pulumirpc.InstallDependenciesResponse{Stderr: chunk})
	}}
	code, err := runChild(ctx, command)
	if err != nil {
		return err
	}
	if code != 0 {
		return fmt.Errorf("`%s install` in %s ended with exit code %d; its output says why",
			parsed.packagemanager, request.GetDirectory(), code)
	}
	return nil
}

// About tells which Node would run the programs.
func (h *host) About(ctx context.Context, _ *pulumirpc.AboutRequest) (*pulumirpc.AboutResponse, error) {
	node, err := nodeBinary()
	if err != nil {
		return nil, err
	}
	version, err := exec.CommandContext(ctx, node, "--version").Output()
	if err != nil {
		return nil, fmt.Errorf("%s --version: %w", node, err)
	}
	return &pulumirpc.AboutResponse{Executable: node, Version: strings.TrimSpace(string(version))}, nil
}

// GetProgramDependencies lists the direct dependencies of the program's package.json in the versions that are
// installed.
func (h *host) GetProgramDependencies(
	_ context.Context, request *pulumirpc.GetProgramDependenciesRequest,
) (*pulumirpc.GetProgramDependenciesResponse, error) {
	folder := request.GetInfo().GetProgramDirectory()
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	if err != nil {
		return nil, err
	}
	var read struct {
		Dependencies    map[string]string `json:"dependencies"`
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(folder, "package.json"), err)
	}
	response := &pulumirpc.GetProgramDependenciesResponse{}
	for _, group := range []map[string]string{read.Dependencies, read.DevDependencies} {
		for name, wanted := range group {
			response.Dependencies = append(response.Dependencies,
				&pulumirpc.DependencyInfo{Name: name, Version: installedVersion(folder, name, wanted)})
		}
	}
	sort.Slice(response.Dependencies, func(i, j int) bool {
		return response.Dependencies[i].Name < response.Dependencies[j].Name
	})
	return response, nil
}

// installedVersion falls back to the range of the manifest for what is not installed.
func installedVersion(folder, name, wanted string) string {
	path, err := locate(folder, name, "package.json")
	if err != nil {
		return wanted
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return wanted
	}
	var read manifest
	if json.Unmarshal(text, &read) != nil || read.Version == "" {
		return wanted
	}
	return read.Version
}
