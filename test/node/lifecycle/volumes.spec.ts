import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { LABEL } from "../../../config/labels";
import { parseConfig } from "../../../config/parse";
import { BerthError, ExitCode } from "../../../lifecycle/errors";
import type { KubeObject } from "../../../lifecycle/kube";
import { clusterFolder } from "../../../local/cluster/spec";
import { changeChoices } from "../../../local/environment";
import { clientCommand, type Answers, type Questions } from "./clients";
import { RealCluster } from "./support";

const clusterName = "test-real";
const project = "stores";
const previews = `${project}-originals`;
const inside = `/api/v1/namespaces/${project}-pr-1`;
const claimPath = `${inside}/persistentvolumeclaims/postgresql-data`;
const podPath = `${inside}/pods/postgresql-0`;

interface Claim extends KubeObject {
  spec: { volumeName: string };
  status: { capacity: { storage: string } };
}
interface Volume extends KubeObject {
  spec: { capacity: { storage: string } };
}

/** A config whose PostgreSQL has a volume of that size. */
const sized = (storage: string) => {
  const { databases, envFrom } = parseConfig({
    projectId: project,
    databases: { postgresql: { storage } },
    envFrom: [{ secretRef: { name: "stripe" } }],
  });
  return { databases, envFrom };
};

describe("preview secrets and volumes of real pods", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  const ask = async (questions: Questions): Promise<Answers> =>
    JSON.parse(await cluster.exec(project, clientCommand(questions))) as Answers;
  const original = (value: string) => ({
    metadata: { name: "stripe" },
    data: { STRIPE_KEY: Buffer.from(value).toString("base64") },
  });
  const stripeKey = async () => (await cluster.exec(project, ["node", "-p", "process.env.STRIPE_KEY"])).trim();
  const claimAndVolume = async () => {
    const claim = await cluster.kube.get<Claim>(claimPath);
    return { claim, volume: await cluster.kube.get<Volume>(`/api/v1/persistentvolumes/${claim.spec.volumeName}`) };
  };

  before(async () => {
    cluster = await RealCluster.start(clusterName);
    await cluster.destroy(project);
    await cluster.kube.post("/api/v1/namespaces", {
      metadata: { name: previews, labels: { [LABEL.previewSecrets]: project } },
    });
    const settings = { previewSecrets: { [project]: { namespace: previews, secrets: ["stripe"] } } };
    await changeChoices(clusterFolder(clusterName), (choices) => ({ ...choices, settings }));
    // Reads the settings.
    cluster = await RealCluster.start(clusterName);
  });
  after(async () => {
    await changeChoices(clusterFolder(clusterName), (choices) => ({ ...choices, settings: undefined }));
    await cluster.kube.delete(`/api/v1/namespaces/${previews}`);
    assert.deepEqual((await cluster.destroy(project)).receipt.left, []);
  });

  it("gives the app's pod what the preview secret has, and after a change what it has then", async () => {
    const originals = `/api/v1/namespaces/${previews}/secrets`;
    const values = [randomBytes(24).toString("hex"), randomBytes(24).toString("hex")] as const;
    await cluster.kube.post(originals, original(values[0]));
    await cluster.deploy(project, { config: sized("1Gi") });
    assert.equal(await stripeKey(), values[0]);
    await cluster.kube.patch(`${originals}/stripe`, original(values[1]));
    await cluster.deploy(project, { config: sized("1Gi") });
    assert.equal(await stripeKey(), values[1]);
  });

  it("grows under the running database, which keeps its pod and its rows", async () => {
    await ask({ postgresql: ["CREATE TABLE visits (guest text)", "INSERT INTO visits VALUES ('Ann')"] });
    const [pod, before] = [await cluster.kube.get<KubeObject>(podPath), await claimAndVolume()];
    assert.equal(before.claim.status.capacity.storage, "1Gi");
    await cluster.deploy(project, { config: sized("2Gi"), digit: "2" });
    const { claim, volume } = await claimAndVolume();
    assert.deepEqual([claim.status.capacity.storage, volume.spec.capacity.storage], ["2Gi", "2Gi"]);
    assert.equal(volume.metadata.uid, before.volume.metadata.uid);
    assert.equal((await cluster.kube.get<KubeObject>(podPath)).metadata.uid, pod.metadata.uid);
    assert.deepEqual(await ask({ postgresql: ["SELECT guest FROM visits"] }), { postgresql: [["Ann"]] });
  });

  it("does not shrink, and the refusal says why", async () => {
    await assert.rejects(cluster.deploy(project, { config: sized("1Gi"), digit: "3" }), (error) => {
      assert.ok(error instanceof BerthError);
      assert.equal(error.exitCode, ExitCode.usage);
      assert.match(error.message, /databases\.postgresql\.storage: 1Gi is less than the 2Gi .* volumes do not shrink/);
      return true;
    });
    assert.equal((await claimAndVolume()).claim.status.capacity.storage, "2Gi");
  });

  it("that is full is named, with the database and what to do", async () => {
    await cluster.onSmallVolume(project, "postgresql", "4m", async () => {
      // Its init container is refused connections all the while, which is no word of the cluster's.
      await assert.rejects(cluster.deploy(project, { config: sized("2Gi"), digit: "4", timeout: 45 }), (error) => {
        assert.ok(error instanceof BerthError);
        assert.equal(error.exitCode, ExitCode.environmentFailed);
        assert.match(error.message, /pod postgresql-0 \(container postgresql\)/);
        assert.match(error.message, /No space left on device/);
        assert.match(
          error.message,
          /the volume postgresql-data of PostgreSQL is full: raise databases\.postgresql\.storage/,
        );
        return true;
      });
    });
    await cluster.deploy(project, { config: sized("2Gi"), digit: "5" });
    assert.deepEqual(await ask({ postgresql: ["SELECT guest FROM visits"] }), { postgresql: [["Ann"]] });
  });
});
