package supervise

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// checkGraph refuses names that occur twice, needs that name no component, and cycles.
func checkGraph(components []Component) error {
	var problems []error
	needs := map[string][]string{}
	for _, component := range components {
		if _, twice := needs[component.Name]; twice {
			problems = append(problems, fmt.Errorf("component name %q occurs twice", component.Name))
		}
		needs[component.Name] = component.Needs
	}
	for _, component := range components {
		for _, need := range component.Needs {
			if _, known := needs[need]; !known {
				problems = append(problems, fmt.Errorf("component %q needs %q, which is no component", component.Name, need))
			}
		}
	}
	if len(problems) == 0 {
		if cycle := findCycle(components, needs); cycle != nil {
			problems = append(problems, fmt.Errorf("components need each other in a circle: %s", strings.Join(cycle, " → ")))
		}
	}
	return errors.Join(problems...)
}

// findCycle returns the names along a circle of needs, the first one repeated at the end, or nil.
func findCycle(components []Component, needs map[string][]string) []string {
	done := map[string]bool{}
	var path []string
	var visit func(name string) []string
	visit = func(name string) []string {
		if start := slices.Index(path, name); start >= 0 {
			return append(slices.Clone(path[start:]), name)
		}
		if done[name] {
			return nil
		}
		path = append(path, name)
		for _, need := range needs[name] {
			if cycle := visit(need); cycle != nil {
				return cycle
			}
		}
		path = path[:len(path)-1]
		done[name] = true
		return nil
	}
	for _, component := range components {
		if cycle := visit(component.Name); cycle != nil {
			return cycle
		}
	}
	return nil
}
