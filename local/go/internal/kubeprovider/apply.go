package kubeprovider

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

type applyOptions struct {
	dryRun bool
	// mustExist refuses to create the object.
	mustExist bool
	// previous is the object that was sent last; nil when unknown. Fields of it that are gone now are removed.
	previous *unstructured.Unstructured
}

// ownershipRetries bounds how often the book-keeping is tried again when a controller writes the object in between.
const ownershipRetries = 5

// apply makes the fields of the object what is given, by server-side apply under the manager's name.
func (s *server) apply(
	ctx context.Context, client dynamic.ResourceInterface, object *unstructured.Unstructured, manager string,
	options applyOptions,
) (*unstructured.Unstructured, error) {
	live, err := client.Get(ctx, object.GetName(), v1.GetOptions{})
	if err != nil && (!apierrors.IsNotFound(err) || options.mustExist) {
		return nil, err
	}
	force := s.settings.enablePatchForce || isTrue(object, annotationPatchForce)
	createdHere := err == nil && createdBy(live, manager)
	if createdHere && !options.dryRun {
		if err := takeOwnership(ctx, client, live, manager, options.previous); err != nil {
			return nil, err
		}
	}
	body, err := json.Marshal(object.Object)
	if err != nil {
		return nil, err
	}
	patch := v1.PatchOptions{FieldManager: manager, Force: &force, FieldValidation: v1.FieldValidationWarn}
	if options.dryRun {
		patch.DryRun = []string{v1.DryRunAll}
	}
	applied, err := client.Patch(ctx, object.GetName(), types.ApplyPatchType, body, patch)
	if apierrors.IsConflict(err) && options.dryRun && createdHere && onlyOwnConflicts(err, manager) {
		// The real update first turns the create's ownership into an applied one; a dry run cannot.
		force = true
		applied, err = client.Patch(ctx, object.GetName(), types.ApplyPatchType, body, patch)
	}
	if apierrors.IsInvalid(err) && options.dryRun && createdHere && options.previous != nil {
		return checkMerged(ctx, client, live, object, options.previous, manager)
	}
	return applied, explainConflict(err, object)
}

// explainConflict says what to do about fields that something else manages.
func explainConflict(err error, object *unstructured.Unstructured) error {
	status := apierrors.APIStatus(nil)
	if err == nil || !apierrors.IsConflict(err) || !asStatus(err, &status) || status.Status().Details == nil {
		return err
	}
	var fields []string
	for _, cause := range status.Status().Details.Causes {
		if cause.Type == v1.CauseTypeFieldManagerConflict {
			fields = append(fields, fmt.Sprintf("%s (%s)", cause.Field, cause.Message))
		}
	}
	if len(fields) == 0 {
		return err
	}
	return fmt.Errorf("%s %q has fields that something else manages too: %s; leave these fields out of the program, add "+
		"them to the resource option ignoreChanges, or take them over with the annotation %s: \"true\": %w",
		object.GetKind(), id(object.GetNamespace(), object.GetName()), strings.Join(fields, ", "), annotationPatchForce, err)
}

// onlyOwnConflicts tells whether every conflicting field is one that this manager set when it created the object.
func onlyOwnConflicts(err error, manager string) bool {
	status := apierrors.APIStatus(nil)
	if !asStatus(err, &status) || status.Status().Details == nil {
		return false
	}
	for _, cause := range status.Status().Details.Causes {
		if cause.Type != v1.CauseTypeFieldManagerConflict || !strings.Contains(cause.Message, fmt.Sprintf("%q", manager)) {
			return false
		}
	}
	return true
}

// asStatus is errors.As for the API server's answers.
func asStatus(err error, status *apierrors.APIStatus) bool { return errors.As(err, status) }
