package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	genericregistry "k8s.io/apiserver/pkg/registry/generic/registry"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/storage"
	storageerrors "k8s.io/apiserver/pkg/storage/errors"
	"k8s.io/apiserver/pkg/util/dryrun"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"
)

const namespaceRetry = 200 * time.Millisecond

func completeNamespace(_ context.Context, o runtime.Object) {
	n := o.(*corev1.Namespace)
	if n.Name != "" {
		metav1.SetMetaDataLabel(&n.ObjectMeta, corev1.LabelMetadataName, n.Name)
	}
	if !slices.Contains(n.Spec.Finalizers, corev1.FinalizerKubernetes) {
		n.Spec.Finalizers = append(n.Spec.Finalizers, corev1.FinalizerKubernetes)
	}
	n.Status.Phase = corev1.NamespaceActive
}

// namespaceStore deletes in two phases: a namespace is Terminating until spec.finalizers is empty.
type namespaceStore struct{ *store }

func newNamespaceStore(s *store) *namespaceStore {
	s.ShouldDeleteDuringUpdate = func(ctx context.Context, key string, o, existing runtime.Object) bool {
		return len(o.(*corev1.Namespace).Spec.Finalizers) == 0 && genericregistry.ShouldDeleteDuringUpdate(ctx, key, o, existing)
	}
	return &namespaceStore{s}
}

func (s *namespaceStore) Delete(ctx context.Context, name string, validate rest.ValidateObjectFunc, options *metav1.DeleteOptions) (runtime.Object, bool, error) {
	current, err := s.Get(ctx, name, &metav1.GetOptions{})
	if err != nil {
		return nil, false, err
	}
	n := current.(*corev1.Namespace)
	if n.DeletionTimestamp != nil && len(n.Spec.Finalizers) == 0 {
		return s.store.Delete(ctx, name, validate, options)
	}
	key, err := s.KeyFunc(ctx, name)
	if err != nil {
		return nil, false, err
	}
	preconditions := &storage.Preconditions{UID: &n.UID}
	if p := options.Preconditions; p != nil {
		preconditions.ResourceVersion = p.ResourceVersion
		if p.UID != nil {
			preconditions.UID = p.UID
		}
	}
	out := s.NewFunc()
	err = s.Storage.GuaranteedUpdate(ctx, key, out, false, preconditions, storage.SimpleUpdate(func(o runtime.Object) (runtime.Object, error) {
		if err := validate(ctx, o); err != nil {
			return nil, err
		}
		n := o.(*corev1.Namespace)
		if n.DeletionTimestamp == nil {
			now := metav1.Now()
			n.DeletionTimestamp = &now
		}
		n.Status.Phase = corev1.NamespaceTerminating
		return n, nil
	}), dryrun.IsDryRun(options.DryRun), nil)
	if err != nil {
		return nil, false, storageerrors.InterpretDeleteError(storageerrors.InterpretUpdateError(err, s.DefaultQualifiedResource, name), s.DefaultQualifiedResource, name)
	}
	return out, false, nil
}

// finalizeStrategy is that of the finalize subresource, which alone may take spec.finalizers away.
type finalizeStrategy struct{ *strategy }

func (s *finalizeStrategy) PrepareForUpdate(_ context.Context, o, old runtime.Object) {
	o.(*corev1.Namespace).Status = old.(*corev1.Namespace).Status
}

// namespaceController empties namespaces that are Terminating and then lets them go.
type namespaceController struct {
	*loopback
	namespaces corelisters.NamespaceLister
}

func newNamespaceController(l *loopback) *namespaceController {
	return &namespaceController{l, l.informers.Core().V1().Namespaces().Lister()}
}

func (c *namespaceController) run(ctx context.Context) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		all, err := c.namespaces.List(labels.Everything())
		if err != nil {
			klog.ErrorS(err, "listing namespaces")
		}
		for _, n := range all {
			if n.DeletionTimestamp == nil {
				continue
			}
			if err := c.empty(ctx, n); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
				klog.InfoS("namespace is not yet empty", "namespace", n.Name, "reason", err)
			}
		}
	}, namespaceRetry)
}

func (c *namespaceController) empty(ctx context.Context, n *corev1.Namespace) error {
	kinds, err := c.deletableKinds()
	if err != nil {
		return err
	}
	left := 0
	background := metav1.DeletePropagationBackground
	for _, k := range kinds {
		if !k.namespaced {
			continue
		}
		in := c.metadata.Resource(k.GroupVersionResource).Namespace(n.Name)
		list, err := in.List(ctx, metav1.ListOptions{})
		if gone(err) {
			continue
		} else if err != nil {
			return err
		}
		if len(list.Items) == 0 {
			continue
		}
		if err := in.DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{}); err != nil && !gone(err) {
			return err
		}
		if list, err = in.List(ctx, metav1.ListOptions{}); err != nil {
			return err
		}
		left += len(list.Items)
	}
	if left > 0 {
		return fmt.Errorf("%d objects are left", left)
	}
	n = n.DeepCopy()
	n.Spec.Finalizers = slices.DeleteFunc(n.Spec.Finalizers, func(f corev1.FinalizerName) bool { return f == corev1.FinalizerKubernetes })
	_, err = c.typed.CoreV1().Namespaces().Finalize(ctx, n, metav1.UpdateOptions{})
	return err
}

// gone tells that a kind is no longer served: its CRD was deleted since discovery.
func gone(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsMethodNotSupported(err)
}
