package kubeprovider

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// state is what the engine keeps of an object: the object as the server has it, without the book-keeping of field
// managers, and with the values secret that the program holds secret.
func state(live *unstructured.Unstructured, inputs resource.PropertyMap, fieldManager string) resource.PropertyMap {
	trimmed := live.DeepCopy()
	trimmed.SetManagedFields(nil)
	outputs := markSecrets(fromObject(trimmed.Object), inputs, live.GetKind())
	outputs[keyInitialAPIVersion] = resource.NewProperty(live.GetAPIVersion())
	outputs[keyFieldManager] = resource.NewProperty(fieldManager)
	return outputs
}

// unknown stands in a preview for a value that only the real operation gives.
var unknown = resource.MakeComputed(resource.NewProperty(""))

// previewState is the state that a preview promises. The dry run's object shows the defaults that the server fills in,
// but what it allocates anew in the real operation must not be taken for the final value.
func previewState(object, inputs resource.PropertyMap, kind string, creating bool) resource.PropertyMap {
	outputs := markSecrets(object, inputs, kind)
	metadata := copyOf(metadataOf(outputs))
	delete(metadata, "managedFields")
	if _, known := inputs["status"]; !known {
		outputs["status"] = unknown
	}
	if creating {
		for _, key := range []resource.PropertyKey{"uid", "resourceVersion", "creationTimestamp", "generation"} {
			metadata[key] = unknown
		}
	}
	if spec := withoutSecrets(inputs["spec"]); kind == "Service" && creating && spec.IsObject() && outputs["spec"].IsObject() {
		allocated := copyOf(outputs["spec"].ObjectValue())
		for _, key := range []resource.PropertyKey{"clusterIP", "clusterIPs"} {
			if _, given := spec.ObjectValue()[key]; !given {
				allocated[key] = unknown
			}
		}
		outputs["spec"] = resource.NewProperty(allocated)
	}
	if outputs["metadata"].IsObject() || outputs["metadata"].IsNull() {
		outputs["metadata"] = resource.NewProperty(metadata)
	}
	return outputs
}

// fieldManagerOf is the name under which the fields of an object are managed: the annotation's, the one of earlier
// operations, or a new one. It is unique to a resource, so that two programs that set the same field conflict.
func fieldManagerOf(inputs, oldOutputs resource.PropertyMap) string {
	annotations := withoutSecrets(metadataOf(inputs)["annotations"])
	if annotations.IsObject() {
		if name := stringAt(annotations.ObjectValue(), annotationPatchFieldManager); name != "" {
			return name
		}
	}
	if name := stringAt(oldOutputs, keyFieldManager); name != "" {
		return name
	}
	suffix := make([]byte, 4)
	// crypto/rand does not fail (it ends the process instead).
	_, _ = rand.Read(suffix)
	return "pulumi-kubernetes-" + hex.EncodeToString(suffix)
}

// initializationError reports an object that exists but did not become ready: the engine keeps it in its state and the
// next update tries again.
func initializationError(object *unstructured.Unstructured, reasons []string, outputs, inputs *structpb.Struct) error {
	name := id(object.GetNamespace(), object.GetName())
	message := fmt.Sprintf("the Kubernetes API server reported that %q failed to fully initialize or become live: %s",
		name, strings.Join(reasons, "; "))
	return rpcerror.WithDetails(rpcerror.New(codes.Unknown, message), &pulumirpc.ErrorResourceInitFailed{
		Id: name, Properties: outputs, Reasons: reasons, Inputs: inputs,
	})
}
