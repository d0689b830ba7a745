package main

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// addDefaults registers the defaults that the admission plugins dereference, and the few others that
// manifests rely on. The full set is not part of the libraries.
func addDefaults(s *runtime.Scheme) {
	defaults(s, func(c *admissionv1.ValidatingWebhookConfiguration) {
		for i := range c.Webhooks {
			w := &c.Webhooks[i]
			defaultWebhook(&w.FailurePolicy, &w.MatchPolicy, &w.NamespaceSelector, &w.ObjectSelector, &w.TimeoutSeconds, w.Rules, w.ClientConfig.Service)
		}
	})
	defaults(s, func(c *admissionv1.MutatingWebhookConfiguration) {
		for i := range c.Webhooks {
			w := &c.Webhooks[i]
			defaultWebhook(&w.FailurePolicy, &w.MatchPolicy, &w.NamespaceSelector, &w.ObjectSelector, &w.TimeoutSeconds, w.Rules, w.ClientConfig.Service)
			setPointer(&w.ReinvocationPolicy, admissionv1.NeverReinvocationPolicy)
		}
	})
	defaults(s, func(p *admissionv1.ValidatingAdmissionPolicy) {
		setPointer(&p.Spec.FailurePolicy, admissionv1.Fail)
		defaultMatch(p.Spec.MatchConstraints)
	})
	defaults(s, func(p *admissionv1.MutatingAdmissionPolicy) {
		setPointer(&p.Spec.FailurePolicy, admissionv1.Fail)
		defaultMatch(p.Spec.MatchConstraints)
	})
	defaults(s, func(b *admissionv1.ValidatingAdmissionPolicyBinding) { defaultMatch(b.Spec.MatchResources) })
	defaults(s, func(b *admissionv1.MutatingAdmissionPolicyBinding) { defaultMatch(b.Spec.MatchResources) })

	defaults(s, func(o *corev1.Secret) { set(&o.Type, corev1.SecretTypeOpaque) })
	defaults(s, func(o *corev1.Service) {
		set(&o.Spec.Type, corev1.ServiceTypeClusterIP)
		set(&o.Spec.SessionAffinity, corev1.ServiceAffinityNone)
		for i := range o.Spec.Ports {
			p := &o.Spec.Ports[i]
			set(&p.Protocol, corev1.ProtocolTCP)
			if p.TargetPort.StrVal == "" {
				set(&p.TargetPort.IntVal, p.Port)
			}
		}
	})
	defaults(s, func(o *corev1.PersistentVolume) {
		set(&o.Spec.PersistentVolumeReclaimPolicy, corev1.PersistentVolumeReclaimRetain)
		setPointer(&o.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
	})
	defaults(s, func(o *corev1.PersistentVolumeClaim) {
		setPointer(&o.Spec.VolumeMode, corev1.PersistentVolumeFilesystem)
	})
	defaults(s, func(o *corev1.Pod) { defaultPod(&o.Spec) })
	defaults(s, func(o *appsv1.DaemonSet) { defaultPod(&o.Spec.Template.Spec) })
	defaults(s, func(o *appsv1.Deployment) {
		setPointer(&o.Spec.Replicas, 1)
		defaultPod(&o.Spec.Template.Spec)
	})
	defaults(s, func(o *appsv1.StatefulSet) {
		setPointer(&o.Spec.Replicas, 1)
		defaultPod(&o.Spec.Template.Spec)
	})
}

func defaults[T any, P interface {
	*T
	runtime.Object
}](s *runtime.Scheme, f func(P)) {
	s.AddTypeDefaultingFunc(P(new(T)), func(o any) { f(o.(P)) })
}

func set[T comparable](p *T, v T) {
	var zero T
	if *p == zero {
		*p = v
	}
}

func setPointer[T any](p **T, v T) {
	if *p == nil {
		*p = &v
	}
}

func defaultWebhook(failure **admissionv1.FailurePolicyType, match **admissionv1.MatchPolicyType, namespaces, objects **metav1.LabelSelector,
	seconds **int32, rules []admissionv1.RuleWithOperations, service *admissionv1.ServiceReference) {
	setPointer(failure, admissionv1.Fail)
	setPointer(match, admissionv1.Equivalent)
	setPointer(namespaces, metav1.LabelSelector{})
	setPointer(objects, metav1.LabelSelector{})
	setPointer(seconds, 10)
	for i := range rules {
		setPointer(&rules[i].Scope, admissionv1.AllScopes)
	}
	if service != nil {
		setPointer(&service.Port, 443)
	}
}

func defaultMatch(m *admissionv1.MatchResources) {
	if m == nil {
		return
	}
	setPointer(&m.MatchPolicy, admissionv1.Equivalent)
	setPointer(&m.NamespaceSelector, metav1.LabelSelector{})
	setPointer(&m.ObjectSelector, metav1.LabelSelector{})
	for _, rules := range [][]admissionv1.NamedRuleWithOperations{m.ResourceRules, m.ExcludeResourceRules} {
		for i := range rules {
			setPointer(&rules[i].Scope, admissionv1.AllScopes)
		}
	}
}

func defaultPod(p *corev1.PodSpec) {
	set(&p.RestartPolicy, corev1.RestartPolicyAlways)
	set(&p.DNSPolicy, corev1.DNSClusterFirst)
	set(&p.SchedulerName, corev1.DefaultSchedulerName)
	setPointer(&p.TerminationGracePeriodSeconds, corev1.DefaultTerminationGracePeriodSeconds)
	setPointer(&p.SecurityContext, corev1.PodSecurityContext{})
	for _, containers := range [][]corev1.Container{p.InitContainers, p.Containers} {
		for i := range containers {
			c := &containers[i]
			set(&c.TerminationMessagePath, corev1.TerminationMessagePathDefault)
			set(&c.TerminationMessagePolicy, corev1.TerminationMessageReadFile)
			set(&c.ImagePullPolicy, corev1.PullIfNotPresent)
			for j := range c.Ports {
				set(&c.Ports[j].Protocol, corev1.ProtocolTCP)
			}
		}
	}
}
