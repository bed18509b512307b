// Package ext completes Traefik's build from its Go module. Traefik keeps this
// package in a nested module of its own repository that is not published, so a
// build from the module mirror has to supply it. The types are the extension
// points of Traefik's dynamic configuration; upstream's are empty as well.
package ext

// HTTP extends the HTTP section of the dynamic configuration by nothing.
type HTTP struct{}

// DeepCopyInto copies nothing, for there is nothing to copy.
func (in *HTTP) DeepCopyInto(out *HTTP) { *out = *in }

// Router extends an HTTP router by nothing.
type Router struct{}

// DeepCopyInto copies nothing, for there is nothing to copy.
func (in *Router) DeepCopyInto(out *Router) { *out = *in }
