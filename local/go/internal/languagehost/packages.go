package languagehost

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sort"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// manifest is what a package.json says about the Pulumi plugin that the package needs.
type manifest struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Pulumi  *struct {
		Resource         bool   `json:"resource"`
		Name             string `json:"name"`
		Version          string `json:"version"`
		Server           string `json:"server"`
		Parameterization *struct {
			Name    string `json:"name"`
			Version string `json:"version"`
			Value   []byte `json:"value"`
		} `json:"parameterization"`
	} `json:"pulumi"`
}

// requiredPackages lists the plugins of every npm package with a `pulumi.resource` entry that the folder can load:
// from its own node_modules and from those above. The nearest one wins, as in Node's resolution.
func requiredPackages(folder string) ([]*pulumirpc.PackageDependency, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	found := map[string]*pulumirpc.PackageDependency{}
	for {
		scanNodeModules(filepath.Join(folder, "node_modules"), found)
		parent := filepath.Dir(folder)
		if parent == folder {
			break
		}
		folder = parent
	}
	packages := make([]*pulumirpc.PackageDependency, 0, len(found))
	for _, dependency := range found {
		packages = append(packages, dependency)
	}
	sort.Slice(packages, func(i, j int) bool { return packages[i].Name < packages[j].Name })
	return packages, nil
}

func scanNodeModules(folder string, found map[string]*pulumirpc.PackageDependency) {
	// A folder that cannot be read holds no package that Node could load.
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		path := filepath.Join(folder, name)
		if strings.HasPrefix(name, "@") {
			scanNodeModules(path, found)
			continue
		}
		if dependency := readDependency(path); dependency != nil {
			key := dependency.Name
			if dependency.Parameterization != nil {
				key = dependency.Parameterization.Name
			}
			if _, nearer := found[key]; !nearer {
				found[key] = dependency
			}
		}
	}
}

func readDependency(folder string) *pulumirpc.PackageDependency {
	text, err := os.ReadFile(filepath.Join(folder, "package.json"))
	// The test of the bytes spares parsing hundreds of files that have nothing to do with Pulumi.
	if err != nil || !bytes.Contains(text, []byte(`"pulumi"`)) {
		return nil
	}
	var read manifest
	if json.Unmarshal(text, &read) != nil || read.Pulumi == nil || !read.Pulumi.Resource {
		return nil
	}
	dependency := &pulumirpc.PackageDependency{
		Kind:    "resource",
		Name:    read.Pulumi.Name,
		Version: read.Pulumi.Version,
		Server:  read.Pulumi.Server,
	}
	if dependency.Name == "" {
		dependency.Name = strings.TrimPrefix(filepath.Base(read.Name), "pulumi-")
	}
	if dependency.Version == "" {
		dependency.Version = read.Version
	}
	dependency.Version = "v" + strings.TrimPrefix(dependency.Version, "v")
	if parameters := read.Pulumi.Parameterization; parameters != nil {
		dependency.Parameterization = &pulumirpc.PackageParameterization{
			Name: parameters.Name, Version: parameters.Version, Value: parameters.Value,
		}
	}
	return dependency
}
