package main

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/generic"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// store is the REST storage of one built-in resource: the generic one and what discovery shows of it.
type store struct {
	*genericregistry.Store
	*resource
	strategy *strategy
}

func (s *store) ShortNames() []string { return s.short }
func (s *store) Categories() []string {
	if s.is(inAll) {
		return []string{"all"}
	}
	return nil
}

func newStore(b *builtins, gv schema.GroupVersion, r *resource, options generic.RESTOptionsGetter) (*store, error) {
	newOf := func(o runtime.Object) func() runtime.Object {
		t := reflect.TypeOf(o).Elem()
		return func() runtime.Object { return reflect.New(t).Interface().(runtime.Object) }
	}
	st := &strategy{ObjectTyper: b.scheme, NameGenerator: names.SimpleNameGenerator, resource: r, version: gv}
	gr := gv.WithResource(r.plural).GroupResource()
	s := &genericregistry.Store{
		NewFunc:                   newOf(r.object),
		NewListFunc:               newOf(r.list),
		DefaultQualifiedResource:  gr,
		SingularQualifiedResource: gv.WithResource(strings.ToLower(r.kind())).GroupResource(),
		CreateStrategy:            st,
		UpdateStrategy:            st,
		DeleteStrategy:            st,
		ResetFieldsStrategy:       st,
		TableConvertor:            rest.NewDefaultTableConvertor(gr),
	}
	if r.ttlSeconds > 0 {
		s.TTLFunc = func(runtime.Object, uint64, bool) (uint64, error) { return r.ttlSeconds, nil }
	}
	err := s.CompleteWithOptions(&generic.StoreOptions{RESTOptions: options, AttrFunc: r.attributes})
	return &store{s, r, st}, err
}

// attributes are what label and field selectors see of an object.
func (r *resource) attributes(o runtime.Object) (labels.Set, fields.Set, error) {
	m := metaOf(o)
	set := fields.Set{"metadata.name": m.GetName()}
	if !r.is(clusterScoped) {
		set["metadata.namespace"] = m.GetNamespace()
	}
	for _, path := range r.selectable {
		v, err := lookup(reflect.ValueOf(o), strings.Split(path, "."))
		if err != nil {
			return nil, nil, err
		}
		set[path] = v
	}
	return m.GetLabels(), set, nil
}

// lookup follows JSON names; what lies behind a nil pointer reads as empty.
func lookup(v reflect.Value, path []string) (string, error) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", nil
		}
		v = v.Elem()
	}
	if len(path) == 0 {
		return fmt.Sprint(v.Interface()), nil
	}
	for i := range v.NumField() {
		if name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ","); name == path[0] {
			return lookup(v.Field(i), path[1:])
		}
	}
	return "", fmt.Errorf("%s has no field %s", v.Type(), path[0])
}

// subresource serves get and update (and so patch) of part of an object, under its own strategy.
type subresource struct{ store *genericregistry.Store }

type subresourceStrategy interface {
	rest.RESTUpdateStrategy
	rest.ResetFieldsStrategy
}

func (s *store) subresource(st subresourceStrategy) *subresource {
	c := *s.Store
	c.CreateStrategy, c.UpdateStrategy, c.ResetFieldsStrategy = nil, st, st
	return &subresource{&c}
}

func (r *subresource) New() runtime.Object { return r.store.New() }
func (r *subresource) Destroy()            {} // what it holds belongs to the resource's own store
func (r *subresource) Get(ctx context.Context, name string, o *metav1.GetOptions) (runtime.Object, error) {
	return r.store.Get(ctx, name, o)
}
func (r *subresource) Update(ctx context.Context, name string, info rest.UpdatedObjectInfo, create rest.ValidateObjectFunc, update rest.ValidateObjectUpdateFunc,
	_ bool, o *metav1.UpdateOptions) (runtime.Object, bool, error) {
	return r.store.Update(ctx, name, info, create, update, false, o)
}
func (r *subresource) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return r.store.GetResetFields()
}
func (r *subresource) ConvertToTable(ctx context.Context, o, options runtime.Object) (*metav1.Table, error) {
	return r.store.ConvertToTable(ctx, o, options)
}
