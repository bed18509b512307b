package localpath

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	v1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// provisionedBy is the annotation by which the controller library marks the volumes of a provisioner.
const provisionedBy = "pv.kubernetes.io/provisioned-by"

// resizer records that volumes have the size that their claims have come to ask for. There
// is no more to it: the folders share one file system, which gives each what it takes.
type resizer struct {
	client kubernetes.Interface
	name   string
}

// run follows the claims until the context ends.
func (r *resizer) run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(r.client, 0)
	claims := factory.Core().V1().PersistentVolumeClaims()
	queue := workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemExponentialFailureRateLimiter[types.NamespacedName](100*time.Millisecond, 10*time.Second))
	add := func(object any) {
		if claim, ok := object.(*v1.PersistentVolumeClaim); ok && wantsMore(claim) {
			queue.Add(types.NamespacedName{Namespace: claim.Namespace, Name: claim.Name})
		}
	}
	_, err := claims.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    add,
		UpdateFunc: func(_, object any) { add(object) },
	})
	if err != nil {
		return fmt.Errorf("following the claims: %w", err)
	}
	factory.Start(ctx.Done())
	go func() {
		<-ctx.Done()
		queue.ShutDown()
	}()
	for {
		key, ended := queue.Get()
		if ended {
			return nil
		}
		if err := r.grow(ctx, key); err != nil {
			klog.ErrorS(err, "The volume does not grow", "claim", key)
			queue.AddRateLimited(key)
		} else {
			queue.Forget(key)
		}
		queue.Done(key)
	}
}

// wantsMore tells whether a bound claim asks for more than it has.
func wantsMore(claim *v1.PersistentVolumeClaim) bool {
	wanted, has := claim.Spec.Resources.Requests[v1.ResourceStorage], claim.Status.Capacity[v1.ResourceStorage]
	return claim.Status.Phase == v1.ClaimBound && claim.DeletionTimestamp == nil && wanted.Cmp(has) > 0
}

// grow gives the volume of a claim the size that the claim asks for, and then says so in the claim.
func (r *resizer) grow(ctx context.Context, key types.NamespacedName) error {
	claim, err := r.client.CoreV1().PersistentVolumeClaims(key.Namespace).Get(ctx, key.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if !wantsMore(claim) {
		return nil
	}
	volume, err := r.client.CoreV1().PersistentVolumes().Get(ctx, claim.Spec.VolumeName, metav1.GetOptions{})
	if err != nil {
		return err
	}
	if volume.Annotations[provisionedBy] != r.name || volume.Spec.Local == nil {
		return nil
	}
	wanted, has := claim.Spec.Resources.Requests[v1.ResourceStorage], volume.Spec.Capacity[v1.ResourceStorage]
	capacity := map[string]any{"capacity": map[string]any{string(v1.ResourceStorage): wanted.String()}}
	if wanted.Cmp(has) > 0 {
		patch, err := json.Marshal(map[string]any{"spec": capacity})
		if err != nil {
			return err
		}
		_, err = r.client.CoreV1().PersistentVolumes().Patch(ctx, volume.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		if err != nil {
			return fmt.Errorf("setting the capacity of volume %s: %w", volume.Name, err)
		}
	}
	patch, err := json.Marshal(map[string]any{"status": capacity})
	if err != nil {
		return err
	}
	_, err = r.client.CoreV1().PersistentVolumeClaims(key.Namespace).Patch(
		ctx, key.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	if err != nil {
		return fmt.Errorf("setting the capacity of the claim: %w", err)
	}
	return nil
}
