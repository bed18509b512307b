package languagehost

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRequiredPackages(t *testing.T) {
	root := t.TempDir()
	program := filepath.Join(root, "app", "program")
	write(t, filepath.Join(root, "node_modules/@pulumi/kubernetes/package.json"),
		`{"name":"@pulumi/kubernetes","version":"4.0.0","pulumi":{"resource":true,"name":"kubernetes","version":"4.0.0"}}`)
	write(t, filepath.Join(root, "app/node_modules/@pulumi/kubernetes/package.json"),
		`{"name":"@pulumi/kubernetes","version":"4.34.2","pulumi":{"resource":true,"name":"kubernetes","version":"4.34.2"}}`)
	write(t, filepath.Join(root, "node_modules/@pulumi/random/package.json"),
		`{"name":"@pulumi/random","version":"4.21.2","pulumi":{"resource":true,"server":"https://example.test"}}`)
	write(t, filepath.Join(root, "node_modules/left-pad/package.json"), `{"name":"left-pad","version":"1.0.0"}`)
	write(t, filepath.Join(root, "node_modules/@pulumi/policy/package.json"), `{"name":"@pulumi/policy","pulumi":{}}`)
	write(t, filepath.Join(root, "node_modules/broken/package.json"), `{"pulumi"`)

	packages, err := requiredPackages(program)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, found := range packages {
		got = append(got, found.GetName()+" "+found.GetVersion()+" "+found.GetServer())
	}
	want := "kubernetes v4.34.2 , random v4.21.2 https://example.test"
	if joined := strings.Join(got, ", "); joined != want {
		t.Errorf("got %q, want %q", joined, want)
	}
}

func TestLocate(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "node_modules/@pulumi/pulumi/cmd/run/index.js")
	write(t, file, "")
	found, err := locateFromAny([]string{"", t.TempDir(), filepath.Join(root, "deep", "down")}, "@pulumi/pulumi", "cmd/run/index.js")
	if err != nil || found != file {
		t.Errorf("got %q, %v", found, err)
	}
	_, err = locate(t.TempDir(), "@pulumi/pulumi", "cmd/run/index.js")
	if err == nil || !strings.Contains(err.Error(), "npm install") {
		t.Errorf("the error does not tell the fix: %v", err)
	}
}

func TestParseOptions(t *testing.T) {
	parse := func(given map[string]any) (options, error) {
		encoded, err := structpb.NewStruct(given)
		if err != nil {
			t.Fatal(err)
		}
		return parseOptions(encoded)
	}
	parsed, err := parse(map[string]any{"typescript": false, "nodeargs": `--import tsx --title "a b"`})
	if err != nil || parsed.typescript || strings.Join(parsed.nodeargs, "|") != "--import|tsx|--title|a b" {
		t.Errorf("got %+v, %v", parsed, err)
	}
	if parsed, err := parse(nil); err != nil || !parsed.typescript || parsed.packagemanager != "npm" {
		t.Errorf("the defaults are %+v, %v", parsed, err)
	}
	for name, given := range map[string]map[string]any{
		"typescript": {"typescript": "no"}, "nodeargs": {"nodeargs": `"open`}, "packagemanager": {"packagemanager": "cargo"},
		"unknown": {"unknown": true},
	} {
		if _, err := parse(given); err == nil || !strings.Contains(err.Error(), "runtime.options."+name) {
			t.Errorf("%s: the error does not name the option: %v", name, err)
		}
	}
}

func TestProgramEnvironment(t *testing.T) {
	t.Setenv("PULUMI_HOME", "/home")
	t.Setenv(compileCache, "")
	environment, err := programEnvironment([]string{"A=1"}, options{typescript: true}, &pulumirpc.RunRequest{
		Config: map[string]string{"p:key": "value"}, ConfigSecretKeys: []string{"p:key"},
	})
	want := []string{
		"A=1", `PULUMI_CONFIG={"p:key":"value"}`, `PULUMI_CONFIG_SECRET_KEYS=["p:key"]`, "PULUMI_NODEJS_TYPESCRIPT=true",
		"NODE_COMPILE_CACHE=/home/node-compile-cache",
	}
	if err != nil || strings.Join(environment, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %v, %v", environment, err)
	}
	empty, err := programEnvironment(nil, options{}, &pulumirpc.RunRequest{})
	if err != nil || empty[0] != "PULUMI_CONFIG={}" || empty[1] != "PULUMI_CONFIG_SECRET_KEYS=[]" {
		t.Errorf("without configuration: %v, %v", empty, err)
	}
}

func TestRunChildPassesTheExitCode(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 32": exitAlreadyReported, "kill -9 $$": 128 + 9} {
		code, err := runChild(context.Background(), exec.Command("sh", "-c", script))
		if err != nil || code != want {
			t.Errorf("%s: got %d, %v; want %d", script, code, err, want)
		}
	}
	if _, err := runChild(context.Background(), exec.Command("/nonexistent")); err == nil {
		t.Error("a program that does not exist is no error")
	}
}

func TestRunChildEndsTheWholeTree(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		for {
			if text, err := os.ReadFile(file); err == nil && strings.HasSuffix(string(text), "\n") {
				cancel()
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	// The shell ignores SIGTERM, so that only the end of the grace period stops it.
	_, err := runChild(ctx, exec.Command("sh", "-c", "trap '' TERM; sleep 60 & echo $! > "+file+"; wait"))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for limit := time.Now().Add(5 * time.Second); syscall.Kill(pid, 0) == nil && !isZombie(pid); {
		if time.Now().After(limit) {
			t.Fatal("the grandchild still runs")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// isZombie tells a process that has ended but that its new parent has not waited for.
func isZombie(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || strings.Contains(string(text), ") Z ")
}

func TestCancelEndsWhatRuns(t *testing.T) {
	served := newHost("")
	ctx, done := served.cancellable(context.Background())
	defer done()
	if _, err := served.Cancel(context.Background(), nil); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == nil {
		t.Error("Cancel does not end a running program")
	}
}
