package localpath

import (
	"context"
	"testing"

	v1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
)

func storage(size string) v1.ResourceList {
	return v1.ResourceList{v1.ResourceStorage: resource.MustParse(size)}
}

func TestAVolumeGrowsToWhatItsClaimAsksFor(t *testing.T) {
	const name = "berth.dev/local-path"
	for title, test := range map[string]struct {
		wanted, has, by string
		phase           v1.PersistentVolumeClaimPhase
		expected        string
	}{
		"more":             {"2Gi", "1Gi", name, v1.ClaimBound, "2Gi"},
		"the same":         {"1Gi", "1Gi", name, v1.ClaimBound, "1Gi"},
		"less":             {"1Gi", "2Gi", name, v1.ClaimBound, "2Gi"},
		"another's volume": {"2Gi", "1Gi", "ebs.csi.aws.com", v1.ClaimBound, "1Gi"},
		"not bound yet":    {"2Gi", "1Gi", name, v1.ClaimPending, "1Gi"},
	} {
		t.Run(title, func(t *testing.T) {
			claim := &v1.PersistentVolumeClaim{
				ObjectMeta: metav1.ObjectMeta{Namespace: "a", Name: "data"},
				Spec: v1.PersistentVolumeClaimSpec{
					VolumeName: "pvc-1", Resources: v1.VolumeResourceRequirements{Requests: storage(test.wanted)},
				},
				Status: v1.PersistentVolumeClaimStatus{Phase: test.phase, Capacity: storage(test.has)},
			}
			volume := &v1.PersistentVolume{
				ObjectMeta: metav1.ObjectMeta{Name: "pvc-1", Annotations: map[string]string{provisionedBy: test.by}},
				Spec: v1.PersistentVolumeSpec{
					Capacity:               storage(test.has),
					PersistentVolumeSource: v1.PersistentVolumeSource{Local: &v1.LocalVolumeSource{Path: "/volumes/pvc-1"}},
				},
			}
			client := fake.NewClientset(claim, volume)
			r := &resizer{client: client, name: name}
			for range 2 {
				if err := r.grow(context.Background(), types.NamespacedName{Namespace: "a", Name: "data"}); err != nil {
					t.Fatal(err)
				}
			}
			gotVolume, _ := client.CoreV1().PersistentVolumes().Get(context.Background(), "pvc-1", metav1.GetOptions{})
			gotClaim, _ := client.CoreV1().PersistentVolumeClaims("a").Get(context.Background(), "data", metav1.GetOptions{})
			if size := gotVolume.Spec.Capacity[v1.ResourceStorage]; size.String() != test.expected {
				t.Errorf("the volume has %s, want %s", size.String(), test.expected)
			}
			if size := gotClaim.Status.Capacity[v1.ResourceStorage]; size.String() != test.expected {
				t.Errorf("the claim has %s, want %s", size.String(), test.expected)
			}
		})
	}
}

func TestAClaimThatIsGoneIsNoError(t *testing.T) {
	r := &resizer{client: fake.NewClientset(), name: "p"}
	if err := r.grow(context.Background(), types.NamespacedName{Namespace: "a", Name: "data"}); err != nil {
		t.Error(err)
	}
}
