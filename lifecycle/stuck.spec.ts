import assert from "node:assert/strict";
import { controllerOf, stuckText } from "./stuck";

const operator = {
  metadata: { name: "cnpg-controller-manager", namespace: "cnpg-system", labels: { app: "cloudnative-pg" } },
  status: { replicas: 1, readyReplicas: 0 },
};

describe("who holds an object", () => {
  it("is part of Kubernetes for its own finalizers", () => {
    assert.match(controllerOf("kubernetes.io/pvc-protection", []), /no pod uses the claim/);
    assert.match(controllerOf("service.k8s.aws/resources", []), /AWS Load Balancer Controller/);
  });

  it("is a Deployment named after the finalizer's domain, with its health", () => {
    assert.equal(
      controllerOf("cnpg.io/database", [operator]),
      "cnpg.io/database: probably Deployment cnpg-system/cnpg-controller-manager, not running (0 of 1 ready)",
    );
  });

  it("is said to be unknown when nothing fits", () => {
    assert.match(controllerOf("example.com/protect", [operator]), /no controller for it was found .*example/);
  });

  it("is told with object and finalizer", () => {
    const text = stuckText({
      kind: "Widget",
      name: "w",
      finalizers: ["example.com/p"],
      controllers: ["example.com/p: x"],
    });
    assert.equal(text, "Widget w waits for example.com/p: x");
  });
});
