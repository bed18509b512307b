package randomprovider

import (
	"crypto/rand"
	"fmt"
	"math/big"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/bcrypt"
)

const (
	lowerLetters = "abcdefghijklmnopqrstuvwxyz"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits       = "0123456789"
	// specialCharacters are the official plugin's default.
	specialCharacters = "!@#$%&*()-_=+[]{}<>:?"
	// bcryptLimit is how many bytes of a password bcrypt takes.
	bcryptLimit = 72
)

// alphabet is one class of characters: whether to use it, and how many at least.
type alphabet struct {
	use, minimum resource.PropertyKey
	characters   func(inputs resource.PropertyMap) string
}

func fixed(characters string) func(resource.PropertyMap) string {
	return func(resource.PropertyMap) string { return characters }
}

var alphabets = []alphabet{
	{"lower", "minLower", fixed(lowerLetters)},
	{"upper", "minUpper", fixed(upperLetters)},
	{"numeric", "minNumeric", fixed(digits)},
	{"special", "minSpecial", func(inputs resource.PropertyMap) string {
		if own := text(inputs, "overrideSpecial"); own != "" {
			return own
		}
		return specialCharacters
	}},
}

// passwordGenerator makes RandomPassword (secret, with a bcrypt hash) and RandomString (neither).
func passwordGenerator(secret bool) generator {
	made := generator{
		inputs: map[resource.PropertyKey]any{
			"length": required{0.0}, "lower": true, "upper": true, "special": true, "numeric": optional{true},
			"number": optional{true}, "minLower": 0.0, "minUpper": 0.0, "minNumeric": 0.0, "minSpecial": 0.0,
			"overrideSpecial": optional{""},
		},
		outputs: []resource.PropertyKey{"result"},
		rules:   passwordRules,
	}
	made.draw = func(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
		result, err := drawPassword(inputs)
		if err != nil {
			return "", nil, err
		}
		outputs, err := passwordOutputs(inputs, result, secret)
		if secret {
			// The id is not secret, so it must not be the password.
			return "none", outputs, err
		}
		return result, outputs, err
	}
	made.adopt = func(id string) (string, resource.PropertyMap, resource.PropertyMap, error) {
		inputs := resource.PropertyMap{"length": resource.NewProperty(float64(len([]rune(id))))}
		outputs, err := passwordOutputs(inputs, id, secret)
		if secret {
			return "none", inputs, outputs, err
		}
		return id, inputs, outputs, err
	}
	if secret {
		made.outputs = append(made.outputs, "bcryptHash")
		made.secret = map[resource.PropertyKey]bool{"result": true, "bcryptHash": true}
	}
	return made
}

// usesDigits honours the older name of the argument too.
func usesDigits(inputs resource.PropertyMap) bool {
	for _, key := range []resource.PropertyKey{"numeric", "number"} {
		if value, given := inputs[key]; given && value.IsBool() {
			return value.BoolValue()
		}
	}
	return true
}

func uses(inputs resource.PropertyMap, kind alphabet) bool {
	if kind.use == "numeric" {
		return usesDigits(inputs)
	}
	return flag(inputs, kind.use)
}

func passwordRules(inputs resource.PropertyMap) []problem {
	problems := atLeast(inputs, "length", 1)
	_, hasNumber := inputs["number"]
	_, hasNumeric := inputs["numeric"]
	if hasNumber && hasNumeric && flag(inputs, "number") != flag(inputs, "numeric") {
		problems = append(problems, problem{"number", "contradicts numeric, whose older name it is; give numeric only"})
	}
	sum, any := 0, false
	for _, kind := range alphabets {
		problems = append(problems, atLeast(inputs, kind.minimum, 0)...)
		sum += number(inputs, kind.minimum)
		any = any || uses(inputs, kind)
	}
	if !any {
		problems = append(problems, problem{"lower", "is false, as are upper, numeric and special; one of them has to be true"})
	}
	if length := number(inputs, "length"); length < sum {
		problems = append(problems, problem{"length", fmt.Sprintf(
			"is %d, less than minLower + minUpper + minNumeric + minSpecial, which is %d", length, sum)})
	}
	return problems
}

// drawPassword draws the required characters of each class, fills up from all classes, and shuffles.
func drawPassword(inputs resource.PropertyMap) (string, error) {
	var all, drawn []rune
	for _, kind := range alphabets {
		characters := []rune(kind.characters(inputs))
		if uses(inputs, kind) {
			all = append(all, characters...)
		}
		some, err := pick(characters, number(inputs, kind.minimum))
		if err != nil {
			return "", err
		}
		drawn = append(drawn, some...)
	}
	rest, err := pick(all, number(inputs, "length")-len(drawn))
	if err != nil {
		return "", err
	}
	drawn = append(drawn, rest...)
	for i := len(drawn) - 1; i > 0; i-- {
		j, err := below(big.NewInt(int64(i + 1)))
		if err != nil {
			return "", err
		}
		drawn[i], drawn[j.Int64()] = drawn[j.Int64()], drawn[i]
	}
	return string(drawn), nil
}

func passwordOutputs(inputs resource.PropertyMap, result string, secret bool) (resource.PropertyMap, error) {
	numeric := resource.NewProperty(usesDigits(inputs))
	outputs := resource.PropertyMap{"result": resource.NewProperty(result), "numeric": numeric, "number": numeric}
	if secret {
		hashed := []byte(result)
		if len(hashed) > bcryptLimit {
			hashed = hashed[:bcryptLimit]
		}
		hash, err := bcrypt.GenerateFromPassword(hashed, bcrypt.DefaultCost)
		if err != nil {
			return nil, err
		}
		outputs["bcryptHash"] = resource.NewProperty(string(hash))
	}
	return outputs, nil
}

func pick(characters []rune, count int) ([]rune, error) {
	picked := make([]rune, 0, max(count, 0))
	for len(picked) < count {
		i, err := below(big.NewInt(int64(len(characters))))
		if err != nil {
			return nil, err
		}
		picked = append(picked, characters[i.Int64()])
	}
	return picked, nil
}

// below draws a number from 0 to limit-1, each equally likely.
func below(limit *big.Int) (*big.Int, error) { return rand.Int(rand.Reader, limit) }
