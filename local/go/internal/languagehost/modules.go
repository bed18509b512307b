package languagehost

import (
	"fmt"
	"os"
	"path/filepath"
)

// locate finds a file of an npm package the way Node's resolution does, from a folder upwards, without starting Node
// (which would cost more than the rest of this host together).
func locate(from, packageName, file string) (string, error) {
	folder, err := filepath.Abs(from)
	if err != nil {
		return "", err
	}
	for {
		candidate := filepath.Join(folder, "node_modules", packageName, file)
		if _, err := os.Stat(candidate); err == nil {
			return candidate, nil
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			return "", fmt.Errorf("cannot find %s of the npm package %s in a node_modules folder of %s or above; "+
				"run `npm install` there", file, packageName, from)
		}
		folder = parent
	}
}

// locateFromAny looks from several folders in turn: a generated project's own folder holds no node_modules, but its
// program may lie in one that does.
func locateFromAny(folders []string, packageName, file string) (string, error) {
	var first error
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		path, err := locate(folder, packageName, file)
		if err == nil {
			return path, nil
		}
		if first == nil {
			first = err
		}
	}
	return "", first
}
