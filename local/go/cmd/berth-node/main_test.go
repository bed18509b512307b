package main

import (
	"flag"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestChoose(t *testing.T) {
	table := map[string]command{"etcd": {summary: "store"}, "kubectl": {summary: "command line"}}
	for name, test := range map[string]struct {
		argv []string
		want string
		args []string
		ok   bool
	}{
		"by its own name":        {[]string{"/usr/bin/kubectl", "get", "pods"}, "kubectl", []string{"get", "pods"}, true},
		"by the first argument":  {[]string{"berth-node", "etcd", "--version"}, "etcd", []string{"--version"}, true},
		"own name wins":          {[]string{"kubectl", "etcd"}, "kubectl", []string{"etcd"}, true},
		"unknown":                {[]string{"berth-node", "etdc"}, "etdc", nil, false},
		"nothing asked for":      {[]string{"berth-node"}, "", nil, false},
		"an empty argument list": {nil, "", nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, args, ok := choose(test.argv, table)
			if got != test.want || ok != test.ok || (ok && !slices.Equal(args, test.args)) {
				t.Errorf("choose(%q) = %q, %q, %t", test.argv, got, args, ok)
			}
		})
	}
}

func TestUsageNamesTheMistakeAndEveryCommand(t *testing.T) {
	text := usage("etdc", commands)
	if !strings.HasPrefix(text, `berth-node: "etdc" is no command.`) {
		t.Errorf("the mistake is not named first:\n%s", text)
	}
	for name := range commands {
		if !strings.Contains(text, "  "+name+" ") {
			t.Errorf("%s is missing in:\n%s", name, text)
		}
	}
	if strings.Contains(usage("--help", commands), "is no command") {
		t.Error("asking for help is called a mistake")
	}
}

func TestForeignFlagsDoNotReachOtherCommands(t *testing.T) {
	savedFlags, savedPflags := flag.CommandLine, pflag.CommandLine
	t.Cleanup(func() { flag.CommandLine, pflag.CommandLine = savedFlags, savedPflags })

	for _, name := range coreDNSFlags {
		if flag.Lookup(name) == nil {
			t.Errorf("CoreDNS has no flag %q any more", name)
		}
	}
	dropCoreDNSFlags()
	if flag.Lookup("conf") != nil || flag.Lookup("p") != nil {
		t.Error("CoreDNS's flags are still there")
	}
	if flag.Lookup("housekeeping_interval") == nil {
		t.Error("cAdvisor's flags, which kubelet looks up, are gone")
	}
	dropAllFlags()
	flag.VisitAll(func(f *flag.Flag) { t.Errorf("flag %q is still there", f.Name) })
}

// Each Kubernetes command panics when it is built from flags that do not suit it.
func TestEveryCommandPrintsItsVersionOrHelp(t *testing.T) {
	if os.Getenv("BERTH_NODE_RUN") != "" {
		os.Args = strings.Split(os.Getenv("BERTH_NODE_RUN"), " ")
		main()
	}
	for _, arguments := range []string{
		"etcd --version", "kube-apiserver --version", "kube-controller-manager --version", "kube-scheduler --version",
		"kubelet --version", "kube-proxy --version", "kubectl version --client", "kwok --version", "coredns -version",
		"kube-network-policies --help", "local-path-provisioner --help", "supervise --help",
	} {
		t.Run(arguments, func(t *testing.T) {
			code, output := runSelf(t, "berth-node "+arguments)
			if code != 0 {
				t.Errorf("ended with %d:\n%s", code, output)
			}
		})
	}
}

func runSelf(t *testing.T, arguments string) (int, string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	process, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], "-test.run", "TestEveryCommandPrintsItsVersionOrHelp"}, &os.ProcAttr{
		Env: append(os.Environ(), "BERTH_NODE_RUN="+arguments), Files: []*os.File{nil, write, write},
	})
	_ = write.Close()
	if err != nil {
		t.Fatal(err)
	}
	output, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	state, err := process.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return state.ExitCode(), string(output)
}
