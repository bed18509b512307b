import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseConfigText } from "../../../config/load";
import type { KubeObject } from "../../../lifecycle/kube";
import { simulatedCluster } from "./cluster";
import { commit, deployTo, destroyFrom, image, kubeOf, requestFor } from "./support";

const folder = join(__dirname, "..", "..", "fixtures", "k8s-ee");

interface DeploymentObject extends KubeObject {
  spec: {
    template: {
      metadata: { annotations?: Record<string, string> };
      spec: { containers: { resources: object; env: { name: string }[] }[] };
    };
  };
}

describe("files of k8s-ee, unchanged, on a cluster", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const configs = readdirSync(folder).map((file) => ({
    file,
    // References take a namespace of preview secrets, which has tests of its own.
    config: { ...parseConfigText(readFileSync(join(folder, file), "utf8"), file), envFrom: [] },
  }));

  after(async () => {
    for (const { config } of configs) await destroyFrom(target(), config.projectId);
  });

  for (const { file, config } of configs) {
    it(`${file} becomes an environment with the older names and variables`, async () => {
      const { projectId } = config;
      const from = config.image.repository;
      const request = requestFor(projectId, "1", {
        config,
        image: from === undefined ? image("1") : `${from}@sha256:${"1".repeat(64)}`,
      });
      const result = await deployTo(target(), request);
      assert.equal(result.outcome, "done");
      assert.equal(result.namespace, `${projectId}-pr-1`);
      const app = await kubeOf(target()).get<DeploymentObject>(
        `/apis/apps/v1/namespaces/${result.namespace}/deployments/app`,
      );
      const [container] = app.spec.template.spec.containers;
      assert.ok(container);
      const names = container.env.map(({ name }) => name);
      for (const name of ["PORT", "PR_NUMBER", "COMMIT_SHA", "BRANCH_NAME", "APP_VERSION"]) {
        assert.ok(names.includes(name), name);
      }
      assert.equal(names.includes("PREVIEW_URL"), config.ingress.enabled);
      assert.equal(names.includes("DATABASE_URL"), config.databases.postgresql.enabled);
      assert.equal(names.includes("MYSQL_URL"), config.databases.mariadb.enabled);
      assert.equal(names.includes("REDIS_URL"), config.databases.redis.enabled);
      assert.equal(names.includes("MONGODB_URI"), config.databases.mongodb.enabled);
      assert.equal(names.includes("MINIO_ENDPOINT"), config.databases.minio.enabled);
      assert.deepEqual(container.resources, {
        requests: config.resources.requests,
        limits: config.resources.limits,
      });
      const annotations = app.spec.template.metadata.annotations ?? {};
      assert.equal(annotations["prometheus.io/scrape"], config.metrics.enabled ? "true" : undefined);
    });
  }

  it("with trigger: on-demand create nothing for a push, and follow pushes once a person has asked", async () => {
    const { config } = configs.find((one) => one.config.trigger === "on-demand") ?? assert.fail();
    await destroyFrom(target(), config.projectId);
    const request = requestFor(config.projectId, "1", { config });
    const path = `/api/v1/namespaces/${config.projectId}-pr-1`;
    assert.equal((await deployTo(target(), request, { automatic: true })).outcome, "skipped");
    assert.equal(await kubeOf(target()).find(path), undefined);
    assert.equal((await deployTo(target(), request)).outcome, "done");
    const next = await deployTo(target(), { ...request, commit: commit("2"), image: image("2") }, { automatic: true });
    assert.equal(next.outcome, "done");
  });
});
