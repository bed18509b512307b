import assert from "node:assert/strict";
import { parsePlatform, type PlatformInput } from "../../../config/platform";
import { planQuota } from "../../../config/quota";
import { DIGEST, HOST_PLATFORM, PR, config } from "../../../test/support/samples";
import { planPlatform } from "../../platform/plan";
import { planPrEnvironment } from "../plan";

interface Pod {
  initContainers?: { name: string; image: string; args?: string[]; resources: object }[];
  containers: { name: string; resources: object }[];
}
interface Template {
  spec: { template: { spec: Pod } };
}

const image = `localhost/berth/canary@${DIGEST}`;

const facts = (fields: Partial<PlatformInput>) => planPlatform(parsePlatform({ ...HOST_PLATFORM, ...fields })).facts;

const environment = {
  databases: { redis: { seed: ["SET a b"] }, postgresql: { from: { image: `ghcr.io/acme/dump@${DIGEST}` } } },
  services: [{ name: "api", image: `ghcr.io/acme/api@${DIGEST}`, port: 8080 }],
  jobs: [
    { name: "migrate", command: ["migrate"] },
    { name: "warm", command: ["warm"], when: "after-app" },
  ],
};

describe("the canary", () => {
  it("is on unless the network plugin is closed from the first packet, or the platform says otherwise", () => {
    const given = { egressCanary: { image } };
    for (const networkPlugin of ["vpc-cni-standard", "fail-open", undefined] as const)
      assert.deepEqual(facts({ ...given, networkPlugin }).egressCanary, { image, target: null }, networkPlugin);
    for (const networkPlugin of ["vpc-cni-strict", "fail-closed"] as const) {
      assert.equal(facts({ ...given, networkPlugin }).egressCanary, null, networkPlugin);
      assert.notEqual(facts({ egressCanary: { image, when: "always" }, networkPlugin }).egressCanary, null);
    }
    assert.equal(
      facts({ egressCanary: { image, when: "never" }, networkPlugin: "vpc-cni-standard" }).egressCanary,
      null,
    );
    assert.equal(facts({ egressCanary: { when: "never" }, networkPlugin: "vpc-cni-standard" }).egressCanary, null);
    assert.equal(facts({}).egressCanary, null);
  });

  const plan = (fields: Partial<PlatformInput>) =>
    planPrEnvironment({ config: config(environment), pr: PR, platform: facts(fields) });
  const podsOf = ({ workloads, jobs }: ReturnType<typeof plan>) =>
    [
      ...workloads.map(({ deployment }) => deployment),
      ...[...jobs.seeds, ...jobs.beforeApp, ...jobs.afterApp].map(({ job }) => job),
    ].map((workload) => (workload as unknown as Template).spec.template.spec);

  it("comes before all else in the pods of app, services, jobs and first data, and asks for the API server unless told what else", () => {
    for (const target of [undefined, "10.20.30.40:443"]) {
      const pods = podsOf(plan({ egressCanary: { image, ...(target === undefined ? {} : { target }) } }));
      assert.equal(pods.length, 6);
      for (const { initContainers: [first] = [] } of pods) {
        assert.deepEqual([first?.name, first?.image], ["egress-canary", image]);
        assert.deepEqual(first?.args, ["--within=20s", ...(target === undefined ? [] : [`--target=${target}`])]);
      }
    }
  });

  it("is refused before an image of the pull request gives its snapshot", () => {
    const [snapshot] = plan({ egressCanary: { image } }).jobs.seeds.map(({ job }) => (job as unknown as Template).spec);
    assert.deepEqual(
      snapshot?.template.spec.initContainers?.map(({ name }) => name),
      ["egress-canary", "wait-for-postgresql", "snapshot"],
    );
  });

  it("is not in pods that run databases, whose programs are the platform's, and nowhere without one", () => {
    assert.doesNotMatch(JSON.stringify(plan({ egressCanary: { image } }).databases), /egress-canary/);
    assert.doesNotMatch(JSON.stringify(plan({})), /egress-canary/);
  });

  it("needs no room: it has the resources of what it comes before", () => {
    for (const { initContainers: [first] = [], containers } of podsOf(plan({ egressCanary: { image } })))
      assert.deepEqual(first?.resources, containers[0]?.resources);
    assert.deepEqual(plan({ egressCanary: { image } }).neededQuota, planQuota(config(environment)));
  });
});
