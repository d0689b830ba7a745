package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
)

// escalation is the admission plugin that keeps callers from granting what they do not hold: the rules
// of a role that they write, or of a role that they bind, must be among their own, unless the verb
// escalate (on the role being written) or bind (on the role being bound) is granted to them.
type escalation struct {
	rules      *rbac
	authorizer authorizer.Authorizer
}

func (e *escalation) Handles(o admission.Operation) bool {
	return o == admission.Create || o == admission.Update
}

func (e *escalation) Validate(ctx context.Context, a admission.Attributes, _ admission.ObjectInterfaces) error {
	if a.GetResource().Group != rbacv1.GroupName || a.GetSubresource() != "" {
		return nil
	}
	switch o := a.GetObject().(type) {
	case *rbacv1.Role:
		return e.checkRole(ctx, a, o.Rules)
	case *rbacv1.ClusterRole:
		needed := o.Rules
		if o.AggregationRule != nil { // it may come to hold anything
			needed = append(slices.Clone(needed), rule(everyVerb, []string{"*"}, "*"), pathRule(everyVerb, "*"))
		}
		return e.checkRole(ctx, a, needed)
	case *rbacv1.RoleBinding:
		return e.checkBinding(ctx, a, o.RoleRef)
	case *rbacv1.ClusterRoleBinding:
		return e.checkBinding(ctx, a, o.RoleRef)
	}
	return nil
}

func (e *escalation) checkRole(ctx context.Context, a admission.Attributes, needed []rbacv1.PolicyRule) error {
	if a.GetOperation() == admission.Update && sameContent(a.GetObject(), a.GetOldObject()) {
		return nil
	}
	return e.check(ctx, a, "escalate", a.GetResource().Resource, a.GetName(), needed)
}

func (e *escalation) checkBinding(ctx context.Context, a admission.Attributes, ref rbacv1.RoleRef) error {
	if old := a.GetOldObject(); a.GetOperation() == admission.Update {
		if !reflect.DeepEqual(part(old, "RoleRef").Interface(), ref) {
			return apierrors.NewForbidden(a.GetResource().GroupResource(), a.GetName(), fmt.Errorf("cannot change roleRef"))
		}
		if sameContent(a.GetObject(), old) {
			return nil
		}
	}
	return e.check(ctx, a, "bind", strings.ToLower(ref.Kind)+"s", ref.Name, e.rules.rulesOf(ref, a.GetNamespace()))
}

func (e *escalation) check(ctx context.Context, a admission.Attributes, verb, resource, name string, needed []rbacv1.PolicyRule) error {
	u := a.GetUserInfo()
	decision, _, err := e.authorizer.Authorize(ctx, authorizer.AttributesRecord{User: u, Verb: verb, Namespace: a.GetNamespace(), Name: name,
		APIGroup: rbacv1.GroupName, APIVersion: "v1", Resource: resource, ResourceRequest: true})
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	if decision == authorizer.DecisionAllow {
		return nil
	}
	missing, err := e.rules.missing(u, a.GetNamespace(), needed)
	if err != nil {
		return apierrors.NewInternalError(err)
	}
	if len(missing) > 0 {
		return apierrors.NewForbidden(a.GetResource().GroupResource(), a.GetName(), fmt.Errorf(
			"user %q (groups=%q) is attempting to grant RBAC permissions not currently held:\n%s", u.GetName(), u.GetGroups(), strings.Join(missing, "\n")))
	}
	return nil
}

// missing describes the needed rules that u does not hold in full.
func (r *rbac) missing(u user.Info, namespace string, needed []rbacv1.PolicyRule) ([]string, error) {
	var own []*rbacv1.PolicyRule
	if err := r.visit(u, namespace, func(_ string, rule *rbacv1.PolicyRule) bool {
		own = append(own, rule)
		return true
	}); err != nil {
		return nil, err
	}
	var missing []string
	for i := range needed {
		held := everyGrant(&needed[i], func(grant authorizer.Attributes) bool {
			return slices.ContainsFunc(own, func(o *rbacv1.PolicyRule) bool { return allows(o, grant) })
		})
		if !held {
			missing = append(missing, needed[i].String())
		}
	}
	return missing, nil
}

// everyGrant asks about each single combination that a rule grants. A wildcard is asked about as itself
// and so is held only by a wildcard.
func everyGrant(r *rbacv1.PolicyRule, held func(authorizer.Attributes) bool) bool {
	names := r.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	for _, verb := range r.Verbs {
		for _, path := range r.NonResourceURLs {
			if !held(authorizer.AttributesRecord{Verb: verb, Path: path}) {
				return false
			}
		}
		for _, group := range r.APIGroups {
			for _, full := range r.Resources {
				resource, subresource, _ := strings.Cut(full, "/")
				for _, name := range names {
					if !held(authorizer.AttributesRecord{ResourceRequest: true, Verb: verb, APIGroup: group, Resource: resource, Subresource: subresource, Name: name}) {
						return false
					}
				}
			}
		}
	}
	return true
}
