package kubeprovider

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// settings are the provider's configuration, from the provider resource's arguments, the stack's `kubernetes:` config
// or environment variables, in this order.
type settings struct {
	// kubeconfig is the path or the content of a kubeconfig file; by default KUBECONFIG, ~/.kube/config or, in a pod,
	// its service account.
	kubeconfig string
	// context and cluster choose within the kubeconfig.
	context, cluster string
	// namespace is where namespaced objects without one go; by default that of the context, else "default".
	namespace string
	// clusterIdentifier names the cluster; its change, and no other, replaces everything the provider manages.
	clusterIdentifier string

	deleteUnreachable, skipUpdateUnreachable bool
	enablePatchForce, upsertExistingObjects  bool
	configMapMutable, secretMutable          bool
	suppressDeprecationWarnings, awaitAll    bool

	qps     float32
	burst   int
	timeout time.Duration
}

// Client limits, the official plugin's: high enough that the client never holds back a stack's requests.
const (
	defaultQPS   = 120
	defaultBurst = 240
)

var stringSettings = map[string]string{
	"kubeconfig": "KUBECONFIG", "context": "PULUMI_K8S_CONTEXT", "cluster": "PULUMI_K8S_CLUSTER",
	"namespace": "PULUMI_K8S_NAMESPACE", "clusterIdentifier": "PULUMI_K8S_CLUSTER_IDENTIFIER",
}

var boolSettings = map[string]string{
	"deleteUnreachable":           "PULUMI_K8S_DELETE_UNREACHABLE",
	"skipUpdateUnreachable":       "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE",
	"enablePatchForce":            "PULUMI_K8S_ENABLE_PATCH_FORCE",
	"upsertExistingObjects":       "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
	"enableConfigMapMutable":      "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
	"enableSecretMutable":         "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
	"suppressDeprecationWarnings": "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS",
	"enableServerSideApply":       "PULUMI_K8S_ENABLE_SERVER_SIDE_APPLY",
}

// withoutEffect are settings of the official plugin that concern only what this one refuses anyway (Helm releases,
// kustomize) or messages it does not print.
var withoutEffect = map[string]bool{
	"helmReleaseSettings": true, "suppressHelmHookWarnings": true, "suppressHelmReleaseBetaWarning": true, "version": true,
	"pluginDownloadURL": true, "kubeClientSettings": true, "pluginChecksums": true,
}

// parseSettings reads and checks the configuration. It collects every problem, property by property.
func parseSettings(given resource.PropertyMap, env func(string) string) (settings, map[string]string) {
	problems := map[string]string{}
	texts := map[string]string{}
	for name, variable := range stringSettings {
		texts[name] = env(variable)
		if value, set := given[resource.PropertyKey(name)]; set {
			text, problem := settingText(name, value)
			if problem != "" {
				problems[name] = problem
			}
			if text != "" {
				texts[name] = text
			}
		}
	}
	flags := map[string]bool{"enableServerSideApply": true}
	for name, variable := range boolSettings {
		value, set := given[resource.PropertyKey(name)]
		text := env(variable)
		if set {
			text = fmt.Sprint(withoutSecrets(value).V)
		}
		if text == "" {
			continue
		}
		flag, err := strconv.ParseBool(text)
		if err != nil {
			problems[name] = fmt.Sprintf("%q is neither true nor false", text)
		}
		flags[name] = flag
	}
	if !flags["enableServerSideApply"] {
		problems["enableServerSideApply"] = "client-side apply is not supported by this stand-in plugin; leave it true or use the official plugin"
	}
	for key := range given {
		name := string(key)
		_, isText := stringSettings[name]
		_, isFlag := boolSettings[name]
		if !isText && !isFlag && !withoutEffect[name] && !isInternal(name) {
			problems[name] = "not supported by this stand-in plugin; use the official plugin for it"
		}
	}
	parsed := settings{
		kubeconfig: texts["kubeconfig"], context: texts["context"], cluster: texts["cluster"],
		namespace: texts["namespace"], clusterIdentifier: texts["clusterIdentifier"],
		deleteUnreachable: flags["deleteUnreachable"], skipUpdateUnreachable: flags["skipUpdateUnreachable"],
		enablePatchForce: flags["enablePatchForce"], upsertExistingObjects: flags["upsertExistingObjects"],
		configMapMutable: flags["enableConfigMapMutable"], secretMutable: flags["enableSecretMutable"],
		suppressDeprecationWarnings: flags["suppressDeprecationWarnings"],
		awaitAll:                    env("PULUMI_K8S_AWAIT_ALL") == "true",
	}
	parsed.readClientSettings(given, env, problems)
	return parsed, problems
}

// settingText accepts a string, and for the kubeconfig an object, which kubeconfig outputs of cluster resources are.
func settingText(name string, value resource.PropertyValue) (text, problem string) {
	plain := withoutSecrets(value)
	switch {
	case plain.IsString():
		return plain.StringValue(), ""
	case plain.IsComputed():
		return "", ""
	case name == "kubeconfig" && plain.IsObject():
		object, err := toObject(plain.ObjectValue())
		if err != nil {
			return "", err.Error()
		}
		encoded, err := json.Marshal(object)
		if err != nil {
			return "", err.Error()
		}
		return string(encoded), ""
	default:
		return "", fmt.Sprintf("a %s is not accepted; give a string", plain.TypeString())
	}
}

func (s *settings) readClientSettings(given resource.PropertyMap, env func(string) string, problems map[string]string) {
	values := map[string]float64{"qps": defaultQPS, "burst": defaultBurst, "timeout": 0}
	variables := map[string]string{
		"qps": "PULUMI_K8S_CLIENT_QPS", "burst": "PULUMI_K8S_CLIENT_BURST", "timeout": "PULUMI_K8S_CLIENT_TIMEOUT",
	}
	object := resource.PropertyMap{}
	if value, set := given["kubeClientSettings"]; set {
		plain := withoutSecrets(value)
		switch {
		case plain.IsObject():
			object = plain.ObjectValue()
		case plain.IsString():
			// The engine passes nested values of provider configuration as JSON text.
			var decoded map[string]any
			if err := json.Unmarshal([]byte(plain.StringValue()), &decoded); err != nil {
				problems["kubeClientSettings"] = "not a JSON object: " + err.Error()
			}
			object = fromObject(decoded)
		}
	}
	for name := range values {
		text := env(variables[name])
		if value, set := object[resource.PropertyKey(name)]; set {
			text = fmt.Sprint(value.V)
		}
		if text == "" {
			continue
		}
		number, err := strconv.ParseFloat(text, 64)
		if err != nil || number < 0 {
			problems["kubeClientSettings"] = fmt.Sprintf("%s is %q; accepted is a number that is not negative", name, text)
			continue
		}
		values[name] = number
	}
	s.qps, s.burst = float32(values["qps"]), int(values["burst"])
	s.timeout = time.Duration(values["timeout"] * float64(time.Second))
}

// isKubeconfigContent tells content from a path.
func isKubeconfigContent(kubeconfig string) bool {
	trimmed := strings.TrimSpace(kubeconfig)
	return strings.HasPrefix(trimmed, "{") || strings.Contains(trimmed, "\n") || strings.Contains(trimmed, "apiVersion:")
}

func environment(name string) string { return os.Getenv(name) }
