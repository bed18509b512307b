package kubeprovider

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/cli"
	"helm.sh/helm/v3/pkg/downloader"
	"helm.sh/helm/v3/pkg/getter"
	"helm.sh/helm/v3/pkg/registry"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"
)

// helmChart is kubernetes:helm.sh/v4:Chart: it renders a chart and leaves its objects to Pulumi. Hooks are not run,
// because Pulumi and not Helm manages the objects; they are left out with a warning.
func helmChart(
	ctx context.Context, s *server, request *pulumirpc.ConstructRequest, inputs resource.PropertyMap,
) ([]*unstructured.Unstructured, error) {
	for _, key := range []resource.PropertyKey{"postRenderer", "includeHooks"} {
		if value, given := inputs[key]; given && !isZero(value) {
			return nil, fmt.Errorf("%s is not supported by this stand-in plugin; use the official one", key)
		}
	}
	name := stringAt(inputs, "chart")
	if name == "" {
		return nil, fmt.Errorf("chart is missing; give the path of a chart's folder or archive, a URL, or NAME with repositoryOpts.repo")
	}
	values, err := chartValues(inputs)
	if err != nil {
		return nil, err
	}
	install, err := s.helmInstall(request, inputs)
	if err != nil {
		return nil, err
	}
	loaded, err := loadChart(install, name, boolAt(inputs, "dependencyUpdate"))
	if err != nil {
		return nil, err
	}
	release, err := install.RunWithContext(ctx, loaded, values)
	if err != nil {
		return nil, fmt.Errorf("rendering the chart %s: %w", name, err)
	}
	if len(release.Hooks) > 0 {
		names := make([]string, len(release.Hooks))
		for i, hook := range release.Hooks {
			names[i] = hook.Kind + " " + hook.Name
		}
		s.say(ctx, diag.Warning, fmt.Sprintf("the chart's hooks are left out, since nothing would run them: %s",
			strings.Join(names, ", ")))
	}
	objects, err := parseManifests("chart "+name, strings.NewReader(release.Manifest))
	if err != nil {
		return nil, err
	}
	scopes := definedScopes(objects)
	for _, object := range objects {
		if err := s.placeInNamespace(object, install.Namespace, scopes); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// helmInstall prepares Helm's `template` operation, told what the cluster serves so that charts can adapt to it.
func (s *server) helmInstall(
	request *pulumirpc.ConstructRequest, inputs resource.PropertyMap,
) (*action.Install, error) {
	connection, err := s.connected()
	if err != nil {
		return nil, err
	}
	client, err := registry.NewClient()
	if err != nil {
		return nil, err
	}
	install := action.NewInstall(&action.Configuration{RegistryClient: client})
	install.DryRun, install.ClientOnly, install.Replace = true, true, true
	install.IncludeCRDs = !boolAt(inputs, "skipCrds")
	install.Devel = boolAt(inputs, "devel")
	install.Verify = boolAt(inputs, "verify")
	install.PlainHTTP = boolAt(inputs, "plainHttp")
	install.Version = stringAt(inputs, "version")
	install.Namespace = stringAt(inputs, "namespace")
	if install.Namespace == "" {
		install.Namespace = connection.namespace
	}
	install.ReleaseName = stringAt(inputs, "name")
	if install.ReleaseName == "" {
		install.ReleaseName = request.GetName()
	}
	if repository := inputs["repositoryOpts"]; repository.IsObject() {
		options := repository.ObjectValue()
		install.RepoURL = stringAt(options, "repo")
		install.Username, install.Password = stringAt(options, "username"), stringAt(options, "password")
	}
	disco, err := connection.discovery()
	if err != nil {
		return nil, err
	}
	version, err := disco.ServerVersion()
	if err != nil {
		return nil, connection.describe(err)
	}
	install.KubeVersion = &chartutil.KubeVersion{Version: version.GitVersion, Major: version.Major, Minor: version.Minor}
	served, err := action.GetVersionSet(disco)
	if err != nil {
		return nil, connection.describe(err)
	}
	install.APIVersions = served
	return install, nil
}

func loadChart(install *action.Install, name string, update bool) (*chart.Chart, error) {
	settings := cli.New()
	path, err := install.LocateChart(name, settings)
	if err != nil {
		return nil, fmt.Errorf("finding the chart %s: %w", name, err)
	}
	loaded, err := loader.Load(path)
	if err != nil {
		return nil, fmt.Errorf("the chart %s: %w", path, err)
	}
	missing := action.CheckDependencies(loaded, loaded.Metadata.Dependencies)
	if missing == nil {
		return loaded, nil
	}
	if !update {
		return nil, fmt.Errorf("the chart %s: %w; run `helm dependency update` or set dependencyUpdate", path, missing)
	}
	manager := &downloader.Manager{
		Out: os.Stderr, ChartPath: path, Getters: getter.All(settings), RepositoryConfig: settings.RepositoryConfig,
		RepositoryCache: settings.RepositoryCache,
	}
	if err := manager.Update(); err != nil {
		return nil, fmt.Errorf("updating the dependencies of the chart %s: %w", path, err)
	}
	return loader.Load(path)
}

// chartValues merges the value files, in order, and then the values.
func chartValues(inputs resource.PropertyMap) (map[string]any, error) {
	merged := map[string]any{}
	if files := inputs["valueYamlFiles"]; files.IsArray() {
		for i, file := range files.ArrayValue() {
			text, err := assetText(file)
			if err != nil {
				return nil, fmt.Errorf("valueYamlFiles[%d]: %w", i, err)
			}
			read := map[string]any{}
			if err := yaml.Unmarshal(text, &read); err != nil {
				return nil, fmt.Errorf("valueYamlFiles[%d]: %w", i, err)
			}
			merged = mergeValues(merged, read)
		}
	}
	if given := inputs["values"]; given.IsObject() {
		values, err := toObject(given.ObjectValue())
		if err != nil {
			return nil, fmt.Errorf("values: %w", err)
		}
		merged = mergeValues(merged, values)
	}
	return merged, nil
}

func mergeValues(base, over map[string]any) map[string]any {
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		if existing, both := base[key].(map[string]any); isMap && both {
			value = mergeValues(existing, inner)
		}
		base[key] = value
	}
	return base
}

func assetText(value resource.PropertyValue) ([]byte, error) {
	if !value.IsAsset() {
		return nil, fmt.Errorf("a %s is not accepted; give an asset", value.TypeString())
	}
	return value.AssetValue().Bytes()
}

// definedScopes tells which kinds the definitions among the objects make, and whether they are namespaced.
func definedScopes(objects []*unstructured.Unstructured) map[schema.GroupKind]bool {
	scopes := map[schema.GroupKind]bool{}
	for _, object := range objects {
		if object.GetKind() != "CustomResourceDefinition" {
			continue
		}
		group, _, _ := unstructured.NestedString(object.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(object.Object, "spec", "names", "kind")
		scope, _, _ := unstructured.NestedString(object.Object, "spec", "scope")
		scopes[schema.GroupKind{Group: group, Kind: kind}] = scope == "Namespaced"
	}
	return scopes
}

// placeInNamespace gives an object that names none the release's namespace, as `helm install` does. Kinds that the chart
// itself defines are not known to the cluster yet.
func (s *server) placeInNamespace(
	object *unstructured.Unstructured, namespace string, defined map[schema.GroupKind]bool,
) error {
	if object.GetNamespace() != "" {
		return nil
	}
	gvk := object.GroupVersionKind()
	namespaced, known := defined[gvk.GroupKind()]
	if !known {
		connection, err := s.connected()
		if err != nil {
			return err
		}
		if _, namespaced, err = connection.mapping(gvk); err != nil {
			return fmt.Errorf("%s %q: %w", object.GetKind(), object.GetName(), err)
		}
	}
	if namespaced {
		object.SetNamespace(namespace)
	}
	return nil
}

func boolAt(properties resource.PropertyMap, key resource.PropertyKey) bool {
	value := withoutSecrets(properties[key])
	return value.IsBool() && value.BoolValue()
}
