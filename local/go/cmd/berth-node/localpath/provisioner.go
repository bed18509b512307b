package localpath

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// provisioner makes and removes the folders. The size of a claim is not enforced: the
// folders share one file system.
type provisioner struct {
	root string
	node string
}

var _ controller.Provisioner = (*provisioner)(nil)

// Provision makes the folder of a volume and describes it. Asked again for the same
// volume it finds the folder and gives the same answer.
func (p *provisioner) Provision(_ context.Context, options controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	if err := p.check(options); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	path, err := p.path(options.PVName)
	if err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	if err := os.Mkdir(path, 0o777); err != nil && !errors.Is(err, os.ErrExist) {
		return nil, controller.ProvisioningFinished, fmt.Errorf("making the volume's folder: %w", err)
	}
	// A container that runs as any user and without fsGroup must be able to write; umask would take that away.
	if err := os.Chmod(path, 0o777); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("opening the volume's folder: %w", err)
	}
	mode := v1.PersistentVolumeFilesystem
	reclaim := v1.PersistentVolumeReclaimDelete
	if options.StorageClass.ReclaimPolicy != nil {
		reclaim = *options.StorageClass.ReclaimPolicy
	}
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: options.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: reclaim,
			AccessModes:                   options.PVC.Spec.AccessModes,
			VolumeMode:                    &mode,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: options.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource:        v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity:                  onlyOn(options.SelectedNodeName),
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder of a volume with all it holds.
func (p *provisioner) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	path, err := p.path(volume.Name)
	if err != nil {
		return err
	}
	if volume.Spec.Local == nil || volume.Spec.Local.Path != path {
		return &controller.IgnoredError{Reason: fmt.Sprintf("volume %s does not lie at %s", volume.Name, path)}
	}
	if p.node != "" && !slices.Equal(nodesOf(volume), []string{p.node}) {
		return &controller.IgnoredError{Reason: fmt.Sprintf("volume %s belongs to another node than %s", volume.Name, p.node)}
	}
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("removing the folder of volume %s: %w", volume.Name, err)
	}
	return nil
}

// check refuses claims that a folder on one node cannot satisfy.
func (p *provisioner) check(options controller.ProvisionOptions) error {
	if options.SelectedNodeName == "" {
		return fmt.Errorf("the claim has no node yet: StorageClass %s must have volumeBindingMode WaitForFirstConsumer", options.StorageClass.Name)
	}
	if p.node != "" && options.SelectedNodeName != p.node {
		return &controller.IgnoredError{Reason: fmt.Sprintf("the claim's pod goes to node %s, not to %s", options.SelectedNodeName, p.node)}
	}
	spec := options.PVC.Spec
	if spec.Selector != nil {
		return errors.New("spec.selector of the claim is set, but a folder has no labels to select by: remove it")
	}
	if spec.VolumeMode != nil && *spec.VolumeMode != v1.PersistentVolumeFilesystem {
		return fmt.Errorf("spec.volumeMode of the claim is %s; only Filesystem is possible", *spec.VolumeMode)
	}
	for _, mode := range spec.AccessModes {
		if mode != v1.ReadWriteOnce && mode != v1.ReadWriteOncePod {
			return fmt.Errorf("spec.accessModes of the claim has %s; a folder on one node can give ReadWriteOnce or ReadWriteOncePod", mode)
		}
	}
	return nil
}

// path is the folder of a volume. The name must be one path element, so that no
// volume can point outside the root.
func (p *provisioner) path(volume string) (string, error) {
	if problems := validation.IsDNS1123Subdomain(volume); len(problems) > 0 {
		return "", fmt.Errorf("volume name %q is not usable as a folder name: %s", volume, problems[0])
	}
	return filepath.Join(p.root, volume), nil
}

func onlyOn(node string) *v1.VolumeNodeAffinity {
	return &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
		MatchExpressions: []v1.NodeSelectorRequirement{{
			Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{node},
		}},
	}}}}
}

func nodesOf(volume *v1.PersistentVolume) []string {
	if volume.Spec.NodeAffinity == nil || volume.Spec.NodeAffinity.Required == nil {
		return nil
	}
	var nodes []string
	for _, term := range volume.Spec.NodeAffinity.Required.NodeSelectorTerms {
		for _, expression := range term.MatchExpressions {
			if expression.Key == v1.LabelHostname && expression.Operator == v1.NodeSelectorOpIn {
				nodes = append(nodes, expression.Values...)
			}
		}
	}
	return nodes
}
