package kubeprovider

import (
	"context"
	"fmt"
	"sort"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// maxWarnings bounds how many events an error repeats.
const maxWarnings = 5

// eventPatience bounds the look-up of events, which only adds to an error that is reported anyway.
const eventPatience = 5 * time.Second

func (r *relation) gvr() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: r.group, Version: r.version, Resource: r.resource}
}

// warnings are the latest warning events about the object and its related ones. They hold what no status says: a quota
// that refuses a pod, a probe that fails, a volume that cannot be made.
func (w *waiting) warnings(ctx context.Context) []string {
	// The wait may have been cancelled; what happened is still worth a short look.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), eventPatience)
	defer cancel()
	if w.live.GetNamespace() == "" {
		return nil
	}
	about := map[string]bool{string(w.live.GetUID()): true}
	for _, object := range w.related {
		about[string(object.GetUID())] = true
	}
	gvr := schema.GroupVersionResource{Version: "v1", Resource: "events"}
	listed, err := w.connection.client.Resource(gvr).Namespace(w.live.GetNamespace()).
		List(ctx, v1.ListOptions{FieldSelector: "type=Warning"})
	if err != nil {
		// Without permission to read events the reasons are only less rich.
		return nil
	}
	sort.Slice(listed.Items, func(i, j int) bool { return lastSeen(&listed.Items[i]) > lastSeen(&listed.Items[j]) })
	var texts []string
	told := map[string]bool{}
	for i := range listed.Items {
		event := listed.Items[i].Object
		uid, _, _ := unstructured.NestedString(event, "involvedObject", "uid")
		if !about[uid] {
			continue
		}
		kind, _, _ := unstructured.NestedString(event, "involvedObject", "kind")
		name, _, _ := unstructured.NestedString(event, "involvedObject", "name")
		reason, _, _ := unstructured.NestedString(event, "reason")
		message, _, _ := unstructured.NestedString(event, "message")
		text := fmt.Sprintf("[event] %s %s: %s: %s", kind, name, reason, message)
		if told[text] {
			continue
		}
		told[text] = true
		if texts = append(texts, text); len(texts) == maxWarnings {
			break
		}
	}
	return texts
}

func lastSeen(event *unstructured.Unstructured) string {
	for _, field := range []string{"lastTimestamp", "eventTime"} {
		if seen, found, _ := unstructured.NestedString(event.Object, field); found && seen != "" {
			return seen
		}
	}
	return event.GetCreationTimestamp().UTC().Format(time.RFC3339)
}
