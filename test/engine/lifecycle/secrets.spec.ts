import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { embeddedTarget } from "../../../cli/context";
import { ANNOTATION, LABEL } from "../../../config/labels";
import { runEngine } from "../../../lifecycle/engine";
import { ExitCode } from "../../../lifecycle/errors";
import { pause, type KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Target } from "../../../lifecycle/target";
import { clusterFolder } from "../../../local/cluster/spec";
import { changeChoices } from "../../../local/environment";
import { testClusterName } from "../../support/cluster";
import { simulatedCluster, spawnBerth } from "./cluster";
import {
  commit,
  configFor,
  deployTo,
  destroyFrom,
  failsWith,
  filesWith,
  image,
  kubeOf,
  processesWith,
  requestFor,
  writeConfig,
} from "./support";

const project = "secret";
const name = environmentName(project, 1);

describe("an environment's secrets", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const passphraseFile = () => target().env["PULUMI_CONFIG_PASSPHRASE_FILE"] ?? "";
  let password = "";
  let output = "";

  before(async () => {
    const config = writeConfig({ projectId: project, databases: { postgresql: true } });
    const deploying = spawnBerth(target(), [
      "--verbose",
      "--json",
      "deploy",
      ...["--pr", "1", "--config", config, "--commit", commit("1"), "--branch", "feature", "--image", image("1")],
    ]);
    assert.equal(await deploying.end(), 0, deploying.output);
    output = deploying.output;
    const secret = await kubeOf(target()).get<{ data: Record<string, string> }>(
      `/api/v1/namespaces/${name.namespace}/secrets/postgresql`,
    );
    password = Buffer.from(secret.data["PGPASSWORD"] ?? "", "base64").toString("utf8");
  });

  after(async () => {
    await destroyFrom(target(), project);
  });

  it("are not in the output", () => {
    assert.ok(password.length >= 16);
    assert.equal(output.includes(password), false);
  });

  it("are in no file of the state, the work folder or the records, in whatever encoding", () => {
    const folder = dirname(target().workDir);
    for (const form of [password, Buffer.from(password).toString("base64"), encodeURIComponent(password)]) {
      const files = filesWith(folder, form).filter((path) => !path.includes("/data/"));
      assert.deepEqual(files, []);
    }
  });

  it("are in nothing that etcd keeps, in plain text", () => {
    assert.deepEqual(filesWith(dirname(target().workDir), password), []);
  });

  it("are in no process's arguments, and neither is the passphrase", async () => {
    const passphrase = readFileSync(passphraseFile(), "utf8").trim();
    const deploying = deployTo(target(), requestFor(project, "2"));
    const settled = new AbortController();
    void deploying.finally(() => settled.abort());
    while (!settled.signal.aborted) {
      assert.deepEqual(processesWith(password), []);
      assert.deepEqual(processesWith(passphrase), []);
      await pause(50, settled.signal);
    }
    await deploying;
    assert.equal(output.includes(passphrase), false);
    assert.deepEqual(
      filesWith(dirname(target().workDir), passphrase).filter((path) => path !== passphraseFile()),
      [],
    );
  });

  it("need the right passphrase: with another one nothing is touched and the error says what to set", async () => {
    const right = readFileSync(passphraseFile(), "utf8");
    const read = () => kubeOf(target()).get(`/api/v1/namespaces/${name.namespace}/secrets/postgresql`);
    const before = await read();
    writeFileSync(passphraseFile(), "not the passphrase");
    try {
      for (const attempt of [
        () => deployTo(target(), requestFor(project, "3")),
        () => destroyFrom(target(), project),
      ]) {
        const error = await failsWith(attempt(), {
          exitCode: ExitCode.prerequisite,
          message: /passphrase does not open the secrets/,
        });
        assert.match(error.fix, /PULUMI_CONFIG_PASSPHRASE_FILE/);
        assert.doesNotMatch(error.message, /not the passphrase/);
      }
    } finally {
      writeFileSync(passphraseFile(), right);
    }
    assert.deepEqual(await read(), before);
    assert.equal((await deployTo(target(), requestFor(project, "3"))).outcome, "done");
  });
});

