package main

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
)

// scope says what a built-in resource has beyond metadata; the zero value is a namespaced resource
// without status whose generation is not counted.
type scope uint8

const (
	clusterScoped    scope = 1 << iota
	withStatus             // has a status subresource
	withGeneration         // metadata.generation counts changes of the spec
	statusAtCreation       // status may be given on creation, as kubelets do for nodes
	pathNames              // names may hold colons, as those of RBAC objects do
	createOnUpdate         // PUT creates what does not exist
	inAll                  // shown by `kubectl get all`
)

// resource is one row of the table of built-in resources; all else is derived by reflection.
type resource struct {
	object, list runtime.Object
	plural       string
	scope        scope
	short        []string
	selectable   []string                              // field selectors besides metadata.*
	onCreate     func(context.Context, runtime.Object) // completes a new object
	ttlSeconds   uint64                                // 0: kept until deleted
}

func (r *resource) is(s scope) bool { return r.scope&s != 0 }
func (r *resource) kind() string    { return kindOf(r.object) }

func kindOf(o runtime.Object) string { return reflect.TypeOf(o).Elem().Name() }

type builtinGroup struct {
	version   schema.GroupVersion
	add       func(*runtime.Scheme) error
	resources []resource
}

const workload = withStatus | withGeneration | inAll

