package randomprovider

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/crypto/bcrypt"
)

const passwordURN = "urn:pulumi:s::p::random:index/randomPassword:RandomPassword::a"

func numbers(values map[resource.PropertyKey]float64) resource.PropertyMap {
	properties := resource.PropertyMap{}
	for key, value := range values {
		properties[key] = resource.NewProperty(value)
	}
	return properties
}

func TestDrawPasswordKeepsItsPromises(t *testing.T) {
	kind := passwordGenerator(true)
	inputs := kind.complete(numbers(map[resource.PropertyKey]float64{
		"length": 12, "minLower": 1, "minUpper": 2, "minNumeric": 3, "minSpecial": 4,
	}))
	seen := map[string]bool{}
	for range 200 {
		drawn, err := drawPassword(inputs)
		if err != nil {
			t.Fatal(err)
		}
		seen[drawn] = true
		for class, minimum := range map[string]int{`[a-z]`: 1, `[A-Z]`: 2, `[0-9]`: 3, `[^a-zA-Z0-9]`: 4} {
			if found := len(regexp.MustCompile(class).FindAllString(drawn, -1)); found < minimum {
				t.Fatalf("%q has %d of %s, want %d", drawn, found, class, minimum)
			}
		}
		if len(drawn) != 12 {
			t.Fatalf("%q has %d characters", drawn, len(drawn))
		}
	}
	if len(seen) < 200 {
		t.Errorf("only %d of 200 passwords differ", len(seen))
	}
}

func TestCheckNamesEveryProblem(t *testing.T) {
	cases := map[string]struct {
		token  string
		inputs resource.PropertyMap
		want   string
	}{
		"missing":        {"randomPassword:RandomPassword", resource.PropertyMap{}, "length"},
		"too short":      {"randomString:RandomString", numbers(map[resource.PropertyKey]float64{"length": 2, "minLower": 3}), "length"},
		"wrong type":     {"randomId:RandomId", resource.PropertyMap{"byteLength": resource.NewProperty("four")}, "byteLength"},
		"unknown":        {"randomUuid:RandomUuid", resource.PropertyMap{"lenght": resource.NewProperty(1.0)}, "lenght"},
		"seed":           {"randomInteger:RandomInteger", resource.PropertyMap{"min": resource.NewProperty(1.0), "max": resource.NewProperty(2.0), "seed": resource.NewProperty("s")}, "seed"},
		"upside down":    {"randomInteger:RandomInteger", numbers(map[resource.PropertyKey]float64{"min": 5, "max": 1}), "max"},
		"nothing to use": {"randomString:RandomString", resource.PropertyMap{"length": resource.NewProperty(1.0), "lower": resource.NewProperty(false), "upper": resource.NewProperty(false), "numeric": resource.NewProperty(false), "special": resource.NewProperty(false)}, "lower"},
	}
	for name, test := range cases {
		problems := generators["random:index/"+test.token].check(test.inputs)
		if len(problems) != 1 || problems[0].property != test.want {
			t.Errorf("%s: got %v, want one about %s", name, problems, test.want)
		}
	}
	unknown := resource.PropertyMap{"length": resource.MakeComputed(resource.NewProperty(0.0))}
	if problems := passwordGenerator(true).check(unknown); len(problems) != 0 {
		t.Errorf("a length that is not known yet: %v", problems)
	}
}

func TestPlanDiff(t *testing.T) {
	kind := passwordGenerator(true)
	olds := numbers(map[resource.PropertyKey]float64{"length": 8})
	news := copyOf(olds)
	news["special"] = resource.NewProperty(true)
	news["length"] = resource.MakeSecret(news["length"])
	if diff := planDiff(kind, olds, news); diff.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("a default that is spelled out, or secretness, counts as a change: %v", diff)
	}
	news["keepers"] = resource.NewProperty(resource.PropertyMap{"g": resource.NewProperty("2")})
	if diff := planDiff(kind, olds, news); len(diff.GetReplaces()) != 1 || diff.GetReplaces()[0] != "keepers" {
		t.Errorf("a changed keeper does not replace: %v", diff)
	}
}

func copyOf(properties resource.PropertyMap) resource.PropertyMap {
	copied := resource.PropertyMap{}
	for key, value := range properties {
		copied[key] = value
	}
	return copied
}

func TestCreateHidesThePassword(t *testing.T) {
	inputs, err := write(numbers(map[resource.PropertyKey]float64{"length": 80}))
	if err != nil {
		t.Fatal(err)
	}
	created, err := (&server{}).Create(context.Background(), &pulumirpc.CreateRequest{Urn: passwordURN, Properties: inputs})
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := read("outputs", created.GetProperties())
	if err != nil {
		t.Fatal(err)
	}
	if !outputs["result"].IsSecret() || !outputs["bcryptHash"].IsSecret() || created.GetId() != "none" {
		t.Errorf("the password shows: id %q, %v", created.GetId(), outputs)
	}
	result := plainValue(outputs["result"]).StringValue()
	hash := plainValue(outputs["bcryptHash"]).StringValue()
	if err := bcrypt.CompareHashAndPassword([]byte(hash), []byte(result[:bcryptLimit])); err != nil {
		t.Errorf("the hash is not the password's: %v", err)
	}
}

func TestAdopt(t *testing.T) {
	cases := map[string]struct{ token, id, output, want string }{
		"id":      {"randomId:RandomId", "x-,AQID", "hex", "x-010203"},
		"bytes":   {"randomBytes:RandomBytes", "AQID", "hex", "010203"},
		"integer": {"randomInteger:RandomInteger", "7,1,9", "result", "7"},
		"uuid":    {"randomUuid:RandomUuid", "AABBCCDD-eeff-4011-8233-445566778899", "result", "aabbccdd-eeff-4011-8233-445566778899"},
	}
	for name, test := range cases {
		_, _, outputs, err := generators["random:index/"+test.token].adopt(test.id)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := outputs[resource.PropertyKey(test.output)]; !strings.Contains(got.String(), test.want) {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
	}
	for token, id := range map[string]string{
		"randomId:RandomId": "!", "randomBytes:RandomBytes": "!", "randomInteger:RandomInteger": "7", "randomUuid:RandomUuid": "no",
		"randomPet:RandomPet": "nice-cat",
	} {
		if _, _, _, err := generators["random:index/"+token].adopt(id); err == nil {
			t.Errorf("%s: %q is accepted", token, id)
		}
	}
}
