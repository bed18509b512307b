import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { ExitCode } from "../../../lifecycle/errors";
import { pause } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { simulatedCluster, spawnBerth } from "./cluster";
import {
  commit,
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