var eventFields = []string{"involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
	"involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "source.component", "type"}

var groups = []builtinGroup{
	{corev1.SchemeGroupVersion, corev1.AddToScheme, []resource{
		{object: &corev1.Namespace{}, list: &corev1.NamespaceList{}, plural: "namespaces", short: []string{"ns"}, scope: clusterScoped | withStatus,
			selectable: []string{"status.phase"}, onCreate: completeNamespace},
		{object: &corev1.Node{}, list: &corev1.NodeList{}, plural: "nodes", short: []string{"no"}, scope: clusterScoped | withStatus | statusAtCreation,
			selectable: []string{"spec.unschedulable"}},
		{object: &corev1.Pod{}, list: &corev1.PodList{}, plural: "pods", short: []string{"po"}, scope: workload,
			selectable: []string{"spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "status.phase", "status.podIP"},
			onCreate:   func(_ context.Context, o runtime.Object) { o.(*corev1.Pod).Status.Phase = corev1.PodPending }},
		{object: &corev1.Secret{}, list: &corev1.SecretList{}, plural: "secrets", selectable: []string{"type"}},
		{object: &corev1.ConfigMap{}, list: &corev1.ConfigMapList{}, plural: "configmaps", short: []string{"cm"}},
		{object: &corev1.Event{}, list: &corev1.EventList{}, plural: "events", short: []string{"ev"}, scope: createOnUpdate, selectable: eventFields, ttlSeconds: 3600},
		{object: &corev1.ServiceAccount{}, list: &corev1.ServiceAccountList{}, plural: "serviceaccounts", short: []string{"sa"}},
		{object: &corev1.Service{}, list: &corev1.ServiceList{}, plural: "services", short: []string{"svc"}, scope: withStatus | inAll,
			selectable: []string{"spec.clusterIP", "spec.type"}},
		{object: &corev1.Endpoints{}, list: &corev1.EndpointsList{}, plural: "endpoints", short: []string{"ep"}, scope: createOnUpdate},
		{object: &corev1.PersistentVolume{}, list: &corev1.PersistentVolumeList{}, plural: "persistentvolumes", short: []string{"pv"}, scope: clusterScoped | withStatus,
			onCreate: func(_ context.Context, o runtime.Object) {
				o.(*corev1.PersistentVolume).Status.Phase = corev1.VolumePending
			}},
		{object: &corev1.PersistentVolumeClaim{}, list: &corev1.PersistentVolumeClaimList{}, plural: "persistentvolumeclaims", short: []string{"pvc"}, scope: withStatus,
			onCreate: func(_ context.Context, o runtime.Object) {
				o.(*corev1.PersistentVolumeClaim).Status.Phase = corev1.ClaimPending
			}},
		{object: &corev1.ResourceQuota{}, list: &corev1.ResourceQuotaList{}, plural: "resourcequotas", short: []string{"quota"}, scope: withStatus},
		{object: &corev1.LimitRange{}, list: &corev1.LimitRangeList{}, plural: "limitranges", short: []string{"limits"}},
	}},
	{appsv1.SchemeGroupVersion, appsv1.AddToScheme, []resource{
		{object: &appsv1.Deployment{}, list: &appsv1.DeploymentList{}, plural: "deployments", short: []string{"deploy"}, scope: workload},
		{object: &appsv1.DaemonSet{}, list: &appsv1.DaemonSetList{}, plural: "daemonsets", short: []string{"ds"}, scope: workload},
		{object: &appsv1.StatefulSet{}, list: &appsv1.StatefulSetList{}, plural: "statefulsets", short: []string{"sts"}, scope: workload},
		{object: &appsv1.ReplicaSet{}, list: &appsv1.ReplicaSetList{}, plural: "replicasets", short: []string{"rs"}, scope: workload},
	}},
	{batchv1.SchemeGroupVersion, batchv1.AddToScheme, []resource{
		{object: &batchv1.Job{}, list: &batchv1.JobList{}, plural: "jobs", scope: workload},
		{object: &batchv1.CronJob{}, list: &batchv1.CronJobList{}, plural: "cronjobs", short: []string{"cj"}, scope: workload},
	}},
	{certificatesv1.SchemeGroupVersion, certificatesv1.AddToScheme, []resource{
		{object: &certificatesv1.CertificateSigningRequest{}, list: &certificatesv1.CertificateSigningRequestList{}, plural: "certificatesigningrequests",
			short: []string{"csr"}, scope: clusterScoped | withStatus, selectable: []string{"spec.signerName"}, onCreate: recordRequester},
	}},
	{coordinationv1.SchemeGroupVersion, coordinationv1.AddToScheme, []resource{
		{object: &coordinationv1.Lease{}, list: &coordinationv1.LeaseList{}, plural: "leases", scope: createOnUpdate},
	}},
	{eventsv1.SchemeGroupVersion, eventsv1.AddToScheme, nil}, // the core events once more, see events.go
	{discoveryv1.SchemeGroupVersion, discoveryv1.AddToScheme, []resource{
		{object: &discoveryv1.EndpointSlice{}, list: &discoveryv1.EndpointSliceList{}, plural: "endpointslices", scope: withGeneration},
	}},
	{networkingv1.SchemeGroupVersion, networkingv1.AddToScheme, []resource{
		{object: &networkingv1.Ingress{}, list: &networkingv1.IngressList{}, plural: "ingresses", short: []string{"ing"}, scope: withStatus | withGeneration},
		{object: &networkingv1.NetworkPolicy{}, list: &networkingv1.NetworkPolicyList{}, plural: "networkpolicies", short: []string{"netpol"}, scope: withGeneration},
	}},
	{policyv1.SchemeGroupVersion, policyv1.AddToScheme, []resource{
		{object: &policyv1.PodDisruptionBudget{}, list: &policyv1.PodDisruptionBudgetList{}, plural: "poddisruptionbudgets", short: []string{"pdb"}, scope: withStatus | withGeneration},
	}},
	{schedulingv1.SchemeGroupVersion, schedulingv1.AddToScheme, []resource{
		{object: &schedulingv1.PriorityClass{}, list: &schedulingv1.PriorityClassList{}, plural: "priorityclasses", short: []string{"pc"}, scope: clusterScoped},
	}},
	{storagev1.SchemeGroupVersion, storagev1.AddToScheme, []resource{
		{object: &storagev1.StorageClass{}, list: &storagev1.StorageClassList{}, plural: "storageclasses", short: []string{"sc"}, scope: clusterScoped},
		{object: &storagev1.VolumeAttachment{}, list: &storagev1.VolumeAttachmentList{}, plural: "volumeattachments", scope: clusterScoped | withStatus},
	}},
	{rbacv1.SchemeGroupVersion, rbacv1.AddToScheme, []resource{
		{object: &rbacv1.Role{}, list: &rbacv1.RoleList{}, plural: "roles", scope: pathNames | createOnUpdate},
		{object: &rbacv1.RoleBinding{}, list: &rbacv1.RoleBindingList{}, plural: "rolebindings", scope: pathNames | createOnUpdate},
		{object: &rbacv1.ClusterRole{}, list: &rbacv1.ClusterRoleList{}, plural: "clusterroles", scope: clusterScoped | pathNames | createOnUpdate},
		{object: &rbacv1.ClusterRoleBinding{}, list: &rbacv1.ClusterRoleBindingList{}, plural: "clusterrolebindings", scope: clusterScoped | pathNames | createOnUpdate},
	}},
	{admissionv1.SchemeGroupVersion, admissionv1.AddToScheme, []resource{
		{object: &admissionv1.ValidatingWebhookConfiguration{}, list: &admissionv1.ValidatingWebhookConfigurationList{}, plural: "validatingwebhookconfigurations", scope: clusterScoped | withGeneration},
		{object: &admissionv1.MutatingWebhookConfiguration{}, list: &admissionv1.MutatingWebhookConfigurationList{}, plural: "mutatingwebhookconfigurations", scope: clusterScoped | withGeneration},
		{object: &admissionv1.ValidatingAdmissionPolicy{}, list: &admissionv1.ValidatingAdmissionPolicyList{}, plural: "validatingadmissionpolicies", scope: clusterScoped | withStatus | withGeneration},
		{object: &admissionv1.ValidatingAdmissionPolicyBinding{}, list: &admissionv1.ValidatingAdmissionPolicyBindingList{}, plural: "validatingadmissionpolicybindings", scope: clusterScoped | withGeneration},
		{object: &admissionv1.MutatingAdmissionPolicy{}, list: &admissionv1.MutatingAdmissionPolicyList{}, plural: "mutatingadmissionpolicies", scope: clusterScoped | withGeneration},
		{object: &admissionv1.MutatingAdmissionPolicyBinding{}, list: &admissionv1.MutatingAdmissionPolicyBindingList{}, plural: "mutatingadmissionpolicybindings", scope: clusterScoped | withGeneration},
	}},
	{authenticationv1.SchemeGroupVersion, authenticationv1.AddToScheme, nil}, // reviews only, see reviews.go
	{authorizationv1.SchemeGroupVersion, authorizationv1.AddToScheme, nil},
}

// builtins is the scheme of the table. The installer converts between each external version and the
// group's internal one; here both are the same Go types, so that conversion is the identity.
type builtins struct {
	scheme *runtime.Scheme
	codecs serializer.CodecFactory
	params runtime.ParameterCodec
}

func newBuiltins() *builtins {
	s := runtime.NewScheme()
	metaPackage := reflect.TypeFor[metav1.ObjectMeta]().PkgPath()
	for _, g := range groups {
		utilruntime.Must(g.add(s))
		utilruntime.Must(s.SetVersionPriority(g.version))
		if g.version.Group == eventsv1.GroupName {
			continue
		}
		for kind, t := range s.KnownTypes(g.version) {
			if t.PkgPath() != metaPackage {
				s.AddKnownTypeWithName(internal(g.version, kind), reflect.New(t).Interface().(runtime.Object))
			}
		}
		for _, r := range g.resources {
			utilruntime.Must(s.AddFieldLabelConversionFunc(g.version.WithKind(r.kind()), selectors(r.selectable)))
		}
	}
	utilruntime.Must(addEventConversions(s))
	addDefaults(s)
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"})
	return &builtins{s, serializer.NewCodecFactory(s), runtime.NewParameterCodec(s)}
}

func internal(gv schema.GroupVersion, kind string) schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: gv.Group, Version: runtime.APIVersionInternal, Kind: kind}
}

func selectors(selectable []string) runtime.FieldLabelConversionFunc {
	return func(label, value string) (string, string, error) {
		if label == "metadata.name" || label == "metadata.namespace" || slices.Contains(selectable, label) {
			return label, value, nil
		}
		return "", "", fmt.Errorf("field label not supported: %s", label)
	}
}
