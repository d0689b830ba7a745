package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	genericapiserver "k8s.io/apiserver/pkg/server"
)

// reviews answer questions about callers; nothing of them is stored.
type reviews struct{ cfg *genericapiserver.Config }

// storage has the reviews that belong to a group version, if any.
func (r reviews) storage(gv schema.GroupVersion) map[string]rest.Storage {
	s := map[string]rest.Storage{}
	switch gv {
	case authenticationv1.SchemeGroupVersion:
		s["tokenreviews"] = newReview(false, r.reviewToken)
		s["selfsubjectreviews"] = newReview(false, r.reviewSelf)
	case authorizationv1.SchemeGroupVersion:
		s["subjectaccessreviews"] = newReview(false, r.reviewAccess)
		s["localsubjectaccessreviews"] = newReview(true, r.reviewLocalAccess)
		s["selfsubjectaccessreviews"] = newReview(false, r.reviewOwnAccess)
		s["selfsubjectrulesreviews"] = newReview(false, r.reviewOwnRules)
	}
	return s
}

func (r reviews) reviewToken(ctx context.Context, o *authenticationv1.TokenReview) error {
	if len(o.Spec.Audiences) > 0 {
		ctx = authenticator.WithAudiences(ctx, o.Spec.Audiences)
	}
	probe := (&http.Request{Header: http.Header{"Authorization": {"Bearer " + o.Spec.Token}}, URL: &url.URL{Path: "/"}}).WithContext(ctx)
	answer, ok, err := r.cfg.Authentication.Authenticator.AuthenticateRequest(probe)
	o.Status = authenticationv1.TokenReviewStatus{}
	if err != nil {
		o.Status.Error = err.Error()
	} else if ok && answer.User.GetName() != user.Anonymous {
		o.Status.Authenticated, o.Status.User, o.Status.Audiences = true, userInfo(answer.User), answer.Audiences
	}
	return nil
}

func (r reviews) reviewSelf(ctx context.Context, o *authenticationv1.SelfSubjectReview) error {
	u, err := caller(ctx)
	if err == nil {
		o.Status.UserInfo = userInfo(u)
	}
	return err
}

func (r reviews) reviewAccess(ctx context.Context, o *authorizationv1.SubjectAccessReview) error {
	o.Status = r.decide(ctx, subject(o.Spec), o.Spec.ResourceAttributes, o.Spec.NonResourceAttributes)
	return nil
}

func (r reviews) reviewLocalAccess(ctx context.Context, o *authorizationv1.LocalSubjectAccessReview) error {
	o.Status = r.decide(ctx, subject(o.Spec), o.Spec.ResourceAttributes, o.Spec.NonResourceAttributes)
	return nil
}

func (r reviews) reviewOwnAccess(ctx context.Context, o *authorizationv1.SelfSubjectAccessReview) error {
	u, err := caller(ctx)
	if err == nil {
		o.Status = r.decide(ctx, u, o.Spec.ResourceAttributes, o.Spec.NonResourceAttributes)
	}
	return err
}

func (r reviews) reviewOwnRules(ctx context.Context, o *authorizationv1.SelfSubjectRulesReview) error {
	u, err := caller(ctx)
	if err != nil {
		return err
	}
	resources, others, incomplete, err := r.cfg.RuleResolver.RulesFor(ctx, u, o.Spec.Namespace)
	o.Status = authorizationv1.SubjectRulesReviewStatus{Incomplete: incomplete, ResourceRules: []authorizationv1.ResourceRule{}, NonResourceRules: []authorizationv1.NonResourceRule{}}
	if err != nil {
		o.Status.EvaluationError = err.Error()
	}
	for _, i := range resources {
		o.Status.ResourceRules = append(o.Status.ResourceRules, authorizationv1.ResourceRule{
			Verbs: i.GetVerbs(), APIGroups: i.GetAPIGroups(), Resources: i.GetResources(), ResourceNames: i.GetResourceNames()})
	}
	for _, i := range others {
		o.Status.NonResourceRules = append(o.Status.NonResourceRules, authorizationv1.NonResourceRule{Verbs: i.GetVerbs(), NonResourceURLs: i.GetNonResourceURLs()})
	}
	return nil
}

func (r reviews) decide(ctx context.Context, u user.Info, resource *authorizationv1.ResourceAttributes, other *authorizationv1.NonResourceAttributes) authorizationv1.SubjectAccessReviewStatus {
	a := authorizer.AttributesRecord{User: u}
	if resource != nil {
		a.ResourceRequest, a.Verb, a.Namespace, a.Name = true, resource.Verb, resource.Namespace, resource.Name
		a.APIGroup, a.APIVersion, a.Resource, a.Subresource = resource.Group, resource.Version, resource.Resource, resource.Subresource
	} else if other != nil {
		a.Verb, a.Path = other.Verb, other.Path
	}
	decision, reason, err := r.cfg.Authorization.Authorizer.Authorize(ctx, a)
	status := authorizationv1.SubjectAccessReviewStatus{Allowed: decision == authorizer.DecisionAllow, Denied: decision == authorizer.DecisionDeny, Reason: reason}
	if err != nil {
		status.EvaluationError = err.Error()
	}
	return status
}

func subject(s authorizationv1.SubjectAccessReviewSpec) user.Info {
	u := &user.DefaultInfo{Name: s.User, UID: s.UID, Groups: s.Groups, Extra: map[string][]string{}}
	for k, v := range s.Extra {
		u.Extra[k] = v
	}
	return u
}

func caller(ctx context.Context) (user.Info, error) {
	if u, ok := request.UserFrom(ctx); ok {
		return u, nil
	}
	return nil, apierrors.NewBadRequest("no user in the request")
}

func userInfo(u user.Info) authenticationv1.UserInfo {
	i := authenticationv1.UserInfo{Username: u.GetName(), UID: u.GetUID(), Groups: u.GetGroups(), Extra: map[string]authenticationv1.ExtraValue{}}
	for k, v := range u.GetExtra() {
		i.Extra[k] = v
	}
	return i
}

// review is the storage of one kind of review: create computes its status.
type review[T any, P interface {
	*T
	runtime.Object
}] struct {
	namespaced bool
	answer     func(context.Context, P) error
}

func newReview[T any, P interface {
	*T
	runtime.Object
}](namespaced bool, answer func(context.Context, P) error) rest.Storage {
	return &review[T, P]{namespaced, answer}
}

func (r *review[T, P]) New() runtime.Object   { return P(new(T)) }
func (r *review[T, P]) Destroy()              {}
func (r *review[T, P]) NamespaceScoped() bool { return r.namespaced }
func (r *review[T, P]) GetSingularName() string {
	return strings.ToLower(kindOf(r.New()))
}

func (r *review[T, P]) Create(ctx context.Context, o runtime.Object, validate rest.ValidateObjectFunc, _ *metav1.CreateOptions) (runtime.Object, error) {
	if validate != nil {
		if err := validate(ctx, o.DeepCopyObject()); err != nil {
			return nil, err
		}
	}
	return o, r.answer(ctx, o.(P))
}
