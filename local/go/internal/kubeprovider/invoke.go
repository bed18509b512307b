package kubeprovider

import (
	"context"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Invoke answers `kubernetes:yaml:decode`, by which the older yaml components, that run in the program, read manifests.
func (s *server) Invoke(_ context.Context, request *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	if request.GetTok() != "kubernetes:yaml:decode" {
		return nil, status.Errorf(codes.Unimplemented, "the function %s is not supported by this stand-in plugin; use "+
			"kubernetes.helm.v4.Chart or kubernetes.yaml.v2, or the official plugin", request.GetTok())
	}
	args, err := readProperties("args", request.GetArgs())
	if err != nil {
		return nil, err
	}
	objects, err := parseManifests("text", strings.NewReader(stringAt(args, "text")))
	if err != nil {
		return nil, err
	}
	namespace := stringAt(args, "defaultNamespace")
	decoded := make([]resource.PropertyValue, len(objects))
	for i, object := range objects {
		if gvk := object.GroupVersionKind(); namespace != "" && object.GetNamespace() == "" &&
			!(isBuiltin(gvk) && clusterScoped[gvk.Kind]) {
			object.SetNamespace(namespace)
		}
		decoded[i] = resource.NewProperty(fromObject(object.Object))
	}
	result, err := writeProperties("result", resource.PropertyMap{"result": resource.NewProperty(decoded)})
	return &pulumirpc.InvokeResponse{Return: result}, err
}
