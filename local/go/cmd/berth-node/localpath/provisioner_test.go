package localpath

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func request(change func(*controller.ProvisionOptions)) controller.ProvisionOptions {
	options := controller.ProvisionOptions{
		StorageClass:     &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: "local"}},
		PVName:           "pvc-1234",
		SelectedNodeName: "node-a",
		PVC: &v1.PersistentVolumeClaim{Spec: v1.PersistentVolumeClaimSpec{
			AccessModes: []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce},
			Resources:   v1.VolumeResourceRequirements{Requests: v1.ResourceList{v1.ResourceStorage: resource.MustParse("1Gi")}},
		}},
	}
	if change != nil {
		change(&options)
	}
	return options
}

func TestAVolumeIsAFolderThatGoesWithIt(t *testing.T) {
	p := &provisioner{root: t.TempDir(), node: "node-a"}
	volume, state, err := p.Provision(context.Background(), request(nil))
	if err != nil || state != controller.ProvisioningFinished {
		t.Fatalf("Provision: %v, %v", state, err)
	}
	path := filepath.Join(p.root, "pvc-1234")
	if volume.Spec.Local == nil || volume.Spec.Local.Path != path {
		t.Errorf("the volume does not lie at %s: %+v", path, volume.Spec.PersistentVolumeSource)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o777 {
		t.Errorf("the folder is not open to any user: %v, %v", info, err)
	}
	if volume.Spec.PersistentVolumeReclaimPolicy != v1.PersistentVolumeReclaimDelete {
		t.Errorf("reclaim policy %s", volume.Spec.PersistentVolumeReclaimPolicy)
	}
	if got := nodesOf(volume); len(got) != 1 || got[0] != "node-a" {
		t.Errorf("the volume is bound to nodes %q", got)
	}
	if size := volume.Spec.Capacity[v1.ResourceStorage]; size.String() != "1Gi" {
		t.Errorf("capacity %s", size.String())
	}

	if err := os.WriteFile(filepath.Join(path, "data"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	again, _, err := p.Provision(context.Background(), request(nil))
	if err != nil || again.Spec.Local.Path != path {
		t.Errorf("a second Provision does not give the same volume: %v", err)
	}
	if _, err := os.Stat(filepath.Join(path, "data")); err != nil {
		t.Errorf("a second Provision lost data: %v", err)
	}

	for range 2 {
		if err := p.Delete(context.Background(), volume); err != nil {
			t.Errorf("Delete: %v", err)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestProvisionRefusesWhatAFolderCannotGive(t *testing.T) {
	block := v1.PersistentVolumeBlock
	for name, test := range map[string]struct {
		change  func(*controller.ProvisionOptions)
		message string
	}{
		"no node":      {func(o *controller.ProvisionOptions) { o.SelectedNodeName = "" }, "WaitForFirstConsumer"},
		"another node": {func(o *controller.ProvisionOptions) { o.SelectedNodeName = "node-b" }, "node-b"},
		"a selector":   {func(o *controller.ProvisionOptions) { o.PVC.Spec.Selector = &metav1.LabelSelector{} }, "spec.selector"},
		"a block":      {func(o *controller.ProvisionOptions) { o.PVC.Spec.VolumeMode = &block }, "only Filesystem"},
		"many writers": {func(o *controller.ProvisionOptions) {
			o.PVC.Spec.AccessModes = []v1.PersistentVolumeAccessMode{v1.ReadWriteMany}
		}, "ReadWriteMany"},
		"a way out": {func(o *controller.ProvisionOptions) { o.PVName = "../elsewhere" }, "folder name"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &provisioner{root: t.TempDir(), node: "node-a"}
			volume, _, err := p.Provision(context.Background(), request(test.change))
			if err == nil || volume != nil || !strings.Contains(err.Error(), test.message) {
				t.Errorf("Provision = %v, %v; want an error with %q", volume, err, test.message)
			}
			if entries, err := os.ReadDir(p.root); err != nil || len(entries) > 0 {
				t.Errorf("something was made: %v, %v", entries, err)
			}
		})
	}
}

func TestDeleteTouchesOnlyItsOwnFolders(t *testing.T) {
	root, outside := t.TempDir(), t.TempDir()
	p := &provisioner{root: root, node: "node-a"}
	volume := func(name, path, node string) *v1.PersistentVolume {
		return &v1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1.PersistentVolumeSpec{
			PersistentVolumeSource: v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: path}},
			NodeAffinity:           onlyOn(node),
		}}
	}
	var ignored *controller.IgnoredError
	for name, v := range map[string]*v1.PersistentVolume{
		"another path": volume("pvc-1", outside, "node-a"),
		"another node": volume("pvc-1", filepath.Join(root, "pvc-1"), "node-b"),
		"another kind": {ObjectMeta: metav1.ObjectMeta{Name: "pvc-1"}},
	} {
		if err := p.Delete(context.Background(), v); !errors.As(err, &ignored) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := p.Delete(context.Background(), volume("..", root, "node-a")); err == nil {
		t.Error("a name that is no folder name was accepted")
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("a folder outside the root is gone: %v", err)
	}
}

func TestParseWantsAFolderOfItsOwn(t *testing.T) {
	for _, root := range []string{"", "relative", "/", "/.."} {
		if _, err := parse("p", []string{"--kubeconfig", "/k", "--root", root}); err == nil || !strings.Contains(err.Error(), "--root") {
			t.Errorf("--root %q: %v", root, err)
		}
	}
	if _, err := parse("p", []string{"--root", "/volumes"}); err == nil || !strings.Contains(err.Error(), "--kubeconfig") {
		t.Errorf("without --kubeconfig: %v", err)
	}
	opts, err := parse("p", []string{"--kubeconfig", "/k", "--root", "/volumes/"})
	if err != nil || opts.root != "/volumes" || opts.name != "berth.dev/local-path" {
		t.Errorf("parse = %+v, %v", opts, err)
	}
}
