// berth-plugins holds three plugins of the Pulumi engine in one binary: the Node.js language host and stand-ins for
// the kubernetes and the random resource provider. The name by which it is called picks one, so that one file, linked
// under three names, serves all.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/berth-dev/berth/local/go/internal/kubeprovider"
	"github.com/berth-dev/berth/local/go/internal/languagehost"
	"github.com/berth-dev/berth/local/go/internal/randomprovider"
)

var plugins = []struct {
	name string
	run  func(args []string) error
}{
	{"pulumi-language-nodejs", languagehost.Main},
	{"pulumi-resource-kubernetes", kubeprovider.Main},
	{"pulumi-resource-random", randomprovider.Main},
}

func main() {
	called := filepath.Base(os.Args[0])
	args := os.Args[1:]
	if called == "berth-plugins" && len(args) > 0 {
		called, args = args[0], args[1:]
	}
	names := make([]string, 0, len(plugins))
	for _, plugin := range plugins {
		if plugin.name == called {
			if err := plugin.run(args); err != nil {
				fmt.Fprintf(os.Stderr, "%s: %v\n", called, err)
				os.Exit(1)
			}
			return
		}
		names = append(names, plugin.name)
	}
	fmt.Fprintf(os.Stderr, "berth-plugins: called as %q; accepted names are %s, as a link to this file or as the first argument\n",
		called, strings.Join(names, ", "))
	os.Exit(2)
}
