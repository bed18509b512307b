package pluginserver

import "testing"

func TestEngineAddress(t *testing.T) {
	for want, args := range map[string][]string{
		"":               {"--logtostderr"},
		"127.0.0.1:1":    {"127.0.0.1:1"},
		"127.0.0.1:2":    {"--logtostderr", "-v=9", "--tracing", "http://trace", "127.0.0.1:2"},
		"127.0.0.1:3":    {"--tracing=http://trace", "127.0.0.1:3", "folder"},
		"localhost:4444": {"-root=/x", "localhost:4444"},
	} {
		if got := EngineAddress(args); got != want {
			t.Errorf("%v: got %q, want %q", args, got, want)
		}
	}
}

func TestVersionIsThatOfTheFolder(t *testing.T) {
	for path, want := range map[string]string{
		"/home/plugins/resource-kubernetes-v4.34.2/pulumi-resource-kubernetes": "4.34.2",
		"/usr/bin/pulumi-resource-kubernetes":                                  "0.0.0",
	} {
		if got := Version(path); got != want {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}
