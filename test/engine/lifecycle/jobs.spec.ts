import assert from "node:assert/strict";
import { ExitCode } from "../../../lifecycle/errors";
import type { KubeList, KubeObject } from "../../../lifecycle/kube";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, image, kubeOf, requestFor } from "./support";

interface Deployment extends KubeObject {
  spec: { template: { spec: { containers: { image: string }[] } } };
}

describe("jobs over the engine", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const project = "jobs";
  const migrate = { name: "migrate", command: ["migrate"] };
  const deploy = (digit: string, jobs: object[]) =>
    deployTo(target(), requestFor(project, digit, { config: configFor(project, { jobs }) }));
  const jobs = async () => {
    const path = `/apis/batch/v1/namespaces/${project}-pr-1/jobs`;
    const { items } = await kubeOf(target()).get<KubeList>(path);
    return items.map(({ metadata }) => ({ name: metadata.name, uid: metadata.uid }));
  };
  const appImage = async () => {
    const path = `/apis/apps/v1/namespaces/${project}-pr-1/deployments/app`;
    const { spec } = await kubeOf(target()).get<Deployment>(path);
    return spec.template.spec.containers[0]?.image;
  };

  after(() => destroyFrom(target(), project));

  it("are made once for a commit, and in place of the last commit's", async () => {
    assert.equal((await deploy("1", [migrate])).outcome, "done");
    const first = await jobs();
    assert.equal(first.length, 1);
    assert.equal((await deploy("1", [migrate])).outcome, "unchanged");
    assert.deepEqual(await jobs(), first);
    assert.equal((await deploy("2", [migrate])).outcome, "done");
    const second = await jobs();
    assert.equal(second.length, 1);
    assert.notEqual(second[0]?.name, first[0]?.name);
    assert.equal(await appImage(), image("2"));
  });

  it("leave the app on the last commit when they cannot start, until a deploy corrects them", async () => {
    const missing = `localhost/berth/does-not-exist@sha256:${"0".repeat(64)}`;
    await failsWith(deploy("3", [{ ...migrate, image: missing }]), {
      exitCode: ExitCode.environmentFailed,
      message: /pod job-migrate-\S+ \(container migrate\): ImagePullBackOff/,
    });
    assert.equal(await appImage(), image("2"));
    assert.equal((await deploy("4", [migrate])).outcome, "done");
    assert.equal(await appImage(), image("4"));
    assert.equal((await jobs()).length, 1);
  });

  it("go when the config has none any more", async () => {
    assert.equal((await deploy("5", [])).outcome, "done");
    assert.deepEqual(await jobs(), []);
  });
});
