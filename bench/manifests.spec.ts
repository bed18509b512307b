import assert from "node:assert/strict";
import { asWritten, manifestsOf, type LiveObject } from "./manifests";

const live = (kind: string, name: string, extra: Partial<LiveObject> = {}): LiveObject => ({
  apiVersion: "v1",
  kind,
  metadata: { name, namespace: "guestbook-pr-900", uid: "u", resourceVersion: "7", managedFields: [] },
  ...extra,
});

describe("bench manifests", () => {
  it("drops what the server filled in and moves the object to another namespace", () => {
    const service = live("Service", "app", { spec: { clusterIP: "10.91.0.7", clusterIPs: ["10.91.0.7"], ports: [] } });
    assert.deepEqual(asWritten({ ...service, status: {} }, "guestbook-pr-900", "bench-kubectl"), {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "app", namespace: "bench-kubectl" },
      spec: { ports: [] },
    });
  });

  it("asks for a volume of its own", () => {
    const claim = live("PersistentVolumeClaim", "data", {
      spec: { volumeName: "pvc-1", accessModes: ["ReadWriteOnce"] },
    });
    claim.metadata.annotations = { "volume.kubernetes.io/selected-node": "berth-bench" };
    assert.deepEqual(asWritten(claim, "guestbook-pr-900", "bench-kubectl"), {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "data", namespace: "bench-kubectl" },
      spec: { accessModes: ["ReadWriteOnce"] },
    });
  });

  it("keeps a headless service headless", () => {
    const service = live("Service", "postgresql", { spec: { clusterIP: "None", clusterIPs: ["None"] } });
    assert.deepEqual(asWritten(service, "guestbook-pr-900", "bench-helm").spec, {
      clusterIP: "None",
      clusterIPs: ["None"],
    });
  });

  it("makes the namespace nobody's environment, so that Berth does not take it for one of its own", () => {
    const namespace = live("Namespace", "guestbook-pr-900");
    namespace.metadata.labels = {
      "app.kubernetes.io/managed-by": "berth",
      "berth.dev/environment": "guestbook-pr-900",
      "pod-security.kubernetes.io/enforce": "restricted",
    };
    const written = asWritten(namespace, "guestbook-pr-900", "bench-helm");
    assert.deepEqual(written.metadata.labels, { "pod-security.kubernetes.io/enforce": "restricted" });
  });

  it("leaves out what each namespace gets by itself, and puts the rest in order", () => {
    const kinds = manifestsOf(
      [
        live("Deployment", "app"),
        live("ConfigMap", "kube-root-ca.crt"),
        live("ServiceAccount", "default"),
        live("Secret", "s"),
      ],
      "guestbook-pr-900",
      "bench",
    ).map(({ kind }) => kind);
    assert.deepEqual(kinds, ["Secret", "Deployment"]);
  });
});
