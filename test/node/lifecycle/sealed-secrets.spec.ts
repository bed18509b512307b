import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { berthRoot } from "../../../cli/context";
import { ExitCode } from "../../../lifecycle/errors";
import type { KubeList } from "../../../lifecycle/kube";
import { clusterFolder } from "../../../local/cluster/spec";
import { filesWith, writeConfig } from "../../engine/lifecycle/support";
import { RealCluster } from "./support";

/** The cluster that tests with real pods share. */
const clusterName = "test-real";

const project = "sealed";
const inside = "namespaces/sealed-pr-1";
const sealedSecrets = `/apis/bitnami.com/v1alpha1/${inside}/sealedsecrets`;
const secrets = `/api/v1/${inside}/secrets`;
/** Everything else in which a value could stand. */
const others = [
  ...["pods", "configmaps", "events", "serviceaccounts"].map((kind) => `/api/v1/${inside}/${kind}`),
  ...["deployments", "replicasets"].map((kind) => `/apis/apps/v1/${inside}/${kind}`),
];

/** Serves and never ends, without a database. */
const app = {
  command: ["node", "-e", 'require("node:http").createServer((_, reply) => reply.end("ok")).listen(3000)'],
};

/** A job before the app, which fails without the value. */
const jobs = [{ name: "migrate", command: ["node", "-e", "process.exit(process.env.STRIPE_KEY ? 0 : 1)"], retries: 0 }];

/** Runs the command line, with a text on its standard input. */
function berth(args: readonly string[], stdin = ""): Promise<{ code: number; stdout: string; output: string }> {
  return new Promise((resolve) => {
    const program = join(berthRoot, "dist", "cli", "berth.js");
    const child = execFile(
      process.execPath,
      [program, "--verbose", "--cluster", clusterName, ...args],
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, output: stdout + stderr });
      },
    );
    child.stdin?.end(stdin);
  });
}

describe("values that are sealed for the cluster", function () {
  this.timeout(600_000);
  let cluster: RealCluster;
  let output = "";
  const first = randomBytes(16).toString("hex");
  const second = randomBytes(16).toString("hex");
  const formsOf = (value: string) => [value, Buffer.from(value).toString("base64")];

  const fieldsWith = (value: string) => ({
    sealedSecrets: { stripe: { STRIPE_KEY: value } },
    envFrom: [{ secretRef: { name: "stripe" } }],
  });
  const sealed = async (value: string) => {
    const run = await berth(["seal"], `${value}\n`);
    assert.equal(run.code, 0, run.output);
    output += run.output;
    return run.stdout.trim();
  };
  const deployed = async (value: string, digit: string) => {
    const config = writeConfig({ projectId: project, app, jobs, ...fieldsWith(value) });
    const run = await berth([
      ...["--json", "deploy", "--pr", "1", "--config", config, "--branch", "test"],
      ...["--commit", digit.repeat(40), "--image", cluster.images[0]],
    ]);
    output += run.output;
    return run;
  };
  const seen = async () => (await cluster.exec(project, ["node", "-p", "process.env.STRIPE_KEY"])).trim();
  const namesOf = async (path: string) =>
    (await cluster.kube.get<KubeList>(path)).items.map(({ metadata }) => metadata.name);

  before(async () => {
    cluster = await RealCluster.start(clusterName);
    await cluster.destroy(project);
  });

  after(() => cluster.destroy(project));

  it("reach the app's pod and its jobs, opened by the real controller", async () => {
    const { code, output: said } = await deployed(await sealed(first), "1");
    assert.equal(code, 0, said);
    assert.equal(await seen(), first);
  });

  it("replace the pod when they change, and leave no Secret of before", async () => {
    const { code, output: said } = await deployed(await sealed(second), "2");
    assert.equal(code, 0, said);
    assert.equal(await seen(), second);
    const left = await namesOf(sealedSecrets);
    assert.equal(left.length, 1);
    // Secrets of before go with the SealedSecret that they belong to.
    const end = Date.now() + 20_000;
    for (;;) {
      const opened = (await namesOf(secrets)).filter((name) => name.startsWith("sealed-"));
      if (opened.join() === left.join()) break;
      assert.ok(Date.now() < end, opened.join());
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  });

  it("stand in no output, no file of the state, no object but the Secret, and not plain in etcd", async () => {
    const objects = (await Promise.all([sealedSecrets, ...others].map((path) => cluster.kube.get(path)))).map((one) =>
      JSON.stringify(one),
    );
    const { data, logs, pulumi } = clusterFolder(clusterName);
    const keeps = [pulumi, cluster.target.workDir, join(data, "etcd"), logs];
    for (const form of [first, second].flatMap(formsOf)) {
      assert.equal(output.includes(form), false);
      assert.deepEqual(
        objects.filter((text) => text.includes(form)),
        [],
      );
      for (const folder of keeps) assert.deepEqual(filesWith(folder, form), []);
    }
    // The search finds what is there.
    assert.equal(JSON.stringify(await cluster.kube.get(secrets)).includes(formsOf(second)[1] ?? ""), true);
  });

  it("of another cluster are refused with the controller's own words, and the app runs on", async () => {
    const foreign = Buffer.concat([Buffer.from([2, 0]), randomBytes(560)]).toString("base64");
    const { code, output: said } = await deployed(foreign, "3");
    assert.equal(code, ExitCode.environmentFailed, said);
    assert.match(said, /no key could decrypt secret \(STRIPE_KEY\)/);
    assert.equal(await seen(), second);
  });

  it("leave nothing in the cluster but the controller and its key", async () => {
    assert.deepEqual((await cluster.destroy(project)).receipt.left, []);
    const keys = await namesOf("/api/v1/namespaces/berth-sealed-secrets/secrets");
    assert.ok(keys.some((name) => name.startsWith("sealed-secrets-key")));
    assert.deepEqual(await namesOf("/apis/bitnami.com/v1alpha1/sealedsecrets"), []);
  });
});
