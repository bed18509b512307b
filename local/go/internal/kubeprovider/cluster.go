package kubeprovider

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// cluster gives access to one API server. Discovery happens once, and only when a kind needs it.
type cluster struct {
	client    dynamic.Interface
	namespace string

	discovery func() (discovery.CachedDiscoveryInterface, error)
	mapper    func() (*restmapper.DeferredDiscoveryRESTMapper, error)

	mutex sync.Mutex
	// arrived is closed when a kind or a namespace came, which others may wait for.
	arrived chan struct{}
}

// connect prepares the clients. It does not contact the API server: a provider that is configured but not used must
// not need one.
func connect(s settings, warnings rest.WarningHandlerWithContext) (*cluster, error) {
	loader, err := kubeconfigLoader(s)
	if err != nil {
		return nil, err
	}
	config, err := loader.ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("no usable kubeconfig: %w; set the provider's kubeconfig (path or content), or KUBECONFIG", err)
	}
	namespace := s.namespace
	if namespace == "" {
		if namespace, _, err = loader.Namespace(); err != nil {
			return nil, err
		}
	}
	config.QPS, config.Burst, config.Timeout = s.qps, s.burst, s.timeout
	config.UserAgent = "berth-plugins"
	config.WarningHandlerWithContext = warnings
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	disco := sync.OnceValues(func() (discovery.CachedDiscoveryInterface, error) {
		plain, err := discovery.NewDiscoveryClientForConfig(config)
		if err != nil {
			return nil, err
		}
		return memory.NewMemCacheClient(plain), nil
	})
	return &cluster{
		client:    client,
		namespace: namespace,
		arrived:   make(chan struct{}),
		discovery: disco,
		mapper: sync.OnceValues(func() (*restmapper.DeferredDiscoveryRESTMapper, error) {
			cached, err := disco()
			if err != nil {
				return nil, err
			}
			return restmapper.NewDeferredDiscoveryRESTMapper(cached), nil
		}),
	}, nil
}

func kubeconfigLoader(s settings) (clientcmd.ClientConfig, error) {
	overrides := &clientcmd.ConfigOverrides{
		CurrentContext: s.context,
		Context:        clientcmdapi.Context{Cluster: s.cluster},
	}
	if s.kubeconfig != "" && isKubeconfigContent(s.kubeconfig) {
		parsed, err := clientcmd.Load([]byte(s.kubeconfig))
		if err != nil {
			// The text may hold credentials, so it is not repeated.
			return nil, fmt.Errorf("the content of kubeconfig is no kubeconfig file: %w", err)
		}
		return clientcmd.NewDefaultClientConfig(*parsed, overrides), nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	if s.kubeconfig != "" && !strings.ContainsRune(s.kubeconfig, ':') {
		rules.ExplicitPath = s.kubeconfig
	}
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides), nil
}

// mapping finds under which resource name a kind is served and whether it is namespaced.
func (c *cluster) mapping(gvk schema.GroupVersionKind) (schema.GroupVersionResource, bool, error) {
	if isBuiltin(gvk) {
		plural, _ := meta.UnsafeGuessKindToResource(gvk)
		return plural, !clusterScoped[gvk.Kind], nil
	}
	mapper, err := c.mapper()
	if err != nil {
		return schema.GroupVersionResource{}, false, err
	}
	found, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return schema.GroupVersionResource{}, false, err
	}
	return found.Resource, found.Scope.Name() == meta.RESTScopeNameNamespace, nil
}

// forget drops what discovery found, after a CustomResourceDefinition came or went.
func (c *cluster) forget() error {
	mapper, err := c.mapper()
	if err != nil {
		return err
	}
	mapper.Reset()
	return nil
}

// announce wakes those that wait for an object of this kind to come.
func (c *cluster) announce(kind string) error {
	if kind != "CustomResourceDefinition" && kind != "Namespace" {
		return nil
	}
	c.mutex.Lock()
	close(c.arrived)
	c.arrived = make(chan struct{})
	c.mutex.Unlock()
	if kind == "CustomResourceDefinition" {
		return c.forget()
	}
	return nil
}

// arrival is closed at the next announcement.
func (c *cluster) arrival() <-chan struct{} {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.arrived
}

// resource is the client for the objects of a kind in a namespace, which is ignored for cluster-scoped kinds.
func (c *cluster) resource(gvk schema.GroupVersionKind, namespace string) (dynamic.ResourceInterface, error) {
	gvr, namespaced, err := c.mapping(gvk)
	if err != nil {
		return nil, err
	}
	if !namespaced {
		return c.client.Resource(gvr), nil
	}
	if namespace == "" {
		namespace = c.namespace
	}
	return c.client.Resource(gvr).Namespace(namespace), nil
}

func (c *cluster) resourceFor(object *unstructured.Unstructured) (dynamic.ResourceInterface, error) {
	return c.resource(object.GroupVersionKind(), object.GetNamespace())
}

// isUnreachable tells an API server that cannot be reached from one that refuses a request.
func isUnreachable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	var dns *net.DNSError
	var operation *net.OpError
	var transport *url.Error
	return utilnet.IsConnectionRefused(err) || errors.As(err, &dns) || errors.As(err, &operation) ||
		(errors.As(err, &transport) && transport.Timeout())
}

// describe adds the fix to errors whose cause lies outside the program.
func (c *cluster) describe(err error) error {
	switch {
	case isUnreachable(err):
		return fmt.Errorf("configured Kubernetes cluster is unreachable: %w; check that it runs and that the kubeconfig "+
			"points to it", err)
	default:
		return err
	}
}
