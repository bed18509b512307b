import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ExitCode } from "../../../lifecycle/errors";
import type { KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { ensurePlatform } from "../../../lifecycle/platform";
import { preview } from "../../../lifecycle/preview";
import { silent } from "../../../lifecycle/progress";
import { readState } from "../../../lifecycle/recovery";
import { stackFile } from "../../../lifecycle/workspace";
import { simulatedCluster, spawnBerth } from "./cluster";
import { commit, configFor, deployTo, destroyFrom, failsWith, image, kubeOf, requestFor, writeConfig } from "./support";

const project = "keep";
const name = environmentName(project, 1);
const both = { postgresql: { storage: "2Gi" }, redis: { storage: "1Gi" } };

interface Claim extends KubeObject {
  spec: { resources: { requests: { storage: string } } };
  status?: { capacity?: { storage?: string } };
}

describe("data of an environment whose config changes", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const request = (databases: object, more: object = {}, digit = "1") =>
    requestFor(project, digit, { config: configFor(project, { databases, ...more }) });
  const claim = (engine: string) =>
    kubeOf(target()).find<Claim>(`/api/v1/namespaces/${name.namespace}/persistentvolumeclaims/${engine}-data`);
  const uids = async (...engines: string[]) => {
    const sets = `/apis/apps/v1/namespaces/${name.namespace}/statefulsets`;
    const found = engines.flatMap((each) => [claim(each), kubeOf(target()).find<KubeObject>(`${sets}/${each}`)]);
    return (await Promise.all(found)).map((each) => each?.metadata.uid ?? assert.fail("it is gone"));
  };

  before(async () => {
    await destroyFrom(target(), project);
    await ensurePlatform(target(), kubeOf(target()), silent);
  });
  after(async () => {
    assert.deepEqual((await destroyFrom(target(), project)).receipt.left, []);
  });

  it("cannot be previewed before there is a platform, which the error says how to get", async () => {
    const nowhere = mkdtempSync(join(tmpdir(), "berth-backend-"));
    try {
      const env = { ...target().env, PULUMI_BACKEND_URL: pathToFileURL(nowhere).href };
      const error = await failsWith(preview({ ...target(), env }, request(both)), {
        exitCode: ExitCode.prerequisite,
        message: /has no Berth platform/,
      });
      assert.match(error.fix, /the first deploy sets the platform up/);
    } finally {
      rmSync(nowhere, { recursive: true });
    }
  });

  it("is not there before the first deploy: a preview shows what would be made and leaves nothing", async () => {
    const result = await preview(target(), request(both));
    assert.equal(result.isNew, true);
    assert.ok(result.changes.every(({ op }) => op === "create"));
    assert.ok(result.changes.some(({ object }) => object.startsWith("StatefulSet ")));
    assert.deepEqual([result.losses, result.refusals], [[], []]);
    assert.equal((await readState(target(), name.stack))?.exists, false);
    assert.equal(existsSync(stackFile(target(), name.stack)), false);
  });

  it("stays in what holds it, whatever else of the config changes", async () => {
    await deployTo(target(), request(both));
    const before = await uids("postgresql", "redis");
    const changes: [object, object][] = [
      [both, { env: { LEVEL: "debug" }, app: { port: 4000, healthPath: "/ready" } }],
      [{ ...both, mariadb: true }, {}],
      [{ ...both, mariadb: true, postgresql: { ...both.postgresql, bootstrap: { initSQL: ["SELECT 1"] } } }, {}],
      [
        { ...both, mariadb: true },
        { resources: { limits: { memory: "512Mi" } }, writableDirs: ["/data"] },
      ],
    ];
    for (const [databases, more] of changes) {
      const previewed = await preview(target(), request(databases, more, "2"));
      const held = previewed.changes.filter(({ object }) => /^(PersistentVolumeClaim|StatefulSet) /.test(object));
      assert.ok(held.every(({ op }) => op === "update" || op === "create"));
      await deployTo(target(), request(databases, more, "2"));
      assert.deepEqual(await uids("postgresql", "redis"), before);
    }
  });

  it("is not shrunk: that is refused before anything is changed", async () => {
    const smaller = { ...both, mariadb: true, postgresql: { storage: "1Gi" } };
    const { refusals, changes } = await preview(target(), request(smaller));
    assert.deepEqual(changes, []);
    assert.deepEqual(
      refusals.map(({ path }) => path),
      ["databases.postgresql.storage"],
    );
    const state = JSON.stringify(await readState(target(), name.stack));
    await failsWith(deployTo(target(), request(smaller, { env: { OTHER: "yes" } }, "3"), { allowDataLoss: true }), {
      exitCode: ExitCode.usage,
      message: /databases\.postgresql\.storage: 1Gi is less than the 2Gi that the volume of PostgreSQL has/,
    });
    assert.equal(JSON.stringify(await readState(target(), name.stack)), state);
    assert.equal((await claim("postgresql"))?.spec.resources.requests.storage, "2Gi");
  });

  it("grows in place, and is there when the deploy ends", async () => {
    const larger = { ...both, mariadb: true, redis: { storage: "2Gi" } };
    const before = await uids("redis");
    const { changes } = await preview(target(), request(larger, {}, "3"));
    assert.deepEqual(
      changes.find(({ object }) => object.startsWith("PersistentVolumeClaim ")),
      {
        op: "update",
        object: `PersistentVolumeClaim ${name.namespace}/redis-data`,
        fields: ["spec.resources.requests.storage"],
      },
    );
    await deployTo(target(), request(larger, {}, "3"));
    const grown = await claim("redis");
    assert.equal(grown?.spec.resources.requests.storage, "2Gi");
    assert.equal(grown.status?.capacity?.storage, "2Gi");
    assert.deepEqual(await uids("redis"), before);
    await failsWith(deployTo(target(), request({ ...larger, redis: both.redis }, {}, "3")), {
      exitCode: ExitCode.usage,
      message: /1Gi is less than the 2Gi that the volume of Redis has/,
    });
  });

  it("is not dropped unless that is allowed, which a preview says with the objects that would go", async () => {
    const file = writeConfig({ projectId: project, databases: { ...both, redis: { storage: "2Gi" } } });
    const args = ["--pr", "1", "--config", file, "--commit", commit("4"), "--branch", "b", "--image", image("4")];
    const previewing = spawnBerth(target(), ["--json", "preview", ...args]);
    assert.equal(await previewing.end(), ExitCode.dataLoss, previewing.output);
    const shown = JSON.parse(previewing.stdout) as Awaited<ReturnType<typeof preview>>;
    assert.deepEqual(
      shown.losses.map(({ path }) => path),
      ["databases.mariadb"],
    );
    const gone = shown.changes.filter(({ op }) => op === "delete").map(({ object }) => object);
    assert.ok(gone.includes(`PersistentVolumeClaim ${name.namespace}/mariadb-data`), gone.join());
    assert.ok(shown.changes.some(({ op, object }) => op === "update" && object.startsWith("Deployment ")));

    const refused = spawnBerth(target(), ["deploy", ...args]);
    assert.equal(await refused.end(), ExitCode.dataLoss);
    assert.match(refused.output, /databases\.mariadb: MariaDB is not enabled any more: its volume of 1Gi is deleted/);
    assert.ok(await claim("mariadb"));

    const allowed = spawnBerth(target(), ["deploy", "--allow-data-loss", ...args]);
    assert.equal(await allowed.end(), ExitCode.ok, allowed.output);
    assert.equal(await claim("mariadb"), undefined);
  });
});
