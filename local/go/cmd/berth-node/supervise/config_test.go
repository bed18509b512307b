package supervise

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T, text string) (*Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return Load(path)
}

func TestLoad(t *testing.T) {
	config, err := load(t, `{"namespaces":{"pid":true,"mount":true},"statusFile":"/s","pidFile":"/p","components":[
		{"name":"a","argv":["a"],"log":"/a.log","ready":{"tcp":"127.0.0.1:1"},"readyTimeoutSeconds":1.5},
		{"name":"b","argv":["b"],"log":"/b.log","needs":["a"]}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := config.Components[0].readyTimeout(); got != 1500*time.Millisecond {
		t.Errorf("ready timeout %s", got)
	}
	if got := config.Components[1].stopTimeout(); got != 10*time.Second {
		t.Errorf("stop timeout %s", got)
	}
}

func TestLoadNamesEveryProblem(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"unknown field":   {`{"components":[],"colour":"red"}`, `"colour"`},
		"relative status": {`{"statusFile":"s"}`, `statusFile is "s"`},
		"no pid file":     {`{"statusFile":"/s"}`, `pidFile is ""`},
		"no component":    {`{"components":[]}`, "components is empty"},
		"no mounts":       {`{"namespaces":{"net":true}}`, "namespaces.mount is false"},
		"empty command":   {`{"setup":[["true"],[]]}`, "setup[1] is empty"},
		"no argv":         {`{"components":[{"name":"a","log":"/l"}]}`, "components[0] (a): argv is empty"},
		"relative log":    {`{"components":[{"name":"a","argv":["a"],"log":"l"}]}`, `log is "l"`},
		"two probes":      {`{"components":[{"name":"a","argv":["a"],"log":"/l","ready":{"tcp":"x","file":"y"}}]}`, "ready has 2 kinds (tcp, file)"},
		"no probe":        {`{"components":[{"name":"a","argv":["a"],"log":"/l","ready":{}}]}`, "ready has 0 kinds"},
		"negative time":   {`{"components":[{"name":"a","argv":["a"],"log":"/l","stopTimeoutSeconds":-1}]}`, "a timeout is negative"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := load(t, test.text); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v; want %q in it", err, test.want)
			}
		})
	}
	if _, err := Load("/does/not/exist"); err == nil {
		t.Error("a missing file is no error")
	}
}

func TestCheckGraph(t *testing.T) {
	component := func(name string, needs ...string) Component { return Component{Name: name, Needs: needs} }
	for name, test := range map[string]struct {
		components []Component
		want       string
	}{
		"a diamond":      {[]Component{component("d", "b", "c"), component("c", "a"), component("b", "a"), component("a")}, ""},
		"the same twice": {[]Component{component("a"), component("a")}, `"a" occurs twice`},
		"an unknown one": {[]Component{component("a", "z")}, `"a" needs "z", which is no component`},
		"itself":         {[]Component{component("a", "a")}, "a → a"},
		"a long circle":  {[]Component{component("x", "a"), component("a", "b"), component("b", "c"), component("c", "a")}, "a → b → c → a"},
	} {
		t.Run(name, func(t *testing.T) {
			err := checkGraph(test.components)
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("checkGraph = %v; want %q in it", err, test.want)
			}
		})
	}
}

func TestPause(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: 250 * time.Millisecond, 2: 500 * time.Millisecond, 5: 4 * time.Second, 6: 8 * time.Second, 7: 10 * time.Second, 1000: 10 * time.Second,
	} {
		if got := pause(n); got != want {
			t.Errorf("pause(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestBaseEnvPassesNothingButTheNeedful(t *testing.T) {
	t.Setenv("PATH", "/bin")
	t.Setenv("HOME", "/root")
	t.Setenv("PULUMI_CONFIG_PASSPHRASE", "secret")
	env := strings.Join(baseEnv(map[string]string{"HOME": "/own", "X": "1"}), " ")
	if !strings.Contains(env, "PATH=/bin") || !strings.Contains(env, "HOME=/own") || !strings.Contains(env, "X=1") {
		t.Errorf("environment %q", env)
	}
	if strings.Contains(env, "secret") || strings.Contains(env, "/root") {
		t.Errorf("environment %q", env)
	}
}

func TestIsChild(t *testing.T) {
	status := "Name:\tetcd\nPid:\t3570\nPPid:\t3552\nNSpid:\t3570\t17\n"
	if !isChild(status, 3552, 17) || isChild(status, 3552, 3570) || isChild(status, 1, 17) {
		t.Error("the child of a namespace's first process is not recognised")
	}
}

func TestWithPID(t *testing.T) {
	given := []string{"ip", "link", "set", "v", "netns", "{pid}"}
	if got := withPID(given, 42); got[5] != "42" || given[5] != "{pid}" {
		t.Errorf("withPID = %q, and its argument is now %q", got, given)
	}
}
