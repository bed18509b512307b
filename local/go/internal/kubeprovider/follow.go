package kubeprovider

import (
	"context"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
)

// relistDelay keeps a watch that ends at once from becoming a busy loop.
const relistDelay = 200 * time.Millisecond

// snapshot is what a watched set of objects holds at a moment, by name.
type snapshot struct {
	objects map[string]*unstructured.Unstructured
	// err is set when the set cannot be watched, for instance for lack of permission; nothing follows it.
	err error
}

// follow watches the objects of a selection until the context ends. The channel holds the latest snapshot only: a slow
// reader misses intermediate ones, never the last.
func follow(ctx context.Context, client dynamic.ResourceInterface, selection v1.ListOptions) <-chan snapshot {
	out := make(chan snapshot, 1)
	go func() {
		for ctx.Err() == nil {
			if err := followOnce(ctx, client, selection, out); isFinal(err) {
				publish(out, snapshot{err: err})
				return
			}
			select {
			case <-ctx.Done():
			case <-time.After(relistDelay):
			}
		}
	}()
	return out
}

// isFinal tells an answer that trying again does not change from an API server that restarts or is busy.
func isFinal(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err) || apierrors.IsNotFound(err) ||
		apierrors.IsBadRequest(err) || apierrors.IsMethodNotSupported(err)
}

// followOnce lists and watches until the watch can no longer be resumed.
func followOnce(ctx context.Context, client dynamic.ResourceInterface, selection v1.ListOptions, out chan snapshot) error {
	listed, err := client.List(ctx, selection)
	if err != nil {
		return err
	}
	objects := map[string]*unstructured.Unstructured{}
	for i := range listed.Items {
		objects[listed.Items[i].GetName()] = &listed.Items[i]
	}
	publish(out, snapshot{objects: copyObjects(objects)})

	watcher, err := watchtools.NewRetryWatcherWithContext(ctx, listed.GetResourceVersion(), &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options v1.ListOptions) (watch.Interface, error) {
			options.LabelSelector, options.FieldSelector = selection.LabelSelector, selection.FieldSelector
			return client.Watch(ctx, options)
		},
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	for event := range watcher.ResultChan() {
		object, ok := event.Object.(*unstructured.Unstructured)
		switch {
		case event.Type == watch.Error:
			// Too old a version, most likely: list again.
			return nil
		case !ok || event.Type == watch.Bookmark:
			continue
		case event.Type == watch.Deleted:
			delete(objects, object.GetName())
		default:
			objects[object.GetName()] = object
		}
		publish(out, snapshot{objects: copyObjects(objects)})
	}
	return nil
}

func copyObjects(objects map[string]*unstructured.Unstructured) map[string]*unstructured.Unstructured {
	copied := make(map[string]*unstructured.Unstructured, len(objects))
	for name, object := range objects {
		copied[name] = object
	}
	return copied
}

// publish replaces what the reader has not taken yet. There is one writer, so the second send finds room.
func publish(out chan snapshot, latest snapshot) {
	select {
	case out <- latest:
		return
	default:
	}
	select {
	case <-out:
	default:
	}
	out <- latest
}

// named selects one object.
func named(name string) v1.ListOptions {
	return v1.ListOptions{FieldSelector: "metadata.name=" + name}
}
