package kubeprovider

import (
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Length of the random end of a generated name, in hexadecimal digits, as in the official plugin.
const suffixLength = 8

// maxNameLength is the longest name that every kind accepts (a DNS label; most kinds take longer ones).
const maxNameLength = 63

// name gives the object a name unless the program did. An object that was named by the provider keeps its name, and
// the annotation that says so. The returned text says why no name can be made.
func (s *server) name(
	request *pulumirpc.CheckRequest, gvk schema.GroupVersionKind, inputs, olds resource.PropertyMap,
) string {
	metadata := metadataOf(inputs)
	for _, key := range []resource.PropertyKey{"name", "generateName"} {
		value, given := metadata[key]
		if !given {
			continue
		}
		if plain := withoutSecrets(value); plain.IsComputed() || (plain.IsString() && plain.StringValue() != "") {
			return ""
		}
	}
	token := string(resource.URN(request.GetUrn()).Type())
	if isPatchType(token, gvk.Kind) {
		return "a Patch resource needs the name of the object that it edits"
	}
	metadata = copyOf(metadata)
	setAnnotation(metadata, annotationAutonamed, "true")

	oldMetadata := metadataOf(olds)
	if wasAutonamed(oldMetadata) {
		metadata["name"] = oldMetadata["name"]
		setMetadata(inputs, metadata)
		return ""
	}
	base := resource.URN(request.GetUrn()).Name()
	var chosen string
	switch autonaming := request.GetAutonaming(); {
	case autonaming.GetMode() == pulumirpc.CheckRequest_AutonamingOptions_DISABLE:
		return "automatic naming is switched off for this stack, so a name has to be given"
	case autonaming.GetProposedName() != "":
		chosen = autonaming.GetProposedName()
	default:
		if limit := maxNameLength - suffixLength - 1; len(base) > limit {
			base = strings.TrimRight(base[:limit], "-._")
		}
		unique, err := resource.NewUniqueName(request.GetRandomSeed(), base+"-", suffixLength, maxNameLength, nil)
		if err != nil {
			return err.Error()
		}
		chosen = unique
	}
	metadata["name"] = resource.NewProperty(strings.ToLower(chosen))
	setMetadata(inputs, metadata)
	return ""
}

func wasAutonamed(metadata resource.PropertyMap) bool {
	annotations := withoutSecrets(metadata["annotations"])
	return annotations.IsObject() && stringAt(annotations.ObjectValue(), annotationAutonamed) == "true" &&
		stringAt(metadata, "name") != ""
}

func setAnnotation(metadata resource.PropertyMap, name, value string) {
	annotations := resource.PropertyMap{}
	if given := metadata["annotations"]; given.IsObject() {
		annotations = copyOf(given.ObjectValue())
	} else if given.IsSecret() && given.SecretValue().Element.IsObject() {
		annotations = copyOf(given.SecretValue().Element.ObjectValue())
	}
	annotations[resource.PropertyKey(name)] = resource.NewProperty(value)
	metadata["annotations"] = resource.NewProperty(annotations)
}
