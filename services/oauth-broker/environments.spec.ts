import assert from "node:assert/strict";
import { clusterEnvironments } from "./environments";

const OURS = { "app.kubernetes.io/managed-by": "berth", "berth.dev/environment": "shop-pr-7" };
const NAMESPACE = "/api/v1/namespaces/shop-pr-7";
const LEASE = "/apis/coordination.k8s.io/v1/namespaces/berth-system/leases/shop-pr-7";

const over = (objects: Record<string, unknown>) => clusterEnvironments((path) => Promise.resolve(objects[path]));
const lease = (desired: string) => ({ metadata: { annotations: { "berth.dev/desired-state": desired } } });

describe("environments as the broker sees them", () => {
  const cases: [string, boolean, Record<string, unknown>][] = [
    ["one that is deployed", true, { [NAMESPACE]: { metadata: { labels: OURS } }, [LEASE]: lease("present") }],
    ["one made by the engine alone, without a Lease", true, { [NAMESPACE]: { metadata: { labels: OURS } } }],
    [
      "one that somebody has begun to destroy",
      false,
      { [NAMESPACE]: { metadata: { labels: OURS } }, [LEASE]: lease("absent") },
    ],
    [
      "one whose namespace is being deleted",
      false,
      {
        [NAMESPACE]: { metadata: { labels: OURS, deletionTimestamp: "2026-11-21T12:00:00Z" } },
        [LEASE]: lease("present"),
      },
    ],
    ["none", false, {}],
    ["a Lease that outlived its namespace", false, { [LEASE]: lease("present") }],
    ["a namespace of somebody else", false, { [NAMESPACE]: { metadata: { labels: {} } } }],
    [
      "the platform's own namespace",
      false,
      { [NAMESPACE]: { metadata: { labels: { "app.kubernetes.io/managed-by": "berth" } } } },
    ],
    [
      "a namespace that claims to be another environment",
      false,
      { [NAMESPACE]: { metadata: { labels: { ...OURS, "berth.dev/environment": "bank-pr-1" } } } },
    ],
  ];
  for (const [name, expected, objects] of cases) {
    it(`${name} is ${expected ? "" : "not "}live`, async () => {
      assert.equal(await over(objects).isLive("shop-pr-7"), expected);
    });
  }

  it("have a key for each purpose, in a Secret of its own", async () => {
    const data = (value: string) => ({ data: { key: Buffer.from(value).toString("base64") } });
    const environments = over({
      [`${NAMESPACE}/secrets/oauth-state`]: data("of the app"),
      [`${NAMESPACE}/secrets/access-proxy`]: data("of the proxy"),
    });
    assert.equal(await environments.key("shop-pr-7", "app"), "of the app");
    assert.equal(await environments.key("shop-pr-7", "proxy"), "of the proxy");
    assert.equal(await environments.key("shop-pr-8", "app"), undefined);
    assert.equal(await over({ [`${NAMESPACE}/secrets/oauth-state`]: {} }).key("shop-pr-7", "app"), undefined);
  });

  it("are an error, not an absence, when the cluster does not answer", async () => {
    const environments = clusterEnvironments(() => Promise.reject(new Error("no answer")));
    await assert.rejects(environments.isLive("shop-pr-7"), /no answer/);
    await assert.rejects(environments.key("shop-pr-7", "app"), /no answer/);
  });
});
