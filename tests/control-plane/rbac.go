package main

import (
	"context"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apiserver/pkg/authentication/serviceaccount"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizer"
	"k8s.io/client-go/informers"
	rbaclisters "k8s.io/client-go/listers/rbac/v1"
)

// rbac evaluates the objects of rbac.authorization.k8s.io/v1. Kubernetes' own evaluator is not part of
// the libraries; this one follows its documented rules.
type rbac struct {
	roles               rbaclisters.RoleLister
	roleBindings        rbaclisters.RoleBindingLister
	clusterRoles        rbaclisters.ClusterRoleLister
	clusterRoleBindings rbaclisters.ClusterRoleBindingLister
}

func newRBAC(f informers.SharedInformerFactory) *rbac {
	r := f.Rbac().V1()
	return &rbac{r.Roles().Lister(), r.RoleBindings().Lister(), r.ClusterRoles().Lister(), r.ClusterRoleBindings().Lister()}
}

// Authorize allows what one rule of the user allows, and else leaves the decision to others.
func (r *rbac) Authorize(_ context.Context, a authorizer.Attributes) (authorizer.Decision, string, error) {
	decision, reason := authorizer.DecisionNoOpinion, ""
	err := r.visit(a.GetUser(), a.GetNamespace(), func(source string, rule *rbacv1.PolicyRule) bool {
		if allows(rule, a) {
			decision, reason = authorizer.DecisionAllow, "RBAC: allowed by "+source
		}
		return decision == authorizer.DecisionNoOpinion
	})
	return decision, reason, err
}

// RulesFor lists what the user may do in a namespace, for `kubectl auth can-i --list`.
func (r *rbac) RulesFor(_ context.Context, u user.Info, namespace string) (resources []authorizer.ResourceRuleInfo, others []authorizer.NonResourceRuleInfo, incomplete bool, err error) {
	err = r.visit(u, namespace, func(_ string, rule *rbacv1.PolicyRule) bool {
		if len(rule.Resources) > 0 {
			resources = append(resources, &authorizer.DefaultResourceRuleInfo{Verbs: rule.Verbs, APIGroups: rule.APIGroups, Resources: rule.Resources, ResourceNames: rule.ResourceNames})
		}
		if len(rule.NonResourceURLs) > 0 {
			others = append(others, &authorizer.DefaultNonResourceRuleInfo{Verbs: rule.Verbs, NonResourceURLs: rule.NonResourceURLs})
		}
		return true
	})
	return resources, others, false, err
}

// visit calls f with the rules that apply to u cluster-wide and, unless empty, in the namespace, until f
// returns false.
func (r *rbac) visit(u user.Info, namespace string, f func(source string, rule *rbacv1.PolicyRule) bool) error {
	clusterWide, err := r.clusterRoleBindings.List(labels.Everything())
	if err != nil {
		return err
	}
	for _, b := range clusterWide {
		if binds(b.Subjects, "", u) && !r.visitRole(b.RoleRef, "", "ClusterRoleBinding "+b.Name, f) {
			return nil
		}
	}
	if namespace == "" {
		return nil
	}
	local, err := r.roleBindings.RoleBindings(namespace).List(labels.Everything())
	if err != nil {
		return err
	}
	for _, b := range local {
		if binds(b.Subjects, namespace, u) && !r.visitRole(b.RoleRef, namespace, "RoleBinding "+namespace+"/"+b.Name, f) {
			return nil
		}
	}
	return nil
}

func (r *rbac) visitRole(ref rbacv1.RoleRef, namespace, source string, f func(string, *rbacv1.PolicyRule) bool) bool {
	rules := r.rulesOf(ref, namespace)
	for i := range rules {
		if !f(source, &rules[i]) {
			return false
		}
	}
	return true
}

// rulesOf resolves a role reference; a role that does not exist has no rules. Aggregated roles are
// evaluated here, as there is no controller that would fill in their rules.
func (r *rbac) rulesOf(ref rbacv1.RoleRef, namespace string) []rbacv1.PolicyRule {
	if ref.Kind == "Role" {
		role, err := r.roles.Roles(namespace).Get(ref.Name)
		if err != nil {
			return nil
		}
		return role.Rules
	}
	role, err := r.clusterRoles.Get(ref.Name)
	if err != nil {
		return nil
	}
	if role.AggregationRule == nil {
		return role.Rules
	}
	var rules []rbacv1.PolicyRule
	for i := range role.AggregationRule.ClusterRoleSelectors {
		selector, err := metav1.LabelSelectorAsSelector(&role.AggregationRule.ClusterRoleSelectors[i])
		if err != nil {
			continue // an invalid selector selects nothing
		}
		parts, err := r.clusterRoles.List(selector)
		if err != nil {
			return nil
		}
		for _, part := range parts {
			rules = append(rules, part.Rules...)
		}
	}
	return rules
}

func binds(subjects []rbacv1.Subject, namespace string, u user.Info) bool {
	return slices.ContainsFunc(subjects, func(s rbacv1.Subject) bool {
		switch s.Kind {
		case rbacv1.UserKind:
			return s.Name == u.GetName()
		case rbacv1.GroupKind:
			return slices.Contains(u.GetGroups(), s.Name)
		case rbacv1.ServiceAccountKind:
			if s.Namespace != "" {
				namespace = s.Namespace
			}
			return serviceaccount.MatchesUsername(namespace, s.Name, u.GetName())
		}
		return false
	})
}

func allows(rule *rbacv1.PolicyRule, a authorizer.Attributes) bool {
	if !covers(rule.Verbs, a.GetVerb()) {
		return false
	}
	if !a.IsResourceRequest() {
		return allowsPath(rule, a.GetPath())
	}
	return covers(rule.APIGroups, a.GetAPIGroup()) && allowsResource(rule, a.GetResource(), a.GetSubresource()) &&
		(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, a.GetName()))
}

func allowsPath(rule *rbacv1.PolicyRule, path string) bool {
	return slices.ContainsFunc(rule.NonResourceURLs, func(url string) bool {
		prefix, wildcard := strings.CutSuffix(url, "*")
		return url == path || wildcard && strings.HasPrefix(path, prefix)
	})
}

func allowsResource(rule *rbacv1.PolicyRule, resource, subresource string) bool {
	if subresource == "" {
		return covers(rule.Resources, resource)
	}
	return covers(rule.Resources, resource+"/"+subresource) || slices.Contains(rule.Resources, "*/"+subresource)
}

func covers(list []string, value string) bool {
	return slices.Contains(list, "*") || slices.Contains(list, value)
}
