package main

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apiserver/pkg/authentication/user"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
)

var (
	everyVerb  = []string{"*"}
	readVerbs  = []string{"get", "list", "watch"}
	writeVerbs = []string{"create", "update", "patch", "delete", "deletecollection"}
)

// defaultRoles are those of a new cluster's roles that manifests and users rely on, by name; their rules
// are fewer. Like there, admin, edit and view gather the rules of roles that are labelled for them.
var defaultRoles = []rbacv1.ClusterRole{
	role("cluster-admin", "", rule(everyVerb, []string{"*"}, "*"), pathRule(everyVerb, "*")),
	role("system:discovery", "", pathRule([]string{"get"}, "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/")),
	role("system:public-info-viewer", "", pathRule([]string{"get"}, "/healthz", "/livez", "/readyz", "/version", "/version/")),
	role("system:basic-user", "", rule([]string{"create"}, []string{"authorization.k8s.io"}, "selfsubjectaccessreviews", "selfsubjectrulesreviews"),
		rule([]string{"create"}, []string{"authentication.k8s.io"}, "selfsubjectreviews")),
	aggregate("admin"), aggregate("edit"), aggregate("view"),
	role("system:aggregate-to-view", "view", rule(readVerbs, []string{""}, namespacedCore...), rule(readVerbs, []string{"apps", "batch"}, "*")),
	role("system:aggregate-to-edit", "edit", rule(writeVerbs, []string{""}, namespacedCore...), rule(writeVerbs, []string{"apps", "batch"}, "*"),
		rule(append(readVerbs, writeVerbs...), []string{""}, "secrets")),
	role("system:aggregate-to-admin", "admin", rule(append(readVerbs, writeVerbs...), []string{rbacv1.GroupName}, "roles", "rolebindings")),
}

var namespacedCore = []string{"configmaps", "endpoints", "events", "persistentvolumeclaims", "pods", "serviceaccounts", "services"}

// bootstrap makes what every cluster has. What exists is left as it is.
func bootstrap(h genericapiserver.PostStartHookContext, c kubernetes.Interface) error {
	created := func(err error) bool {
		if err != nil && !apierrors.IsAlreadyExists(err) {
			klog.InfoS("bootstrap is tried again", "reason", err)
			return false
		}
		return true
	}
	return wait.PollUntilContextTimeout(h, 50*time.Millisecond, 30*time.Second, true, func(ctx context.Context) (bool, error) {
		for _, name := range []string{metav1.NamespaceDefault, metav1.NamespaceSystem, metav1.NamespacePublic, corev1.NamespaceNodeLease} {
			_, err := c.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
			if !created(err) {
				return false, nil
			}
		}
		for i := range defaultRoles {
			if _, err := c.RbacV1().ClusterRoles().Create(ctx, &defaultRoles[i], metav1.CreateOptions{}); !created(err) {
				return false, nil
			}
		}
		for role, groups := range map[string][]string{
			"cluster-admin":             {user.SystemPrivilegedGroup},
			"system:discovery":          {user.AllAuthenticated},
			"system:basic-user":         {user.AllAuthenticated},
			"system:public-info-viewer": {user.AllAuthenticated, user.AllUnauthenticated},
		} {
			b := &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: role}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}}
			for _, g := range groups {
				b.Subjects = append(b.Subjects, rbacv1.Subject{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: g})
			}
			if _, err := c.RbacV1().ClusterRoleBindings().Create(ctx, b, metav1.CreateOptions{}); !created(err) {
				return false, nil
			}
		}
		return true, nil
	})
}

const aggregationLabel = "rbac.authorization.k8s.io/aggregate-to-"

func role(name, aggregateTo string, rules ...rbacv1.PolicyRule) rbacv1.ClusterRole {
	r := rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"kubernetes.io/bootstrapping": "rbac-defaults"}}, Rules: rules}
	if aggregateTo != "" {
		r.Labels[aggregationLabel+aggregateTo] = "true"
	}
	return r
}

// aggregate is admin, edit or view; each also holds what the next one holds.
func aggregate(name string) rbacv1.ClusterRole {
	r := role(name, map[string]string{"view": "edit", "edit": "admin"}[name])
	r.AggregationRule = &rbacv1.AggregationRule{}
	for _, part := range map[string][]string{"admin": {"admin", "edit", "view"}, "edit": {"edit", "view"}, "view": {"view"}}[name] {
		r.AggregationRule.ClusterRoleSelectors = append(r.AggregationRule.ClusterRoleSelectors, metav1.LabelSelector{MatchLabels: map[string]string{aggregationLabel + part: "true"}})
	}
	return r
}

func rule(verbs, groups []string, resources ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: verbs, APIGroups: groups, Resources: resources}
}

func pathRule(verbs []string, paths ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{Verbs: verbs, NonResourceURLs: paths}
}
