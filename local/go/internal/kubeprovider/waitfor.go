package kubeprovider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/util/jsonpath"
)

// waitForRule reads the annotation pulumi.com/waitFor: `jsonpath={.path}` (the field exists), `jsonpath={.path}=value`,
// `condition=Type` (is True), `condition=Type=Status`, or a JSON list of these, all of which have to hold.
func waitForRule(text string) (*rule, error) {
	texts := []string{text}
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		texts = nil
		if err := json.Unmarshal([]byte(text), &texts); err != nil || len(texts) == 0 {
			return nil, waitForError(text)
		}
	}
	tests := make([]func(*unstructured.Unstructured) verdict, 0, len(texts))
	for _, single := range texts {
		test, err := parseWaitFor(strings.TrimSpace(single))
		if err != nil {
			return nil, err
		}
		tests = append(tests, test)
	}
	return &rule{
		standard: workloadTimeout,
		related:  nil,
		judge: func(object *unstructured.Unstructured, _ map[string]*unstructured.Unstructured) verdict {
			for _, test := range tests {
				if judged := test(object); !judged.ready {
					return judged
				}
			}
			return verdict{ready: true}
		},
	}, nil
}

func waitForError(text string) error {
	return fmt.Errorf("metadata.annotations[%q] is %q; accepted are jsonpath={.path}, jsonpath={.path}=value, "+
		"condition=Type, condition=Type=Status, or a JSON list of these", annotationWaitFor, text)
}

func parseWaitFor(text string) (func(*unstructured.Unstructured) verdict, error) {
	switch {
	case strings.HasPrefix(text, "condition="):
		kind, wanted, given := strings.Cut(strings.TrimPrefix(text, "condition="), "=")
		if !given {
			wanted = "True"
		}
		if kind == "" || wanted == "" {
			return nil, waitForError(text)
		}
		return func(object *unstructured.Unstructured) verdict { return judgeCondition(object, kind, wanted) }, nil
	case strings.HasPrefix(text, "jsonpath="):
		return parseJSONPath(text)
	default:
		return nil, waitForError(text)
	}
}

func judgeCondition(object *unstructured.Unstructured, kind, wanted string) verdict {
	condition := conditionOf(object, kind)
	if condition == nil {
		return verdict{message: fmt.Sprintf("waiting for the condition %s=%s, which is not reported yet", kind, wanted)}
	}
	// A condition that was computed from an older object says nothing of this one.
	observed, given, _ := unstructured.NestedInt64(object.Object, "status", "observedGeneration")
	stale := given && observed < object.GetGeneration()
	actual := fmt.Sprint(condition["status"])
	return verdict{
		ready: strings.EqualFold(actual, wanted) && !stale,
		message: fmt.Sprintf("waiting for the condition %s=%s, which is %s: %v: %v", kind, wanted, actual,
			condition["reason"], condition["message"]),
	}
}

func parseJSONPath(text string) (func(*unstructured.Unstructured) verdict, error) {
	expression := strings.TrimPrefix(text, "jsonpath=")
	path, wanted, hasValue := expression, "", false
	if end := strings.LastIndex(expression, "}"); end >= 0 {
		path = expression[:end+1]
		wanted, hasValue = strings.CutPrefix(expression[end+1:], "=")
		if !hasValue && expression[end+1:] != "" {
			return nil, waitForError(text)
		}
	} else {
		path, wanted, hasValue = strings.Cut(expression, "=")
		path = "{" + strings.TrimSpace(path) + "}"
	}
	if !strings.HasPrefix(path, "{") || path == "{}" {
		return nil, waitForError(text)
	}
	parsed := jsonpath.New("waitFor")
	if err := parsed.Parse(path); err != nil {
		return nil, fmt.Errorf("%w: %w", waitForError(text), err)
	}
	wanted = strings.Trim(wanted, `"'`)
	return func(object *unstructured.Unstructured) verdict {
		found, err := parsed.FindResults(object.Object)
		if err != nil || len(found) == 0 || len(found[0]) == 0 {
			return verdict{message: fmt.Sprintf("waiting for %s, which does not exist yet", path)}
		}
		var printed bytes.Buffer
		if err := parsed.PrintResults(&printed, found[0]); err != nil {
			return verdict{message: err.Error()}
		}
		if !hasValue || printed.String() == wanted {
			return verdict{ready: true}
		}
		return verdict{message: fmt.Sprintf("waiting for %s to be %q; it is %q", path, wanted, printed.String())}
	}, nil
}
