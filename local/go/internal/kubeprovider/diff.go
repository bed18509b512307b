package kubeprovider

import (
	"context"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Diff compares what the program asked for last time with what it asks for now. What else changed in the cluster is a
// matter for refresh, so an unchanged stack costs no request to the API server.
func (s *server) Diff(_ context.Context, request *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, err := readProperties("oldInputs", request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	news, err := readProperties("news", request.GetNews())
	if err != nil {
		return nil, err
	}
	s.remember(request.GetUrn(), olds)
	token := string(resource.URN(request.GetUrn()).Type())
	s.mutex.Lock()
	current := s.settings
	s.mutex.Unlock()
	plan, err := planDiff(token, current, olds, news)
	if err != nil {
		return nil, err
	}
	outputs, err := readProperties("olds", request.GetOlds())
	if err != nil {
		return nil, err
	}
	plan.replaceFailedJob(outputs, news)
	return plan.response(), nil
}

// replaceFailedJob makes a new Job of one that failed, where the program asks for that by an annotation: a Job that failed
// does not start again by itself.
func (p *diffPlan) replaceFailedJob(outputs, news resource.PropertyMap) {
	if stringAt(news, "kind") != "Job" || len(p.replaces) > 0 {
		return
	}
	annotations := withoutSecrets(metadataOf(news)["annotations"])
	if !annotations.IsObject() || stringAt(annotations.ObjectValue(), annotationReplaceUnready) != "true" {
		return
	}
	plain, err := toObject(unwrapMap(outputs))
	if err != nil || !judgeJob(&unstructured.Unstructured{Object: plain}, nil).failed {
		return
	}
	const path = "metadata.annotations[\"" + annotationReplaceUnready + "\"]"
	if p.changes == nil {
		p.changes = map[string]plugin.PropertyDiff{}
	}
	p.changes[path] = plugin.PropertyDiff{Kind: plugin.DiffUpdateReplace, InputDiff: true}
	p.replaces = append(p.replaces, path)
	p.deleteBeforeReplace = keepsName(news, news)
}

// diffPlan is what has to happen to an object, by property path.
type diffPlan struct {
	changes             map[string]plugin.PropertyDiff
	replaces            []string
	deleteBeforeReplace bool
}

// planDiff decides between nothing, an update in place and a replacement.
func planDiff(token string, s settings, olds, news resource.PropertyMap) (diffPlan, error) {
	oldPlain, newPlain := unwrapMap(olds), unwrapMap(news)
	difference := oldPlain.Diff(newPlain, resource.IsInternalPropertyKey)
	if difference == nil {
		return diffPlan{}, nil
	}
	plan := diffPlan{changes: plugin.NewDetailedDiffFromObjectDiff(difference, true)}
	version, err := schema.ParseGroupVersion(stringAt(newPlain, "apiVersion"))
	if err != nil {
		return diffPlan{}, fmt.Errorf("apiVersion: %w", err)
	}
	gvk := version.WithKind(stringAt(newPlain, "kind"))
	patterns := immutableFields(gvk, s, oldPlain)
	if isPatchType(token, gvk.Kind) {
		// Editing other fields of the same object never replaces it; another object means another resource.
		patterns = identity
	}
	patterns = append(append([]string{}, patterns...), "kind")
	for path, change := range plan.changes {
		parsed, err := resource.ParsePropertyPath(path)
		if err != nil {
			return diffPlan{}, err
		}
		for _, pattern := range patterns {
			if touches(parsed, pattern, oldPlain, newPlain) {
				plan.changes[path] = change.ToReplace()
				plan.replaces = append(plan.replaces, path)
				break
			}
		}
	}
	if oldGroup, _ := schema.ParseGroupVersion(stringAt(oldPlain, "apiVersion")); oldGroup.Group != version.Group {
		// Another version of the same group is the same object; another group is not.
		plan.changes["apiVersion"] = plugin.PropertyDiff{Kind: plugin.DiffUpdateReplace, InputDiff: true}
		plan.replaces = append(plan.replaces, "apiVersion")
	}
	if len(plan.replaces) > 0 {
		plan.deleteBeforeReplace = keepsName(oldPlain, newPlain)
	}
	return plan, nil
}

// keepsName tells whether old and new object would have the same name, so that both cannot exist at a time.
func keepsName(olds, news resource.PropertyMap) bool {
	oldMetadata, newMetadata := metadataOf(olds), metadataOf(news)
	if wasAutonamed(newMetadata) || stringAt(newMetadata, "generateName") != "" {
		return false
	}
	return stringAt(oldMetadata, "name") == stringAt(newMetadata, "name") &&
		stringAt(oldMetadata, "namespace") == stringAt(newMetadata, "namespace") &&
		stringAt(oldMetadata, "name") != ""
}

// touches tells whether a changed path lies in, or holds, a changed field that matches the pattern, for instance
// "spec.containers[*].image".
func touches(path resource.PropertyPath, pattern string, olds, news resource.PropertyMap) bool {
	segments := strings.Split(strings.ReplaceAll(pattern, "[*]", ".*"), ".")
	for i, segment := range segments {
		if i == len(path) {
			// The change is of a whole that holds the field: the field counts when either side has it.
			rest := segments[i:]
			return holds(olds, path, rest) || holds(news, path, rest)
		}
		if _, isIndex := path[i].(int); isIndex && segment == "*" {
			continue
		}
		if path[i] != segment {
			return false
		}
	}
	return true
}

// holds tells whether the value at the path has the field that the remaining segments lead to.
func holds(properties resource.PropertyMap, path resource.PropertyPath, rest []string) bool {
	value, found := path.Get(resource.NewProperty(properties))
	return found && hasField(value, rest)
}

func hasField(value resource.PropertyValue, segments []string) bool {
	if len(segments) == 0 {
		return true
	}
	if segments[0] == "*" && value.IsArray() {
		for _, item := range value.ArrayValue() {
			if hasField(item, segments[1:]) {
				return true
			}
		}
		return false
	}
	if !value.IsObject() {
		// An unknown whole may hold the field.
		return value.IsComputed()
	}
	next, given := value.ObjectValue()[resource.PropertyKey(segments[0])]
	return given && hasField(next, segments[1:])
}

func (p diffPlan) response() *pulumirpc.DiffResponse {
	if len(p.changes) == 0 {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE, HasDetailedDiff: true}
	}
	response := &pulumirpc.DiffResponse{
		Changes:             pulumirpc.DiffResponse_DIFF_SOME,
		DeleteBeforeReplace: p.deleteBeforeReplace,
		HasDetailedDiff:     true,
		DetailedDiff:        map[string]*pulumirpc.PropertyDiff{},
		Replaces:            p.replaces,
	}
	top := map[string]bool{}
	for path, change := range p.changes {
		response.DetailedDiff[path] = &pulumirpc.PropertyDiff{
			Kind: pulumirpc.PropertyDiff_Kind(change.Kind), InputDiff: change.InputDiff,
		}
		if parsed, err := resource.ParsePropertyPath(path); err == nil && len(parsed) > 0 {
			top[fmt.Sprint(parsed[0])] = true
		}
	}
	response.Diffs = sortedKeys(top)
	return response
}
