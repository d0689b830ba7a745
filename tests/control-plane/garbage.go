package main

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/klog/v2"
)

const collectEvery = 500 * time.Millisecond

// collector deletes objects whose owners are gone and completes foreground and orphan deletion. A pass
// lists everything, so passes happen only after requests that can have made garbage: the collector sees
// every request as an admission plugin. While nothing has owners it costs nothing.
type collector struct {
	*loopback
	wake     chan struct{}
	owned    atomic.Bool         // some object has, or had, an owner
	suspects sets.Set[types.UID] // without owners in the last pass; two in a row are proof, as lists are not one snapshot
}

func newCollector(l *loopback) *collector {
	c := &collector{loopback: l, wake: make(chan struct{}, 1)}
	c.wake <- struct{}{} // for what an earlier process left behind
	return c
}

func (c *collector) Handles(admission.Operation) bool { return true }

// Validate refuses nothing; it only learns.
func (c *collector) Validate(_ context.Context, a admission.Attributes, _ admission.ObjectInterfaces) error {
	if o, err := meta.Accessor(a.GetObject()); err == nil && len(o.GetOwnerReferences()) > 0 {
		c.owned.Store(true)
	}
	options, _ := a.GetOperationOptions().(*metav1.DeleteOptions)
	waits := options != nil && options.PropagationPolicy != nil && *options.PropagationPolicy != metav1.DeletePropagationBackground
	if c.owned.Load() || waits {
		select {
		case c.wake <- struct{}{}:
		default:
		}
	}
	return nil
}

func (c *collector) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.wake:
		}
		for again := true; again; {
			select {
			case <-ctx.Done():
				return
			case <-time.After(collectEvery): // also lets the request that woke this reach the store
			}
			var err error
			if again, err = c.pass(ctx); err != nil {
				klog.InfoS("garbage collection is tried again", "reason", err)
				again = true
			}
		}
	}
}

// object is the metadata of one object and where it is served.
type object struct {
	*metav1.PartialObjectMetadata
	kind
}

// pass works on one listing of everything and says whether another pass is needed.
func (c *collector) pass(ctx context.Context) (bool, error) {
	objects, err := c.listAll(ctx)
	if err != nil {
		return false, err // an incomplete picture proves no absence
	}
	dependents, suspects := map[types.UID][]object{}, sets.New[types.UID]()
	for uid, o := range objects {
		present := 0
		for _, ref := range o.OwnerReferences {
			if owner, ok := objects[ref.UID]; ok && (owner.Namespace == "" || owner.Namespace == o.Namespace) {
				present++
				dependents[ref.UID] = append(dependents[ref.UID], o)
			}
		}
		if len(o.OwnerReferences) == 0 {
			continue
		}
		c.owned.Store(true)
		if present > 0 || o.DeletionTimestamp != nil {
			continue
		}
		suspects.Insert(uid)
		if c.suspects.Has(uid) {
			if err := c.delete(ctx, o, metav1.DeletePropagationBackground); err != nil {
				return false, err
			}
		}
	}
	c.suspects = suspects
	again := len(suspects) > 0
	for uid, o := range objects {
		if o.DeletionTimestamp == nil {
			continue
		}
		if slices.Contains(o.Finalizers, metav1.FinalizerDeleteDependents) {
			again = true
			err = c.finishForeground(ctx, o, dependents[uid])
		} else if slices.Contains(o.Finalizers, metav1.FinalizerOrphanDependents) {
			again = true
			err = c.finishOrphan(ctx, o, dependents[uid])
		}
		if err != nil {
			return false, err
		}
	}
	return again, nil
}

func (c *collector) listAll(ctx context.Context) (map[types.UID]object, error) {
	kinds, err := c.deletableKinds()
	if err != nil {
		return nil, err
	}
	objects := map[types.UID]object{}
	for _, k := range kinds {
		list, err := c.metadata.Resource(k.GroupVersionResource).List(ctx, metav1.ListOptions{})
		if gone(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		for i := range list.Items {
			objects[list.Items[i].UID] = object{&list.Items[i], k}
		}
	}
	return objects, nil
}

// finishForeground deletes the dependents, and lets the owner go when none of them blocks it any more.
func (c *collector) finishForeground(ctx context.Context, owner object, dependents []object) error {
	blocked := false
	for _, d := range dependents {
		if d.DeletionTimestamp == nil {
			if err := c.delete(ctx, d, metav1.DeletePropagationForeground); err != nil {
				return err
			}
		}
		blocked = blocked || slices.ContainsFunc(d.OwnerReferences, func(r metav1.OwnerReference) bool {
			return r.UID == owner.UID && r.BlockOwnerDeletion != nil && *r.BlockOwnerDeletion
		})
	}
	if blocked {
		return nil
	}
	return c.dropFinalizer(ctx, owner, metav1.FinalizerDeleteDependents)
}

// finishOrphan takes the owner's references out of the dependents, and lets it go.
func (c *collector) finishOrphan(ctx context.Context, owner object, dependents []object) error {
	for _, d := range dependents {
		keep := slices.DeleteFunc(slices.Clone(d.OwnerReferences), func(r metav1.OwnerReference) bool { return r.UID == owner.UID })
		if err := c.patch(ctx, d, "ownerReferences", keep); err != nil {
			return err
		}
	}
	return c.dropFinalizer(ctx, owner, metav1.FinalizerOrphanDependents)
}

func (c *collector) dropFinalizer(ctx context.Context, o object, finalizer string) error {
	return c.patch(ctx, o, "finalizers", slices.DeleteFunc(slices.Clone(o.Finalizers), func(f string) bool { return f == finalizer }))
}

// patch replaces a list in the metadata of exactly what was read.
func (c *collector) patch(ctx context.Context, o object, field string, value any) error {
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{"uid": o.UID, "resourceVersion": o.ResourceVersion, field: value}})
	if err != nil {
		return err
	}
	_, err = c.metadata.Resource(o.GroupVersionResource).Namespace(o.Namespace).Patch(ctx, o.Name, types.MergePatchType, body, metav1.PatchOptions{})
	return ignoreOvertaken(err)
}

func (c *collector) delete(ctx context.Context, o object, policy metav1.DeletionPropagation) error {
	return ignoreOvertaken(c.metadata.Resource(o.GroupVersionResource).Namespace(o.Namespace).Delete(ctx, o.Name, metav1.DeleteOptions{
		PropagationPolicy: &policy, Preconditions: &metav1.Preconditions{UID: &o.UID, ResourceVersion: &o.ResourceVersion}}))
}

// ignoreOvertaken drops the errors that say that somebody changed the object first: the next pass sees it.
func ignoreOvertaken(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
