package kubeprovider

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// verdict is what a rule thinks of an object at a moment.
type verdict struct {
	ready bool
	// failed means that waiting longer is useless.
	failed bool
	// message says what is missing.
	message string
}

// rule tells when the objects of a kind are ready.
type rule struct {
	// standard is how long to wait unless the program says otherwise.
	standard time.Duration
	judge    func(object *unstructured.Unstructured, related map[string]*unstructured.Unstructured) verdict
	// related selects the objects to look at too, while the object is not ready; nil when there are none.
	related func(object *unstructured.Unstructured) *relation
	// explain names the reasons that the related objects give.
	explain func(related map[string]*unstructured.Unstructured) []string
	// shortcut asks the cluster once whether there is anything to wait for.
	shortcut func(ctx context.Context, connection *cluster, object *unstructured.Unstructured) (bool, error)
}

// relation is a set of objects in the same namespace.
type relation struct {
	resource  string
	group     string
	version   string
	selection v1.ListOptions
}

// awaitReady waits until the object is ready and returns it as it then is. The reasons are those why it is not; empty
// means ready. The annotations that steer the wait are read from what the program asked for.
func (s *server) awaitReady(
	ctx context.Context, connection *cluster, live, asked *unstructured.Unstructured, custom float64,
) (*unstructured.Unstructured, []string) {
	rule, err := s.ruleFor(asked)
	if err != nil {
		return live, []string{err.Error()}
	}
	if rule == nil {
		return live, nil
	}
	limit, err := timeout(custom, asked, rule.standard)
	if err != nil {
		return live, []string{err.Error()}
	}
	if rule.shortcut != nil {
		if done, err := rule.shortcut(ctx, connection, live); err != nil {
			return live, []string{err.Error()}
		} else if done {
			return live, nil
		}
	}
	ctx, release := s.interruptible(ctx)
	defer release()
	waiting := &waiting{server: s, connection: connection, rule: rule, live: live}
	return waiting.run(ctx, limit)
}

// checkReady judges the object once, for a refresh.
func (s *server) checkReady(ctx context.Context, connection *cluster, live *unstructured.Unstructured) []string {
	rule, err := s.ruleFor(live)
	if err != nil || rule == nil {
		// A wrong annotation is told when the object is updated; a refresh only looks.
		return nil
	}
	if rule.shortcut != nil {
		if done, err := rule.shortcut(ctx, connection, live); err != nil || done {
			return nil
		}
	}
	waiting := &waiting{server: s, connection: connection, rule: rule, live: live}
	return waiting.once(ctx)
}

// waiting is one object's wait.
type waiting struct {
	server     *server
	connection *cluster
	rule       *rule
	live       *unstructured.Unstructured
	// related is nil until the object turned out not to be ready.
	related    map[string]*unstructured.Unstructured
	relatedErr error
	last       verdict
	shown      string
}

func (w *waiting) run(ctx context.Context, limit time.Duration) (*unstructured.Unstructured, []string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.NewTimer(limit)
	defer timer.Stop()

	client, err := w.connection.resourceFor(w.live)
	if err != nil {
		return w.live, []string{err.Error()}
	}
	// The answer to the write may already be ready; a watch would only cost a request.
	if w.last = w.rule.judge(w.live, nil); w.last.ready {
		return w.live, nil
	}
	own := follow(ctx, client, named(w.live.GetName()))
	others := w.followRelated(ctx)
	for {
		select {
		case <-ctx.Done():
			return w.live, w.reasons(ctx, "the wait was cancelled")
		case <-timer.C:
			return w.live, w.reasons(ctx, fmt.Sprintf("timed out after %s waiting to be ready", limit))
		case seen := <-own:
			if seen.err != nil {
				return w.live, w.reasons(ctx, "cannot be watched: "+seen.err.Error())
			}
			current, exists := seen.objects[w.live.GetName()]
			if !exists {
				return w.live, []string{fmt.Sprintf("%s %q was deleted while it was waited for", w.live.GetKind(),
					id(w.live.GetNamespace(), w.live.GetName()))}
			}
			w.live = current
		case seen := <-others:
			w.related, w.relatedErr = seen.objects, seen.err
		}
		w.last = w.rule.judge(w.live, w.related)
		switch {
		case w.last.ready:
			return w.live, nil
		case w.last.failed:
			return w.live, w.reasons(ctx, w.last.message)
		}
		w.progress(ctx)
	}
}

// once judges without waiting; related objects are listed once when they matter.
func (w *waiting) once(ctx context.Context) []string {
	if w.last = w.rule.judge(w.live, nil); w.last.ready {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if others := w.followRelated(ctx); others != nil {
		seen := <-others
		w.related, w.relatedErr = seen.objects, seen.err
		if w.last = w.rule.judge(w.live, w.related); w.last.ready {
			return nil
		}
	}
	return w.reasons(ctx, "is not ready")
}

func (w *waiting) followRelated(ctx context.Context) <-chan snapshot {
	if w.rule.related == nil {
		return nil
	}
	relation := w.rule.related(w.live)
	if relation == nil {
		return nil
	}
	client := w.connection.client.Resource(relation.gvr()).Namespace(w.live.GetNamespace())
	return follow(ctx, client, relation.selection)
}

// progress shows what is missing, whenever that changes.
func (w *waiting) progress(ctx context.Context) {
	text := w.last.message
	if w.rule.explain != nil {
		if reasons := w.rule.explain(w.related); len(reasons) > 0 {
			text += " (" + reasons[0] + ")"
		}
	}
	if text != w.shown {
		w.shown = text
		w.server.show(ctx, text)
	}
}

// reasons lists why the object is not ready: the outcome, the object's own message, what its related objects say, and
// the warnings that the cluster recorded for any of them.
func (w *waiting) reasons(ctx context.Context, outcome string) []string {
	name := id(w.live.GetNamespace(), w.live.GetName())
	reasons := []string{fmt.Sprintf("%s %q %s", w.live.GetKind(), name, outcome)}
	if w.last.message != "" && w.last.message != outcome {
		reasons = append(reasons, w.last.message)
	}
	if w.rule.explain != nil {
		reasons = append(reasons, w.rule.explain(w.related)...)
	}
	if w.relatedErr != nil && !errors.Is(w.relatedErr, context.Canceled) {
		reasons = append(reasons, "its related objects cannot be read: "+w.relatedErr.Error())
	}
	return append(reasons, w.warnings(ctx)...)
}
