package kubeprovider

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// deleteTimeout is how long a deletion may take by default, the official plugin's figure.
const deleteTimeout = 10 * time.Minute

// Delete removes the object and waits until it is gone, its dependents and finalizers included.
func (s *server) Delete(ctx context.Context, request *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	ctx = about(ctx, request.GetUrn())
	outputs, err := readProperties("properties", request.GetProperties())
	if err != nil {
		return nil, err
	}
	inputs, err := readProperties("oldInputs", request.GetOldInputs())
	if err != nil {
		return nil, err
	}
	asked, err := objectOf(inputs)
	if err != nil {
		return nil, err
	}
	object, err := objectOf(outputs)
	if err != nil {
		return nil, err
	}
	if object.GetKind() == "" || object.GetAPIVersion() == "" {
		object = asked
	}
	namespace, name := splitID(resource.ID(request.GetId()))
	object.SetNamespace(namespace)
	object.SetName(name)
	connection, err := s.connected()
	if err != nil {
		return nil, err
	}
	if isPatchType(string(resource.URN(request.GetUrn()).Type()), object.GetKind()) {
		err = s.releaseFields(ctx, connection, object, fieldManagerOf(inputs, outputs))
	} else {
		err = s.remove(ctx, connection, object, asked, request.GetTimeout())
	}
	if isUnreachable(err) && s.settings.deleteUnreachable {
		s.say(ctx, diag.Warning, "the cluster is unreachable; this object is taken for deleted because "+
			"deleteUnreachable is set")
		return &emptypb.Empty{}, nil
	}
	return &emptypb.Empty{}, connection.describe(err)
}

// remove deletes the object and waits for its end.
func (s *server) remove(
	ctx context.Context, connection *cluster, object, asked *unstructured.Unstructured, custom float64,
) error {
	if asked.GetKind() == "" {
		asked = object
	}
	policy, err := propagation(asked)
	if err != nil {
		return err
	}
	limit, err := timeout(custom, asked, deleteTimeout)
	if err != nil {
		return err
	}
	client, err := connection.resourceFor(object)
	if meta.IsNoMatchError(err) {
		// Its kind is gone, so it is too.
		return nil
	}
	if err != nil {
		return err
	}
	err = client.Delete(ctx, object.GetName(), v1.DeleteOptions{PropagationPolicy: &policy})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !isTrue(asked, annotationSkipAwait) {
		if err := s.awaitGone(ctx, connection, client, object, limit); err != nil {
			return err
		}
	}
	if object.GetKind() == "CustomResourceDefinition" {
		return connection.forget()
	}
	return nil
}

// awaitGone waits until no object of that name exists, or one that was made since.
func (s *server) awaitGone(
	ctx context.Context, connection *cluster, client dynamic.ResourceInterface, object *unstructured.Unstructured,
	limit time.Duration,
) error {
	ctx, release := s.interruptible(ctx)
	defer release()
	watching, stop := context.WithTimeout(ctx, limit)
	defer stop()
	var last *unstructured.Unstructured
	shown := ""
	seen := follow(watching, client, named(object.GetName()))
	for {
		select {
		case <-watching.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("the wait for the deletion of %s %q was cancelled", object.GetKind(),
					id(object.GetNamespace(), object.GetName()))
			}
			return s.stillThere(ctx, connection, object, last, limit)
		case current := <-seen:
			if current.err != nil {
				return current.err
			}
			live, exists := current.objects[object.GetName()]
			if !exists || isAnother(live, object) {
				return nil
			}
			last = live
			if text := strings.Join(holding(live), "; "); text != shown {
				shown = text
				s.show(ctx, "deleting: "+text)
			}
		}
	}
}

// isAnother tells an object of the same name that was made after the deletion.
func isAnother(live, deleted *unstructured.Unstructured) bool {
	return deleted.GetUID() != "" && live.GetUID() != deleted.GetUID()
}

// holding says what the object itself reports of what holds up its deletion.
func holding(live *unstructured.Unstructured) []string {
	var texts []string
	if finalizers := live.GetFinalizers(); len(finalizers) > 0 {
		texts = append(texts, "waiting for the finalizers "+strings.Join(finalizers, ", "))
	}
	conditions, _, _ := unstructured.NestedSlice(live.Object, "status", "conditions")
	for _, item := range conditions {
		condition, ok := item.(map[string]any)
		if !ok || condition["status"] != "True" || live.GetKind() != "Namespace" {
			continue
		}
		texts = append(texts, fmt.Sprint(condition["message"]))
	}
	return texts
}

// releaseFields takes back what a Patch resource set, by applying nothing under its manager.
func (s *server) releaseFields(
	ctx context.Context, connection *cluster, object *unstructured.Unstructured, manager string,
) error {
	client, err := connection.resourceFor(object)
	if meta.IsNoMatchError(err) {
		return nil
	}
	if err != nil {
		return err
	}
	empty := &unstructured.Unstructured{}
	empty.SetAPIVersion(object.GetAPIVersion())
	empty.SetKind(object.GetKind())
	empty.SetName(object.GetName())
	empty.SetNamespace(object.GetNamespace())
	_, err = s.apply(ctx, client, empty, manager, applyOptions{mustExist: true})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
