package main

import (
	"net/url"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/util/proxy"
	"k8s.io/client-go/informers"
	corelisters "k8s.io/client-go/listers/core/v1"
	discoverylisters "k8s.io/client-go/listers/discovery/v1"
)

// serviceResolver finds what is behind a webhook's service reference. There is no cluster network: a
// Service leads to the addresses of the EndpointSlices that a test writes for it.
type serviceResolver struct {
	services corelisters.ServiceLister
	slices   discoverylisters.EndpointSliceLister
}

func newServiceResolver(f informers.SharedInformerFactory) *serviceResolver {
	return &serviceResolver{f.Core().V1().Services().Lister(), f.Discovery().V1().EndpointSlices().Lister()}
}

func (r *serviceResolver) ResolveEndpoint(namespace, name string, port int32) (*url.URL, error) {
	return proxy.ResolveEndpoint(r.services, r, namespace, name, port)
}

func (r *serviceResolver) GetEndpointSlices(namespace, service string) ([]*discoveryv1.EndpointSlice, error) {
	return r.slices.EndpointSlices(namespace).List(labels.SelectorFromSet(labels.Set{discoveryv1.LabelServiceName: service}))
}
