package main

import (
	"slices"

	"k8s.io/apiextensions-apiserver/pkg/apihelpers"
	extv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	extinformers "k8s.io/apiextensions-apiserver/pkg/client/informers/externalversions/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	genericdiscovery "k8s.io/apiserver/pkg/endpoints/discovery"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// kind is a kind of object that can be listed and deleted.
type kind struct {
	schema.GroupVersionResource
	name       string
	namespaced bool
}

func (k kind) groupKind() schema.GroupKind { return schema.GroupKind{Group: k.Group, Kind: k.name} }

// deletableKinds asks the server's own discovery, so that custom resources are among them. Events of
// events.k8s.io are left out: they are the core events.
func (l *loopback) deletableKinds() ([]kind, error) {
	lists, err := discovery.ServerPreferredResources(l.typed.Discovery())
	if err != nil {
		return nil, err
	}
	var kinds []kind
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists) {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			return nil, err
		}
		for _, r := range list.APIResources {
			if gv.Group != "events.k8s.io" {
				kinds = append(kinds, kind{gv.WithResource(r.Name), r.Kind, r.Namespaced})
			}
		}
	}
	return kinds, nil
}

// publishCRDGroups keeps the groups of CRDs in the plain list at /apis. In a cluster the aggregator does;
// the aggregated form of discovery has them from the CRD handler.
func publishCRDGroups(h genericapiserver.PostStartHookContext, published genericdiscovery.GroupManager, crds extinformers.CustomResourceDefinitionInformer) error {
	changed := make(chan struct{}, 1)
	notify := func(any) {
		select {
		case changed <- struct{}{}:
		default: // a publication that has not begun will see this change too
		}
	}
	if _, err := crds.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: notify, UpdateFunc: func(_, o any) { notify(o) }, DeleteFunc: notify}); err != nil {
		return err
	}
	go func() {
		var known map[string][]string
		for {
			select {
			case <-h.Done():
				return
			case <-changed:
			}
			list, err := crds.Lister().List(labels.Everything())
			if err != nil {
				klog.ErrorS(err, "listing CRDs")
				continue
			}
			served := servedVersions(list)
			for g, versions := range served {
				published.AddGroup(describeGroup(g, versions))
			}
			for g := range known {
				if served[g] == nil {
					published.RemoveGroup(g)
				}
			}
			known = served
		}
	}()
	return nil
}

// servedVersions has the served versions of each group, the preferred one first.
func servedVersions(crds []*extv1.CustomResourceDefinition) map[string][]string {
	served := map[string][]string{}
	for _, c := range crds {
		if !apihelpers.IsCRDConditionTrue(c, extv1.Established) {
			continue
		}
		for _, v := range c.Spec.Versions {
			if g := c.Spec.Group; v.Served && !slices.Contains(served[g], v.Name) {
				served[g] = append(served[g], v.Name)
			}
		}
	}
	for _, versions := range served {
		slices.SortFunc(versions, func(a, b string) int { return version.CompareKubeAwareVersionStrings(b, a) })
	}
	return served
}

func describeGroup(name string, versions []string) metav1.APIGroup {
	g := metav1.APIGroup{Name: name}
	for _, v := range versions {
		g.Versions = append(g.Versions, metav1.GroupVersionForDiscovery{GroupVersion: name + "/" + v, Version: v})
	}
	g.PreferredVersion = g.Versions[0]
	return g
}
