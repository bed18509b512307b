package supervise

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config is what a supervisor runs.
type Config struct {
	// Namespaces are the kinds of own namespaces that everything runs in.
	Namespaces Namespaces `json:"namespaces"`
	// StatusFile is rewritten at every change; see [Status].
	StatusFile string `json:"statusFile"`
	// PIDFile holds the process to end for everything to end, as seen from outside, while it lives.
	PIDFile string `json:"pidFile"`
	// HostSetup runs outside the namespaces, once they exist. "{pid}" in an argument stands
	// for the process id of their first process.
	HostSetup [][]string `json:"hostSetup,omitempty"`
	// Setup runs inside the namespaces, after HostSetup and before any component.
	Setup [][]string `json:"setup,omitempty"`
	// Components are the programs to keep running.
	Components []Component `json:"components"`
}

// Namespaces says which namespaces of their own the processes get.
type Namespaces struct {
	PID   bool `json:"pid"`
	Mount bool `json:"mount"`
	Net   bool `json:"net"`
}

func (n Namespaces) any() bool { return n.PID || n.Mount || n.Net }

// Component is one program.
type Component struct {
	Name string `json:"name"`
	// Argv is the program with its arguments; a program without a slash is looked up in PATH.
	Argv []string `json:"argv"`
	// Env is added to the few variables that every component gets; see baseEnv.
	Env map[string]string `json:"env,omitempty"`
	// Dir is the working folder; the supervisor's own when empty.
	Dir string `json:"dir,omitempty"`
	// Log is the file that standard output and error go to.
	Log string `json:"log"`
	// Needs are the components that must be ready before this one starts, and that outlive it.
	Needs []string `json:"needs,omitempty"`
	// Ready tells when the component serves; without it, that it was started is enough.
	Ready *Probe `json:"ready,omitempty"`
	// ReadyTimeoutSeconds is after how long a component that is not ready is reported as such. Default 60.
	ReadyTimeoutSeconds float64 `json:"readyTimeoutSeconds,omitempty"`
	// StopTimeoutSeconds is how long the component may take to end before it is killed. Default 10.
	StopTimeoutSeconds float64 `json:"stopTimeoutSeconds,omitempty"`
}

// Probe is one way to find out whether a component serves.
type Probe struct {
	// HTTP is a URL that answers a GET with a 2xx status.
	HTTP string `json:"http,omitempty"`
	// CAFile, CertFile and KeyFile are PEM files for an https URL.
	CAFile   string `json:"caFile,omitempty"`
	CertFile string `json:"certFile,omitempty"`
	KeyFile  string `json:"keyFile,omitempty"`
	// TCP is a host:port, or unix:PATH, that accepts connections.
	TCP string `json:"tcp,omitempty"`
	// File is a path that exists.
	File string `json:"file,omitempty"`
	// Exec is a command that ends with exit code 0.
	Exec []string `json:"exec,omitempty"`
}

func (c Component) readyTimeout() time.Duration { return seconds(c.ReadyTimeoutSeconds, 60) }
func (c Component) stopTimeout() time.Duration  { return seconds(c.StopTimeoutSeconds, 10) }

func seconds(value, fallback float64) time.Duration {
	if value == 0 {
		value = fallback
	}
	return time.Duration(value * float64(time.Second))
}

// Load reads and checks a configuration file.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	var config Config
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&config); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	if err := config.check(); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", path, err)
	}
	return &config, nil
}

func (c *Config) check() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }

	for field, path := range map[string]string{"statusFile": c.StatusFile, "pidFile": c.PIDFile} {
		if !filepath.IsAbs(path) {
			bad("%s is %q; it must be an absolute path", field, path)
		}
	}
	if (c.Namespaces.PID || c.Namespaces.Net) && !c.Namespaces.Mount {
		bad("namespaces.mount is false; with namespaces.pid or namespaces.net it must be true, for /proc and /sys show those")
	}
	for field, list := range map[string][][]string{"setup": c.Setup, "hostSetup": c.HostSetup} {
		for i, argv := range list {
			if len(argv) == 0 {
				bad("%s[%d] is empty; it must be a command with its arguments", field, i)
			}
		}
	}
	if len(c.Components) == 0 {
		bad("components is empty; there must be at least one")
	}
	for i, component := range c.Components {
		where := fmt.Sprintf("components[%d] (%s)", i, component.Name)
		if component.Name == "" {
			bad("%s: name is empty", where)
		}
		if len(component.Argv) == 0 {
			bad("%s: argv is empty; it must be a command with its arguments", where)
		}
		if !filepath.IsAbs(component.Log) {
			bad("%s: log is %q; it must be an absolute path", where, component.Log)
		}
		if component.ReadyTimeoutSeconds < 0 || component.StopTimeoutSeconds < 0 {
			bad("%s: a timeout is negative", where)
		}
		if component.Ready != nil {
			if kinds := component.Ready.kinds(); len(kinds) != 1 {
				bad("%s: ready has %d kinds (%s); it must have exactly one of http, tcp, file, exec", where, len(kinds), strings.Join(kinds, ", "))
			}
		}
	}
	if err := checkGraph(c.Components); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func (p Probe) kinds() []string {
	var kinds []string
	for _, kind := range []struct {
		name string
		set  bool
	}{{"http", p.HTTP != ""}, {"tcp", p.TCP != ""}, {"file", p.File != ""}, {"exec", len(p.Exec) > 0}} {
		if kind.set {
			kinds = append(kinds, kind.name)
		}
	}
	return kinds
}
