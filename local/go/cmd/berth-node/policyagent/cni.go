package policyagent

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
)

// cniResolver finds the pod of an address in the records that the CNI plugins leave
// on disk when they give out the address, which is before the pod's containers start:
// host-local's file networks/NETWORK/ADDRESS names the sandbox and its interface, and
// libcni's file results/NETWORK-SANDBOX-INTERFACE names the pod.
type cniResolver struct {
	dir     string
	network string
}

// LookupPod returns the "namespace/name" of the pod that holds the address.
func (r cniResolver) LookupPod(ip string) (string, bool) {
	reservation, err := os.ReadFile(filepath.Join(r.dir, "networks", r.network, ip))
	if err != nil {
		return "", false
	}
	sandbox, device, found := strings.Cut(string(reservation), "\n")
	sandbox, device = strings.TrimSpace(sandbox), strings.TrimSpace(device)
	if !found || sandbox == "" || strings.ContainsRune(sandbox+device, '/') {
		return "", false
	}
	record, err := os.ReadFile(filepath.Join(r.dir, "results", r.network+"-"+sandbox+"-"+device))
	if err != nil {
		return "", false
	}
	return podOfRecord(record)
}

// podOfRecord reads the pod's key from a cached CNI result.
func podOfRecord(record []byte) (string, bool) {
	var result struct {
		Args [][2]string `json:"cniArgs"`
	}
	if err := json.Unmarshal(record, &result); err != nil {
		return "", false
	}
	var namespace, name string
	for _, arg := range result.Args {
		switch arg[0] {
		case "K8S_POD_NAMESPACE":
			namespace = arg[1]
		case "K8S_POD_NAME":
			name = arg[1]
		}
	}
	return namespace + "/" + name, namespace != "" && name != ""
}
