import assert from "node:assert/strict";
import { planQuota } from "../../../config/quota";
import { ExitCode } from "../../../lifecycle/errors";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { ensurePlatform } from "../../../lifecycle/platform";
import { preview } from "../../../lifecycle/preview";
import { silent } from "../../../lifecycle/progress";
import { readRecords } from "../../../lifecycle/records";
import { rotate } from "../../../lifecycle/rotate";
import { setAsleep } from "../../../lifecycle/sleep";
import { status } from "../../../lifecycle/status";
import type { Target } from "../../../lifecycle/target";
import type { TrustTier } from "../../../config/trust";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, kubeOf, requestFor } from "./support";

const project = "tiers";
const name = environmentName(project, 1);
const CANARY = `registry.example.com/canary@sha256:${"c".repeat(64)}`;
const inside = `/api/v1/namespaces/${name.namespace}`;

interface Template {
  spec: { initContainers?: { image: string }[] };
}

interface Quota extends KubeObject {
  spec: { hard: Record<string, string> };
}

describe("the tier of an environment", function () {
  this.timeout(300_000);
  const simulated = simulatedCluster();
  const kube = () => kubeOf(simulated());
  let target: Target;
  const request = (trust: TrustTier | undefined, more: object = {}) =>
    requestFor(project, "1", { config: configFor(project, more), ...(trust === undefined ? {} : { trust }) });
  const namespace = () => kube().get<KubeObject>(inside);
  const label = async () => (await namespace()).metadata.labels?.["berth.dev/trust"];
  /** The platform as it is, but for what it says of trust, and with a canary from a repository of its own. */
  const platformWith = (trust: object): Target => ({
    ...simulated(),
    platform: { ...(simulated().platform as object), egressCanary: { image: CANARY, when: "always" }, trust },
  });
  const forks = { images: ["localhost/berth"] };
  const unclear = "the event workflow_dispatch of GitHub Actions";

  before(async () => {
    target = platformWith({ fork: forks });
    await destroyFrom(target, project);
    await ensurePlatform(target, kube(), silent);
  });
  after(async () => {
    assert.deepEqual((await destroyFrom(target, project)).receipt.left, []);
    // The platform of the specs that follow.
    await ensurePlatform(simulated(), kube(), silent);
  });

  it("refuses a fork on a platform that names no registry of the build without rights", async () => {
    const closed = platformWith({});
    await failsWith(deployTo(closed, request("fork")), {
      exitCode: ExitCode.environmentFailed,
      message: /pr\.image.* is not for an environment of tier fork; accepted: none/s,
    });
    await ensurePlatform(target, kube(), silent);
    await destroyFrom(target, project);
  });

  it("refuses of a fork what it may not have, all at once, and makes nothing", async () => {
    const more = {
      envFrom: [{ secretRef: { name: "stripe" } }],
      egress: { allow: [{ cidr: "203.0.113.0/24", ports: [443] }] },
      resources: { size: "large" },
    };
    const error = await failsWith(deployTo(target, request("fork", more)), {
      exitCode: ExitCode.environmentFailed,
      message: /config\.envFrom\[0\].* tier fork, which gets no secrets/s,
    });
    assert.match(error.message, /config\.egress\.allow\[0\].* tier fork, which reaches nothing outside/s);
    assert.match(error.message, /config\.resources.* tier fork: at most 3/s);
    assert.equal(await kube().find(inside), undefined);
  });

  it("is asked for, and nothing is made, where it is not clear whose code it is", async () => {
    const expected = {
      exitCode: ExitCode.usage,
      message: /workflow_dispatch of GitHub Actions does not say whose code/,
    };
    const asked = { ...request(undefined), unclear };
    await failsWith(preview(target, asked), expected);
    await failsWith(deployTo(target, asked), expected);
    assert.equal(await kube().find(inside), undefined);
  });

  it("is said by preview, deploy, status, the record and the namespace", async () => {
    const asked = request("fork");
    assert.equal((await preview(target, asked)).trust, "fork");
    assert.equal((await deployTo(target, asked)).trust, "fork");
    assert.equal(await label(), "fork");
    assert.equal((await status(target, name)).trust, "fork");
    assert.equal((await readRecords(target, name.namespace))[0]?.trust, "fork");
  });

  it("lets the platform's canary come before a fork's app", async () => {
    const { spec } = await kube().get<KubeObject & { spec: { template: Template } }>(
      `/apis/apps/v1/namespaces/${name.namespace}/deployments/app`,
    );
    assert.equal(spec.template.spec.initContainers?.[0]?.image, CANARY);
    const { items } = await kube().get<KubeList<KubeObject & Template>>(`${inside}/pods`, {
      query: { labelSelector: "berth.dev/component=app" },
    });
    assert.deepEqual(
      items.map((pod) => pod.spec.initContainers?.[0]?.image),
      [CANARY],
    );
  });

  it("bounds in the API server what a fork's namespace may take", async () => {
    const { spec } = await kube().get<Quota>(`${inside}/resourcequotas/environment`);
    assert.equal(spec.hard["limits.memory"], planQuota(request("fork").config)["limits.memory"]);
    const resources = { requests: { cpu: "10m", memory: "1Gi" }, limits: { cpu: "100m", memory: "1Gi" } };
    const security = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] }, runAsNonRoot: true };
    const more = {
      metadata: { name: "more" },
      spec: {
        serviceAccountName: "app",
        automountServiceAccountToken: false,
        securityContext: { runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
        containers: [{ name: "main", image: requestFor(project).image, resources, securityContext: security }],
      },
    };
    await assert.rejects(kube().post(`${inside}/pods`, more), /exceeded quota: environment/);
  });

  it("stays a fork's when a deploy, a sleep or a rotation says nothing, whatever the platform's default", async () => {
    const trusting = platformWith({ default: "trusted", fork: forks });
    assert.equal((await preview(trusting, request(undefined))).trust, "fork");
    assert.equal((await deployTo(trusting, { ...request(undefined), unclear })).trust, "fork");
    await setAsleep(trusting, name, true, { who: "test" });
    assert.equal(await label(), "fork");
    await setAsleep(trusting, name, false, { who: "test" });
    assert.equal(await label(), "fork");
    await rotate(trusting, name, { who: "test" });
    assert.equal(await label(), "fork");
    await failsWith(deployTo(trusting, request(undefined, { envFrom: [{ secretRef: { name: "stripe" } }] })), {
      exitCode: ExitCode.environmentFailed,
      message: /tier fork, which gets no secrets/,
    });
    await ensurePlatform(target, kube(), silent);
  });

  it("never becomes another in place, in a preview neither, and nothing is touched", async () => {
    const before = (await namespace()).metadata;
    for (const tier of ["internal", "trusted"] as const) {
      const expected = {
        exitCode: ExitCode.usage,
        message: new RegExp(`is a fork's and cannot be .* --trust ${tier}`),
      };
      const error = await failsWith(deployTo(target, request(tier)), expected);
      assert.equal(error.fix, `run \`berth destroy tiers-pr-1\` first, then deploy it with --trust ${tier}.`);
      await failsWith(preview(target, request(tier)), expected);
    }
    const after = (await namespace()).metadata;
    assert.deepEqual([after.uid, after.labels], [before.uid, before.labels]);
  });

  it("is another one's after a destroy, and then never a fork's in place", async () => {
    await destroyFrom(target, project);
    const egress = { egress: { allow: [{ cidr: "203.0.113.0/24", ports: [443] }] } };
    assert.equal((await deployTo(target, request(undefined, egress))).trust, "internal");
    assert.equal(await label(), "internal");
    await failsWith(deployTo(target, request("fork")), {
      exitCode: ExitCode.usage,
      message: /deployed with --trust internal and cannot become a fork's/,
    });
  });

  it("goes from internal to trusted and back in place, and loses nothing", async () => {
    const claim = async () =>
      (await kube().get<KubeObject>(`${inside}/persistentvolumeclaims/postgresql-data`)).metadata.uid;
    const before = [(await namespace()).metadata.uid, await claim()];
    for (const [asked, got] of [
      ["trusted", "trusted"],
      [undefined, "internal"],
    ] as const) {
      assert.equal((await deployTo(target, request(asked))).trust, got);
      assert.equal(await label(), got);
    }
    assert.deepEqual([(await namespace()).metadata.uid, await claim()], before);
  });

  it("stays internal when nothing is said, although the platform takes everybody for a fork by now", async () => {
    const closing = platformWith({ default: "fork", fork: forks });
    for (const asleep of [true, false]) await setAsleep(closing, name, asleep, { who: "test" });
    assert.equal(await label(), "internal");
    await rotate(closing, name, { who: "test" });
    assert.equal(await label(), "internal");
    // Also where the platform's settings are somebody else's business, so that its stack alone says it.
    for (const platform of [closing, { ...closing, platform: undefined }]) {
      const expected = { exitCode: ExitCode.usage, message: /was deployed as internal, and the platform's default/ };
      await failsWith(deployTo(platform, request(undefined)), expected);
      await failsWith(preview(platform, request(undefined)), expected);
      assert.equal((await deployTo(platform, request("internal"))).trust, "internal");
    }
    await ensurePlatform(target, kube(), silent);
  });
});
