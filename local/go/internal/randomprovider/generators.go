package randomprovider

import (
	"fmt"
	"math/big"
	"sort"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// generator is one resource type.
type generator struct {
	// inputs are the accepted arguments with their defaults; a null default means none.
	inputs  map[resource.PropertyKey]any
	outputs []resource.PropertyKey
	secret  map[resource.PropertyKey]bool
	// rules check arguments that are all known; they see the defaults too.
	rules func(inputs resource.PropertyMap) []problem
	// draw makes the id and the outputs.
	draw func(inputs resource.PropertyMap) (string, resource.PropertyMap, error)
	// adopt reads id, inputs and outputs from the id given to an import.
	adopt func(id string) (string, resource.PropertyMap, resource.PropertyMap, error)
}

type problem struct{ property, reason string }

// generators lists the resource types by token.
var generators = map[string]generator{
	"random:index/randomPassword:RandomPassword": passwordGenerator(true),
	"random:index/randomString:RandomString":     passwordGenerator(false),
	"random:index/randomId:RandomId":             idGenerator,
	"random:index/randomBytes:RandomBytes":       bytesGenerator,
	"random:index/randomPet:RandomPet":           petGenerator,
	"random:index/randomInteger:RandomInteger":   integerGenerator,
	"random:index/randomUuid:RandomUuid":         uuidGenerator,
	"random:index/randomUuid4:RandomUuid4":       uuidGenerator,
}

// keepers is an argument of every type: a map whose change draws a new value.
const keepers = "keepers"

// check collects every problem of the arguments.
func (g generator) check(inputs resource.PropertyMap) []problem {
	var problems []problem
	unknown := false
	names := make([]string, 0, len(inputs))
	for key := range inputs {
		names = append(names, string(key))
	}
	sort.Strings(names)
	for _, name := range names {
		key := resource.PropertyKey(name)
		value := plainValue(inputs[key])
		fallback, accepted := g.inputs[key]
		switch {
		case value.IsComputed():
			unknown = unknown || key != keepers
		case key == keepers:
			if !value.IsObject() {
				problems = append(problems, problem{keepers, "is no map"})
			}
		case len(name) > 2 && name[:2] == "__":
		case !accepted:
			problems = append(problems, problem{name, "is not an argument of this resource"})
		case !sameKind(value, fallback):
			problems = append(problems, problem{name, fmt.Sprintf("is a %s; accepted is a %s", value.TypeString(),
				kindName(fallback))})
		}
	}
	if unknown || len(problems) > 0 {
		return problems
	}
	for key, fallback := range g.inputs {
		if _, given := inputs[key]; !given && isRequired(fallback) {
			return append(problems, problem{string(key), "is missing"})
		}
	}
	return append(problems, g.rules(g.complete(plain(inputs)))...)
}

// required marks an argument without default, of the kind of its value.
type required struct{ kind any }

// optional marks an argument that may stay unset, of the kind of its value.
type optional struct{ kind any }

func isRequired(fallback any) bool {
	_, is := fallback.(required)
	return is
}

func kindOf(fallback any) any {
	switch fallback := fallback.(type) {
	case required:
		return fallback.kind
	case optional:
		return fallback.kind
	default:
		return fallback
	}
}

func sameKind(value resource.PropertyValue, fallback any) bool {
	switch kindOf(fallback).(type) {
	case bool:
		return value.IsBool()
	case float64:
		return value.IsNumber()
	default:
		return value.IsString()
	}
}

func kindName(fallback any) string {
	switch kindOf(fallback).(type) {
	case bool:
		return "boolean"
	case float64:
		return "number"
	default:
		return "string"
	}
}

// complete adds the defaults.
func (g generator) complete(inputs resource.PropertyMap) resource.PropertyMap {
	completed := make(resource.PropertyMap, len(inputs)+len(g.inputs))
	for key, fallback := range g.inputs {
		switch fallback := fallback.(type) {
		case bool:
			completed[key] = resource.NewProperty(fallback)
		case float64:
			completed[key] = resource.NewProperty(fallback)
		case string:
			completed[key] = resource.NewProperty(fallback)
		}
	}
	for key, value := range inputs {
		completed[key] = value
	}
	return completed
}

// hide makes an output secret where it has to be.
func (g generator) hide(output resource.PropertyKey, value resource.PropertyValue) resource.PropertyValue {
	if g.secret[output] {
		return resource.MakeSecret(value)
	}
	return value
}

func plain(properties resource.PropertyMap) resource.PropertyMap {
	unwrapped := make(resource.PropertyMap, len(properties))
	for key, value := range properties {
		unwrapped[key] = plainValue(value)
	}
	return unwrapped
}

func plainValue(value resource.PropertyValue) resource.PropertyValue {
	switch {
	case value.IsSecret():
		return plainValue(value.SecretValue().Element)
	case value.IsObject():
		return resource.NewProperty(plain(value.ObjectValue()))
	default:
		return value
	}
}

func number(inputs resource.PropertyMap, key resource.PropertyKey) int {
	if value := inputs[key]; value.IsNumber() {
		return int(value.NumberValue())
	}
	return 0
}

func flag(inputs resource.PropertyMap, key resource.PropertyKey) bool {
	value := inputs[key]
	return value.IsBool() && value.BoolValue()
}

func text(inputs resource.PropertyMap, key resource.PropertyKey) string {
	if value := inputs[key]; value.IsString() {
		return value.StringValue()
	}
	return ""
}

func atLeast(inputs resource.PropertyMap, key resource.PropertyKey, minimum int) []problem {
	if given := number(inputs, key); given < minimum {
		return []problem{{string(key), fmt.Sprintf("is %d; it has to be at least %d", given, minimum)}}
	}
	return nil
}

var integerGenerator = generator{
	inputs: map[resource.PropertyKey]any{
		"min": required{0.0}, "max": required{0.0}, "seed": optional{""},
	},
	outputs: []resource.PropertyKey{"result"},
	rules: func(inputs resource.PropertyMap) []problem {
		if text(inputs, "seed") != "" {
			return []problem{{"seed", "is not supported by this stand-in plugin, whose numbers are all unpredictable"}}
		}
		return atLeast(inputs, "max", number(inputs, "min"))
	},
	draw: func(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
		low, high := int64(number(inputs, "min")), int64(number(inputs, "max"))
		drawn, err := below(new(big.Int).SetInt64(high - low + 1))
		if err != nil {
			return "", nil, err
		}
		result := low + drawn.Int64()
		return strconv.FormatInt(result, 10), resource.PropertyMap{"result": resource.NewProperty(float64(result))}, nil
	},
	adopt: adoptInteger,
}
