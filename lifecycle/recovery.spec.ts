import assert from "node:assert/strict";
import type { ResourceType } from "./discovery";
import { objectPath, settle, type Deployment, type StateResource } from "./recovery";

const urn = (name: string) => `urn:pulumi:pr-shop-1::berth::kubernetes:core/v1:ConfigMap::${name}`;

function configMap(name: string, more: Partial<StateResource> = {}): StateResource {
  return {
    urn: urn(name),
    type: "kubernetes:core/v1:ConfigMap",
    custom: true,
    inputs: { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "shop-pr-1" } },
    ...more,
  };
}

function type(group: string, kind: string, resource: string, namespaced = true): ResourceType {
  return { group, version: "v1", kind, resource, namespaced, verbs: ["list"] };
}

const types = [
  type("", "ConfigMap", "configmaps"),
  type("", "Namespace", "namespaces", false),
  type("networking.k8s.io", "NetworkPolicy", "networkpolicies"),
];

describe("settling an interrupted state", () => {
  it("keeps what was created, with its id, and forgets what was not", () => {
    const deployment: Deployment = {
      manifest: { version: "v3" },
      resources: [configMap("first", { id: "shop-pr-1/first" })],
      pending_operations: [
        { type: "creating", resource: configMap("made") },
        { type: "creating", resource: configMap("never-made") },
        { type: "updating", resource: configMap("first", { id: "shop-pr-1/first" }) },
      ],
    };
    const settled = settle(
      deployment,
      new Map([[urn("made"), { id: "shop-pr-1/made", fieldManager: "pulumi-kubernetes-1" }]]),
    );
    assert.deepEqual(settled.pending_operations, []);
    assert.deepEqual(
      settled.resources?.map((resource) => [resource.urn, resource.id]),
      [
        [urn("first"), "shop-pr-1/first"],
        [urn("made"), "shop-pr-1/made"],
      ],
    );
    assert.deepEqual(settled.resources[1]?.outputs, {
      ...configMap("made").inputs,
      __fieldManager: "pulumi-kubernetes-1",
    });
    assert.deepEqual(settled["manifest"], { version: "v3" });
  });

  it("does not write a resource down twice", () => {
    const deployment: Deployment = {
      resources: [configMap("a", { id: "shop-pr-1/a" })],
      pending_operations: [{ type: "creating", resource: configMap("a") }],
    };
    const settled = settle(deployment, new Map([[urn("a"), { id: "shop-pr-1/a" }]]));
    assert.equal(settled.resources?.length, 1);
  });

  it("writes a replacement down beside the old one that is to be deleted", () => {
    const deployment: Deployment = {
      resources: [configMap("a", { id: "shop-pr-1/a", delete: true })],
      pending_operations: [{ type: "creating", resource: configMap("a") }],
    };
    const settled = settle(deployment, new Map([[urn("a"), { id: "shop-pr-1/a" }]]));
    assert.equal(settled.resources?.length, 2);
  });
});

describe("the path of a resource in the state", () => {
  it("comes from discovery", () => {
    assert.deepEqual(objectPath(types, configMap("a")), {
      path: "/api/v1/namespaces/shop-pr-1/configmaps/a",
      id: "shop-pr-1/a",
    });
    const policy = configMap("p", {
      type: "kubernetes:networking.k8s.io/v1:NetworkPolicy",
      inputs: { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "p", namespace: "n" } },
    });
    assert.equal(objectPath(types, policy)?.path, "/apis/networking.k8s.io/v1/namespaces/n/networkpolicies/p");
  });

  it("has no namespace for a cluster-scoped kind", () => {
    const namespace = configMap("n", {
      type: "kubernetes:core/v1:Namespace",
      inputs: { apiVersion: "v1", kind: "Namespace", metadata: { name: "n" } },
    });
    assert.deepEqual(objectPath(types, namespace), { path: "/api/v1/namespaces/n", id: "n" });
  });

  it("does not exist for a random value, a kind that the cluster lacks, or a name that the engine had yet to choose", () => {
    assert.equal(objectPath(types, configMap("r", { type: "random:index/randomPassword:RandomPassword" })), undefined);
    assert.equal(
      objectPath(types, configMap("x", { inputs: { apiVersion: "v1", kind: "Widget", metadata: { name: "x" } } })),
      undefined,
    );
    assert.equal(
      objectPath(types, configMap("y", { inputs: { apiVersion: "v1", kind: "ConfigMap", metadata: {} } })),
      undefined,
    );
  });
});
