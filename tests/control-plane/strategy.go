package main

import (
	"context"
	"reflect"

	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/storage/names"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// strategy is the create, update and delete strategy of every built-in resource: it keeps spec and
// status apart and counts generations. It validates metadata only; the semantic validation of
// built-in types is not part of the libraries.
type strategy struct {
	runtime.ObjectTyper
	names.NameGenerator
	*resource
	version schema.GroupVersion
}

func (s *strategy) NamespaceScoped() bool                                     { return !s.is(clusterScoped) }
func (s *strategy) AllowCreateOnUpdate() bool                                 { return s.is(createOnUpdate) }
func (s *strategy) AllowUnconditionalUpdate() bool                            { return true }
func (s *strategy) Canonicalize(runtime.Object)                               {}
func (s *strategy) WarningsOnCreate(context.Context, runtime.Object) []string { return nil }
func (s *strategy) WarningsOnUpdate(context.Context, runtime.Object, runtime.Object) []string {
	return nil
}

func (s *strategy) PrepareForCreate(ctx context.Context, o runtime.Object) {
	if s.is(withStatus) && !s.is(statusAtCreation) {
		part(o, "Status").SetZero()
	}
	generation := int64(0)
	if s.is(withGeneration) {
		generation = 1
	}
	metaOf(o).SetGeneration(generation)
	if s.onCreate != nil {
		s.onCreate(ctx, o)
	}
}

func (s *strategy) PrepareForUpdate(_ context.Context, o, old runtime.Object) {
	if s.is(withStatus) {
		part(o, "Status").Set(part(old, "Status"))
	}
	generation := metaOf(old).GetGeneration()
	if s.is(withGeneration) && !sameContent(o, old) {
		generation++
	}
	metaOf(o).SetGeneration(generation)
}

func (s *strategy) Validate(_ context.Context, o runtime.Object) field.ErrorList {
	check := validation.NameIsDNSSubdomain
	if s.is(pathNames) {
		check = func(string, bool) []string { return nil } // the generic registry checks path segments itself
	}
	return validation.ValidateObjectMetaAccessor(metaOf(o), s.NamespaceScoped(), check, field.NewPath("metadata"))
}

func (s *strategy) ValidateUpdate(_ context.Context, o, old runtime.Object) field.ErrorList {
	errs := validation.ValidateObjectMetaAccessorUpdate(metaOf(o), metaOf(old), field.NewPath("metadata"))
	if i := part(old, "Immutable"); i.IsValid() && !i.IsNil() && i.Elem().Bool() && !sameContent(o, old) {
		errs = append(errs, field.Forbidden(field.NewPath("data"), "field is immutable when `immutable` is set"))
	}
	return errs
}

func (s *strategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	if !s.is(withStatus) {
		return nil
	}
	return s.resets("status")
}

func (s *strategy) resets(part string) map[fieldpath.APIVersion]*fieldpath.Set {
	return map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(s.version.String()): fieldpath.NewSet(fieldpath.MakePathOrDie(part))}
}

// statusStrategy is that of the status subresource: only status and metadata pass.
type statusStrategy struct{ *strategy }

func (s *statusStrategy) PrepareForUpdate(_ context.Context, o, old runtime.Object) {
	if spec := part(o, "Spec"); spec.IsValid() {
		spec.Set(part(old, "Spec"))
	}
	metaOf(o).SetGeneration(metaOf(old).GetGeneration())
	metaOf(o).SetOwnerReferences(metaOf(old).GetOwnerReferences())
}

func (s *statusStrategy) GetResetFields() map[fieldpath.APIVersion]*fieldpath.Set {
	return s.resets("spec")
}

func metaOf(o runtime.Object) metav1.Object {
	m, err := meta.Accessor(o)
	utilruntime.Must(err) // every type of the table has ObjectMeta
	return m
}

func part(o runtime.Object, name string) reflect.Value {
	return reflect.ValueOf(o).Elem().FieldByName(name)
}

// sameContent compares all but type, metadata and status.
func sameContent(a, b runtime.Object) bool {
	va, vb := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range va.NumField() {
		switch va.Type().Field(i).Name {
		case "TypeMeta", "ObjectMeta", "Status":
		default:
			if !apiequality.Semantic.DeepEqual(va.Field(i).Interface(), vb.Field(i).Interface()) {
				return false
			}
		}
	}
	return true
}
