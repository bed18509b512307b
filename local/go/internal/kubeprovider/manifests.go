package kubeprovider

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// maxManifest bounds a manifest that is fetched by URL, in bytes.
const maxManifest = 64 << 20

// configGroup is kubernetes:yaml/v2:ConfigGroup: files (also patterns and URLs), YAML text and plain objects.
func configGroup(
	ctx context.Context, _ *server, _ *pulumirpc.ConstructRequest, inputs resource.PropertyMap,
) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	for _, name := range texts(inputs["files"]) {
		found, err := readManifests(ctx, name)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	for _, text := range texts(inputs["yaml"]) {
		found, err := parseManifests("yaml", strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	if listed := inputs["objs"]; listed.IsArray() {
		for i, item := range listed.ArrayValue() {
			if !item.IsObject() {
				return nil, fmt.Errorf("objs[%d] is a %s; accepted is an object", i, item.TypeString())
			}
			plain, err := toObject(item.ObjectValue())
			if err != nil {
				return nil, fmt.Errorf("objs[%d]: %w", i, err)
			}
			found, err := flatten(fmt.Sprintf("objs[%d]", i), plain)
			if err != nil {
				return nil, err
			}
			objects = append(objects, found...)
		}
	}
	return objects, nil
}

// configFile is kubernetes:yaml/v2:ConfigFile: one file or URL.
func configFile(
	ctx context.Context, _ *server, _ *pulumirpc.ConstructRequest, inputs resource.PropertyMap,
) ([]*unstructured.Unstructured, error) {
	name := stringAt(inputs, "file")
	if name == "" {
		return nil, errors.New("file is missing; give the path or the URL of a manifest")
	}
	return readManifests(ctx, name)
}

func texts(value resource.PropertyValue) []string {
	switch {
	case value.IsString():
		return []string{value.StringValue()}
	case value.IsArray():
		var found []string
		for _, item := range value.ArrayValue() {
			found = append(found, texts(item)...)
		}
		return found
	default:
		return nil
	}
}

func readManifests(ctx context.Context, name string) ([]*unstructured.Unstructured, error) {
	if strings.HasPrefix(name, "https://") || strings.HasPrefix(name, "http://") {
		return fetchManifests(ctx, name)
	}
	paths, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("no file matches %q", name)
	}
	var objects []*unstructured.Unstructured
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		found, err := parseManifests(path, bytes.NewReader(text))
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

func fetchManifests(ctx context.Context, url string) ([]*unstructured.Unstructured, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", url, response.Status)
	}
	return parseManifests(url, io.LimitReader(response.Body, maxManifest))
}

// parseManifests reads YAML documents or JSON.
func parseManifests(source string, text io.Reader) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(text, 4096)
	var objects []*unstructured.Unstructured
	for i := 0; ; i++ {
		var document map[string]any
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		place := fmt.Sprintf("%s, document %d", source, i+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
		if len(document) == 0 {
			continue
		}
		found, err := flatten(place, document)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
}

// flatten replaces a list by its items.
func flatten(place string, document map[string]any) ([]*unstructured.Unstructured, error) {
	object := &unstructured.Unstructured{Object: document}
	if object.GetAPIVersion() == "" || object.GetKind() == "" {
		return nil, fmt.Errorf("%s: apiVersion or kind is missing", place)
	}
	items, isList := document["items"].([]any)
	if !isList || !strings.HasSuffix(object.GetKind(), "List") {
		if object.GetName() == "" && object.GetGenerateName() == "" {
			return nil, fmt.Errorf("%s: metadata.name of the %s is missing", place, object.GetKind())
		}
		return []*unstructured.Unstructured{object}, nil
	}
	var objects []*unstructured.Unstructured
	for i, item := range items {
		fields, ok := item.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("%s: items[%d] is no object", place, i)
		}
		found, err := flatten(fmt.Sprintf("%s, items[%d]", place, i), fields)
		if err != nil {
			return nil, err
		}
		objects = append(objects, found...)
	}
	return objects, nil
}
