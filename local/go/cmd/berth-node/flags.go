package main

import (
	"flag"
	"os"

	"github.com/spf13/pflag"
)

// Packages register flags of their own in the process-wide flag sets as they are loaded,
// and each command takes what it finds there for its own. In one binary for all of them
// the flags of the others have to go first.

// coreDNSFlags is what github.com/coredns/coredns/coremain registers.
var coreDNSFlags = []string{"conf", "plugins", "pidfile", "version", "quiet", "log-format", "dns.port", "p"}

// dropCoreDNSFlags leaves the flags that Kubernetes components look up (kubelet those of cAdvisor).
func dropCoreDNSFlags() {
	foreign := map[string]bool{}
	for _, name := range coreDNSFlags {
		foreign[name] = true
	}
	kept := flag.NewFlagSet(os.Args[0], flag.ExitOnError)
	flag.VisitAll(func(f *flag.Flag) {
		if !foreign[f.Name] {
			kept.Var(f.Value, f.Name, f.Usage)
		}
	})
	flag.CommandLine = kept
}

// dropAllFlags is for a command that registers its flags itself. Kubernetes' --version,
// which is not a boolean, would otherwise replace the command's own.
func dropAllFlags() {
	flag.CommandLine = flag.NewFlagSet(os.Args[0], flag.ExitOnError)
	pflag.CommandLine = pflag.NewFlagSet(os.Args[0], pflag.ExitOnError)
}
