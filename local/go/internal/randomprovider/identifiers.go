package randomprovider

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var idGenerator = generator{
	inputs:  map[resource.PropertyKey]any{"byteLength": required{0.0}, "prefix": optional{""}},
	outputs: []resource.PropertyKey{"b64Std", "b64Url", "dec", "hex"},
	rules:   func(inputs resource.PropertyMap) []problem { return atLeast(inputs, "byteLength", 1) },
	draw: func(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
		drawn, err := drawBytes(number(inputs, "byteLength"))
		if err != nil {
			return "", nil, err
		}
		id, outputs := idOutputs(drawn, text(inputs, "prefix"))
		return id, outputs, nil
	},
	adopt: func(id string) (string, resource.PropertyMap, resource.PropertyMap, error) {
		inputs := resource.PropertyMap{}
		prefix, encoded := "", id
		if i := strings.LastIndex(id, ","); i >= 0 {
			prefix, encoded = id[:i], id[i+1:]
			inputs["prefix"] = resource.NewProperty(prefix)
		}
		decoded, err := base64.RawURLEncoding.DecodeString(encoded)
		if err != nil {
			return "", nil, nil, fmt.Errorf("%q is not base64 for URLs without padding: %w", encoded, err)
		}
		inputs["byteLength"] = resource.NewProperty(float64(len(decoded)))
		adopted, outputs := idOutputs(decoded, prefix)
		return adopted, inputs, outputs, nil
	},
}

// idOutputs writes the bytes in every form; the id is the one for URLs, without the prefix.
func idOutputs(drawn []byte, prefix string) (string, resource.PropertyMap) {
	forURL := base64.RawURLEncoding.EncodeToString(drawn)
	return forURL, resource.PropertyMap{
		"b64Std": resource.NewProperty(prefix + base64.StdEncoding.EncodeToString(drawn)),
		"b64Url": resource.NewProperty(prefix + forURL),
		"dec":    resource.NewProperty(prefix + new(big.Int).SetBytes(drawn).String()),
		"hex":    resource.NewProperty(prefix + hex.EncodeToString(drawn)),
	}
}

var bytesGenerator = generator{
	inputs:  map[resource.PropertyKey]any{"length": required{0.0}},
	outputs: []resource.PropertyKey{"base64", "hex"},
	secret:  map[resource.PropertyKey]bool{"base64": true, "hex": true},
	rules:   func(inputs resource.PropertyMap) []problem { return atLeast(inputs, "length", 1) },
	draw: func(inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
		drawn, err := drawBytes(number(inputs, "length"))
		return "none", bytesOutputs(drawn), err
	},
	adopt: func(id string) (string, resource.PropertyMap, resource.PropertyMap, error) {
		decoded, err := base64.StdEncoding.DecodeString(id)
		if err != nil {
			return "", nil, nil, fmt.Errorf("the id is not base64: %w", err)
		}
		inputs := resource.PropertyMap{"length": resource.NewProperty(float64(len(decoded)))}
		return "none", inputs, bytesOutputs(decoded), nil
	},
}

func bytesOutputs(drawn []byte) resource.PropertyMap {
	return resource.PropertyMap{
		"base64": resource.NewProperty(base64.StdEncoding.EncodeToString(drawn)),
		"hex":    resource.NewProperty(hex.EncodeToString(drawn)),
	}
}

func drawBytes(length int) ([]byte, error) {
	drawn := make([]byte, length)
	_, err := rand.Read(drawn)
	return drawn, err
}

var uuidGenerator = generator{
	inputs:  map[resource.PropertyKey]any{},
	outputs: []resource.PropertyKey{"result"},
	rules:   func(resource.PropertyMap) []problem { return nil },
	draw: func(resource.PropertyMap) (string, resource.PropertyMap, error) {
		drawn, err := uuid.NewRandom()
		return drawn.String(), resource.PropertyMap{"result": resource.NewProperty(drawn.String())}, err
	},
	adopt: func(id string) (string, resource.PropertyMap, resource.PropertyMap, error) {
		parsed, err := uuid.Parse(id)
		if err != nil {
			return "", nil, nil, fmt.Errorf("%q is no UUID: %w", id, err)
		}
		outputs := resource.PropertyMap{"result": resource.NewProperty(parsed.String())}
		return parsed.String(), resource.PropertyMap{}, outputs, nil
	},
}

// adoptInteger reads RESULT,MIN,MAX.
func adoptInteger(id string) (string, resource.PropertyMap, resource.PropertyMap, error) {
	parts := strings.Split(id, ",")
	if len(parts) != 3 {
		return "", nil, nil, fmt.Errorf("%q is not accepted; give RESULT,MIN,MAX", id)
	}
	numbers := make([]float64, len(parts))
	for i, part := range parts {
		parsed, err := strconv.ParseInt(part, 10, 64)
		if err != nil {
			return "", nil, nil, fmt.Errorf("%q in %q is no integer", part, id)
		}
		numbers[i] = float64(parsed)
	}
	return parts[0],
		resource.PropertyMap{"min": resource.NewProperty(numbers[1]), "max": resource.NewProperty(numbers[2])},
		resource.PropertyMap{"result": resource.NewProperty(numbers[0])}, nil
}
