package main

import (
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apiserver/pkg/registry/generic"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
)

// install adds the built-in groups to the server that already serves CRDs.
func (b *builtins) install(s *genericapiserver.GenericAPIServer, options generic.RESTOptionsGetter, reviews reviews, tokens *tokens) error {
	var events rest.Storage
	var named []*genericapiserver.APIGroupInfo
	for _, g := range groups {
		storage := reviews.storage(g.version)
		for i := range g.resources {
			st, err := newStore(b, g.version, &g.resources[i], options)
			if err != nil {
				return err
			}
			st.addTo(storage, tokens)
			if st.plural == "events" {
				events = st
			}
		}
		if g.version.Group == eventsv1.GroupName {
			storage["events"] = events
		}
		info := genericapiserver.NewDefaultAPIGroupInfo(g.version.Group, b.scheme, b.params, b.codecs)
		info.VersionedResourcesStorageMap[g.version.Version] = storage
		if g.version.Group != "" {
			named = append(named, &info)
		} else if err := s.InstallLegacyAPIGroup("/api", &info); err != nil {
			return err
		}
	}
	return s.InstallAPIGroups(named...)
}

func (s *store) addTo(storage map[string]rest.Storage, tokens *tokens) {
	storage[s.plural] = s
	if s.is(withStatus) {
		storage[s.plural+"/status"] = s.subresource(&statusStrategy{s.strategy})
	}
	switch s.plural {
	case "namespaces":
		storage["namespaces"] = newNamespaceStore(s)
		storage["namespaces/finalize"] = s.subresource(&finalizeStrategy{s.strategy})
	case "serviceaccounts":
		storage["serviceaccounts/token"] = &tokenStore{s, tokens}
	case "certificatesigningrequests":
		storage["certificatesigningrequests/status"] = s.subresource(&issueStrategy{s.strategy})
		storage["certificatesigningrequests/approval"] = s.subresource(&approvalStrategy{s.strategy})
	}
}