describe("an environment's preview secrets", function () {
  this.timeout(300_000);
  const target = simulatedCluster();
  const shop = "preview-secret";
  const { namespace, stack } = environmentName(shop, 1);
  const previews = `${shop}-originals`;
  const originals = `/api/v1/namespaces/${previews}/secrets`;
  const copy = `/api/v1/namespaces/${namespace}/secrets/preview-stripe`;
  const folder = clusterFolder(testClusterName);
  const first = randomBytes(24).toString("hex");
  const second = randomBytes(24).toString("hex");
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const config = { projectId: shop, envFrom: [{ secretRef: { name: "stripe" } }] };
  const request = (digit: string, more: object = {}) =>
    requestFor(shop, digit, { config: configFor(shop, { ...config, databases: {}, ...more }) });
  let settled: Target;
  let output = "";

  /** A Secret as `kubectl apply` makes it: its values stand in an annotation once more. */
  const original = (value: string) => {
    const data = { STRIPE_KEY: encode(value) };
    const applied = { apiVersion: "v1", kind: "Secret", metadata: { name: "stripe", namespace: previews }, data };
    const annotations = { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(applied) };
    return { metadata: { name: "stripe", annotations }, data };
  };
  const berth = async (...args: string[]) => {
    const run = spawnBerth(target(), ["--verbose", "--json", ...args]);
    const code = await run.end();
    output += run.output;
    return { code, output: run.output };
  };
  const deployed = (digit: string) =>
    berth(
      "deploy",
      "--pr",
      "1",
      "--config",
      writeConfig(config),
      "--commit",
      commit(digit),
      "--branch",
      "b",
      "--image",
      image(digit),
    );
  const annotations = async () => {
    const { spec } = await kubeOf(target()).get<{ spec: { template: KubeObject } }>(
      `/apis/apps/v1/namespaces/${namespace}/deployments/app`,
    );
    return spec.template.metadata.annotations ?? {};
  };

  before(async () => {
    const kube = kubeOf(target());
    await kube.post("/api/v1/namespaces", { metadata: { name: previews, labels: { [LABEL.previewSecrets]: shop } } });
    await kube.post(originals, original(first));
    const settings = { previewSecrets: { [shop]: { namespace: previews, secrets: ["stripe", "absent"] } } };
    await changeChoices(folder, (choices) => ({ ...choices, settings }));
    settled = await embeddedTarget(testClusterName);
  });

  after(async () => {
    await destroyFrom(target(), shop);
    await changeChoices(folder, (choices) => ({ ...choices, settings: undefined }));
    await kubeOf(target()).delete(`/api/v1/namespaces/${previews}`);
  });

  it("are copied into it, and stay as they are", async () => {
    const { code, output: said } = await deployed("1");
    assert.equal(code, 0, said);
    const kube = kubeOf(target());
    assert.deepEqual((await kube.get<{ data: object }>(copy)).data, { STRIPE_KEY: encode(first) });
    const { metadata } = await kube.get<KubeObject & { metadata: { managedFields: { manager: string }[] } }>(
      `${originals}/stripe`,
    );
    assert.deepEqual(
      metadata.managedFields.map(({ manager }) => manager.startsWith("pulumi")),
      [false],
    );
  });

  it("change nothing as long as they do not change", async () => {
    const before = await annotations();
    assert.equal((await deployTo(settled, request("1"))).outcome, "done");
    assert.equal((await deployTo(settled, request("1"))).outcome, "unchanged");
    assert.equal((await annotations())[ANNOTATION.secretVersions], before[ANNOTATION.secretVersions]);
  });

  it("reach the copy and restart the app at the next deploy after a change", async () => {
    const before = (await annotations())[ANNOTATION.secretVersions] ?? "";
    assert.match(before, /^[0-9a-f]{16}$/);
    await kubeOf(target()).patch(`${originals}/stripe`, original(second));
    assert.equal((await deployTo(settled, request("1"))).outcome, "done");
    assert.deepEqual((await kubeOf(target()).get<{ data: object }>(copy)).data, { STRIPE_KEY: encode(second) });
    assert.notEqual((await annotations())[ANNOTATION.secretVersions], before);
  });

  it("that are missing are named, with their place", async () => {
    const envFrom = [{ secretRef: { name: "absent" } }];
    await failsWith(deployTo(settled, request("2", { envFrom })), {
      exitCode: ExitCode.environmentFailed,
      message: /envFrom names absent, which does not exist in namespace preview-secret-originals/,
    });
  });

  it("that are not allowed are refused with what is", async () => {
    const envFrom = [{ secretRef: { name: "stripe-live" } }];
    await failsWith(deployTo(settled, request("2", { envFrom })), {
      exitCode: ExitCode.environmentFailed,
      message: /config\.envFrom\[0\]\.secretRef\.name: "stripe-live" is not allowed; accepted: absent, stripe/,
    });
  });

  it("of a namespace that its owner has not marked are refused before anything is changed", async () => {
    const previewSecrets = { [shop]: { namespace: "default-not-marked", secrets: ["stripe"] } };
    const elsewhere = { ...settled, platform: { ...(settled.platform as object), previewSecrets } };
    await failsWith(deployTo(elsewhere, request("1")), {
      exitCode: ExitCode.prerequisite,
      message: /the namespace default-not-marked of previewSecrets\.preview-secret does not exist/,
    });
  });

  it("stand in no preview, output, export, event, log or file, in whatever encoding", async () => {
    assert.equal((await deployTo(settled, request("3"))).outcome, "done");
    // A preview has something to say about it.
    await kubeOf(target()).patch(`${originals}/stripe`, original(first));
    const options = { runId: "test", onEvent: (event: unknown) => (output += JSON.stringify(event)) };
    for (const args of [
      ["preview", "--diff"],
      ["preview", "--json"],
      ["stack", "output", "--json"],
      ["stack", "export"],
      ["stack"],
    ]) {
      const result = await runEngine(settled, [...args, "--stack", stack], options);
      assert.equal(result.code, 0, result.stderr);
      output += result.stdout + result.stderr;
    }
    for (const args of [["status", namespace], ["list"], ["history"]]) await berth(...args);
    const values = [first, second].flatMap((value) => [value, encode(value), encode(encode(value))]);
    const root = dirname(target().workDir);
    for (const value of values) {
      assert.equal(output.includes(value), false);
      assert.deepEqual(filesWith(root, value), []);
    }
  });
});
