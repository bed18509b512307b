// Command berth-node is every program of the embedded Kubernetes node in one
// binary: linking and loading the shared code once makes the build shorter and
// the memory smaller than a binary per program. Which program runs is decided by
// the name it is called by, or else by its first argument.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	name, args, ok := choose(os.Args, commands)
	if !ok {
		fmt.Fprint(os.Stderr, usage(name, commands))
		os.Exit(2)
	}
	os.Args = append([]string{name}, args...)
	os.Exit(commands[name].run())
}

// choose says which command an argument list asks for and with which arguments.
// When it names none, the first result is the word that was taken for a command.
func choose(argv []string, table map[string]command) (name string, args []string, ok bool) {
	if len(argv) == 0 {
		return "", nil, false
	}
	called := filepath.Base(argv[0])
	if _, known := table[called]; known {
		return called, argv[1:], true
	}
	if len(argv) == 1 {
		return "", nil, false
	}
	_, known := table[argv[1]]
	return argv[1], argv[2:], known
}

// usage lists the commands; word is what was asked for instead of one of them.
func usage(word string, table map[string]command) string {
	names := make([]string, 0, len(table))
	width := 0
	for name := range table {
		names = append(names, name)
		width = max(width, len(name))
	}
	slices.Sort(names)
	var text strings.Builder
	if word != "" && word != "help" && word != "--help" && word != "-h" {
		fmt.Fprintf(&text, "berth-node: %q is no command.\n", word)
	}
	text.WriteString("Usage: berth-node COMMAND [ARGUMENT...]\n\n")
	for _, name := range names {
		fmt.Fprintf(&text, "  %-*s  %s\n", width, name, table[name].summary)
	}
	return text.String()
}
