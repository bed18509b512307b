package languagehost

import (
	"fmt"
	"os/exec"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"

	"github.com/kballard/go-shellquote"
)

// options are the ones under `runtime.options` of Pulumi.yaml.
type options struct {
	// typescript loads ts-node before the program; true unless switched off, as Pulumi documents.
	typescript bool
	tsconfig   string
	// nodeargs are put before the program, for instance `--import tsx`.
	nodeargs []string
	// packagemanager is one of npm, pnpm, yarn, bun.
	packagemanager string
}

func parseOptions(given *structpb.Struct) (options, error) {
	parsed := options{typescript: true, packagemanager: "npm"}
	for name, value := range given.AsMap() {
		switch name {
		case "typescript":
			flag, ok := value.(bool)
			if !ok {
				return parsed, optionError(name, value, "true or false")
			}
			parsed.typescript = flag
		case "tsconfig":
			text, ok := value.(string)
			if !ok {
				return parsed, optionError(name, value, "the path of a tsconfig.json")
			}
			parsed.tsconfig = text
		case "nodeargs":
			text, ok := value.(string)
			if !ok {
				return parsed, optionError(name, value, "a string of arguments as in a shell")
			}
			words, err := shellquote.Split(text)
			if err != nil {
				return parsed, optionError(name, value, "a string of arguments as in a shell")
			}
			parsed.nodeargs = words
		case "packagemanager":
			text, _ := value.(string)
			switch text {
			case "npm", "pnpm", "yarn", "bun":
				parsed.packagemanager = text
			default:
				return parsed, optionError(name, value, "npm, pnpm, yarn or bun")
			}
		default:
			return parsed, fmt.Errorf("runtime.options.%s of Pulumi.yaml is unknown; accepted are typescript, tsconfig, "+
				"nodeargs and packagemanager", name)
		}
	}
	return parsed, nil
}

func optionError(name string, value any, accepted string) error {
	return fmt.Errorf("runtime.options.%s of Pulumi.yaml is %q; accepted is %s", name, fmt.Sprint(value), accepted)
}

// nodeBinary is the node found on PATH.
func nodeBinary() (string, error) {
	path, err := exec.LookPath("node")
	if err != nil {
		return "", fmt.Errorf("no `node` on PATH (%s); the programs need Node.js 22 or newer", strings.TrimSpace(err.Error()))
	}
	return path, nil
}
