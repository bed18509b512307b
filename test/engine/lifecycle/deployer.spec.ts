import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runEngine } from "../../../lifecycle/engine";
import { ExitCode } from "../../../lifecycle/errors";
import { list } from "../../../lifecycle/list";
import { environmentName } from "../../../lifecycle/naming";
import { ensurePlatform } from "../../../lifecycle/platform";
import { preview } from "../../../lifecycle/preview";
import { silent } from "../../../lifecycle/progress";
import type { Target } from "../../../lifecycle/target";
import {
  clientAs,
  defineKind,
  deployerToken,
  forgetKind,
  isRefused,
  writeKubeconfigAs,
} from "../policies/admission-support";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, kubeOf, requestFor } from "./support";

const project = "byright";
const name = environmentName(project, 1);
const inside = `/api/v1/namespaces/${name.namespace}`;
const binding = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name.namespace}/rolebindings/berth-environment`;
const request = (digit: string) =>
  requestFor(project, digit, { config: configFor(project, { databases: { redis: true } }) });

interface Exported {
  deployment: {
    resources: { urn: string; dependencies?: string[]; propertyDependencies?: Record<string, string[]> }[];
  };
}

/** The real API server and engine, with the token of the service account that deploys and no right but its own. */
describe("an environment's life by its deployer", function () {
  this.timeout(300_000);
  const simulated = simulatedCluster();
  const kube = () => kubeOf(simulated());
  const folder = mkdtempSync(join(tmpdir(), "berth-deployer-"));
  let target: Target;

  before(async () => {
    await ensurePlatform(simulated(), kube(), silent);
    const kubeconfig = join(folder, "kubeconfig");
    await writeKubeconfigAs(simulated(), { token: await deployerToken(kube()) }, kubeconfig);
    // The platform is its administrator's business.
    target = { ...simulated(), kubeconfig, platform: undefined };
    // What a deployer may list in environments only, since Berth does not know the group.
    await defineKind(kube(), "byright.example.com", "v1", "Gadget", "gadgets");
  });
  after(async () => {
    await forgetKind(kube(), "byright.example.com", "gadgets");
    await destroyFrom(simulated(), project);
    rmSync(folder, { recursive: true, force: true });
  });

  it("is previewed before its namespace is there, in which nobody has rights yet", async () => {
    const { isNew, changes } = await preview(target, request("1"));
    assert.equal(isNew, true);
    const objects = changes.map(({ object }) => object);
    assert.ok(
      objects.some((object) => /^RoleBinding .*berth-environment|^RoleBinding .*deployers/.test(object)),
      objects.join(),
    );
    assert.ok(objects.some((object) => object.startsWith("Deployment ")));
    assert.equal(await kube().find(inside), undefined);
  });

  it("begins with a deploy that gives itself rights there, and another that finds nothing to do", async () => {
    assert.equal((await deployTo(target, request("1"))).outcome, "done");
    assert.notEqual(await kube().find(binding), undefined);
    assert.equal((await deployTo(target, request("1"))).outcome, "unchanged");
    assert.deepEqual(
      (await list(target, project)).map(({ environment, state }) => [environment, state]),
      [[name.namespace, "ready"]],
    );
    const deployer = await clientAs(simulated(), { token: await deployerToken(kube()) });
    assert.notDeepEqual((await deployer.get<{ items: object[] }>(`${inside}/secrets`)).items, []);
    await isRefused(deployer.get("/api/v1/namespaces/kube-system/secrets"), /cannot list resource "secrets"/);
  });

  it("gets the rights with the next deploy when it was made without, and cannot be destroyed before by who lacks them", async () => {
    await kube().delete(binding);
    await withoutBinding(simulated());
    await failsWith(destroyFrom(target, project), {
      exitCode: ExitCode.prerequisite,
      message: /no right to list .*gadgets\.byright\.example\.com.* in byright-pr-1/,
    });
    assert.equal((await deployTo(target, request("2"))).outcome, "done");
    assert.notEqual(await kube().find(binding), undefined);
  });

  it("is held up at its end in the namespace's own words, for what can no longer be listed", async () => {
    await kube().post(`${inside}/secrets`, { metadata: { name: "held", finalizers: ["example.com/protect"] } });
    await failsWith(destroyFrom(target, project, { timeout: 15 }), {
      exitCode: ExitCode.leftovers,
      message:
        /Namespace byright-pr-1 waits for .*example\.com\/protect in 1 resource instances.*no right to list \(.*secrets/s,
    });
    await kube().patch(`${inside}/secrets/held`, { metadata: { finalizers: null } });
  });

  it("ends with a clean receipt, which names what its deployer could not list", async () => {
    const { receipt } = await destroyFrom(target, project);
    assert.deepEqual(receipt.left, []);
    const types = receipt.notListed.map(({ type }) => type);
    assert.ok(types.includes("secrets"), types.join());
    assert.ok(types.includes("gadgets.byright.example.com"), types.join());
    assert.ok(receipt.typesChecked > 40, `${receipt.typesChecked} types`);
    assert.equal(await kube().find(inside), undefined);
    assert.deepEqual((await destroyFrom(simulated(), project)).receipt.notListed, []);
  });
});

/** Takes the RoleBinding out of the state: the environment is then as one from before there were any. */
async function withoutBinding(target: Target): Promise<void> {
  const call = { runId: "deployer-spec" };
  const { stdout } = await runEngine(target, ["stack", "export", "--stack", name.stack], call);
  const state = JSON.parse(stdout) as Exported;
  const isOther = (urn: string) => !urn.includes("RoleBinding::");
  const { resources } = state.deployment;
  state.deployment.resources = resources.filter(({ urn }) => isOther(urn));
  assert.equal(state.deployment.resources.length, resources.length - 1);
  for (const one of state.deployment.resources) {
    one.dependencies = one.dependencies?.filter(isOther);
    for (const [key, urns] of Object.entries(one.propertyDependencies ?? {})) {
      (one.propertyDependencies ?? {})[key] = urns.filter(isOther);
    }
  }
  const input = JSON.stringify(state);
  const result = await runEngine(target, ["stack", "import", "--stack", name.stack], { ...call, input });
  assert.equal(result.code, 0, result.stderr);
}
