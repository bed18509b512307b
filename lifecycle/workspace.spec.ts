import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { BerthError, ExitCode, explainWrite } from "./errors";
import type { Target } from "./target";
import {
  backendFolder,
  backendVariable,
  draftOf,
  programOf,
  readStackConfig,
  removeStackFile,
  shareEncryption,
  stackFile,
  writeProject,
  writeStackConfig,
} from "./workspace";

const folder = mkdtempSync(join(tmpdir(), "berth-workspace-"));
const target = (backend: string, more: Partial<Target> = {}): Target => ({
  name: "t",
  kubeconfig: "/dev/null",
  env: { PULUMI_BACKEND_URL: backend },
  pulumi: "pulumi",
  projectFile: join(folder, "Pulumi.yaml"),
  workDir: join(folder, "work"),
  recordsDir: join(folder, "records"),
  ...more,
});
const local = target("file:///state");

describe("the work folder", () => {
  before(() => {
    writeFileSync(
      join(folder, "Pulumi.yaml"),
      "name: berth\nmain: dist/stacks/index.js\nconfig:\n  a:b:\n    value: c\n",
    );
  });

  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("has the program's project, with the way to it", async () => {
    await writeProject(local);
    const project = parse(readFileSync(join(local.workDir, "Pulumi.yaml"), "utf8")) as object;
    const main = join(folder, "dist/stacks/index.js");
    assert.deepEqual(project, { name: "berth", main, config: { "a:b": { value: "c" } } });
    assert.equal(await programOf(local), main);
  });

  it("keeps how a stack's secrets are encrypted when its configuration is written", async () => {
    const path = stackFile(local, "pr-shop-1");
    writeFileSync(path, "encryptionsalt: v1:salt\nconfig:\n  berth:role: old\n");
    await writeStackConfig(local, "pr-shop-1", { "berth:role": "pr", "berth:pr": { number: 1 } });
    assert.deepEqual(parse(readFileSync(path, "utf8")), {
      encryptionsalt: "v1:salt",
      config: { "berth:role": "pr", "berth:pr": { number: 1 } },
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(await readStackConfig(local, "pr-shop-1"), { "berth:role": "pr", "berth:pr": { number: 1 } });
    assert.deepEqual(
      readdirSync(local.workDir).filter((name) => name.includes(".tmp")),
      [],
    );
  });

  it("writes text so that it stays text for the engine, which takes more for times and booleans than YAML 1.2 does", async () => {
    const config = { "berth:config": { env: { SINCE: "2026-01-31", AT: "2026-01-31T09:30:00.000Z", ON: "yes" } } };
    await writeStackConfig(local, "pr-shop-3", config);
    const text = readFileSync(stackFile(local, "pr-shop-3"), "utf8");
    for (const value of ["2026-01-31", "2026-01-31T09:30:00.000Z", "yes"]) assert.ok(text.includes(`"${value}"`), text);
    assert.deepEqual(await readStackConfig(local, "pr-shop-3"), config);
  });

  it("gives a new stack the encryption of another, and leaves that of an old one alone", async () => {
    writeFileSync(stackFile(local, "platform"), "encryptionsalt: v1:platform\nconfig: {}\n");
    await shareEncryption(local, "platform", "pr-new-1");
    assert.deepEqual(parse(readFileSync(stackFile(local, "pr-new-1"), "utf8")), { encryptionsalt: "v1:platform" });
    await shareEncryption(local, "platform", "pr-shop-1");
    assert.match(readFileSync(stackFile(local, "pr-shop-1"), "utf8"), /v1:salt/);
    await shareEncryption(local, "nowhere", "pr-new-2");
    assert.equal(await readStackConfig(local, "pr-new-2"), undefined);
  });

  it("tells the provider which context was asked for", async () => {
    await writeStackConfig(target("file:///state", { context: "eks" }), "s", { "berth:role": "pr" });
    assert.deepEqual(await readStackConfig(local, "s"), { "kubernetes:context": "eks", "berth:role": "pr" });
  });
});

describe("the state's place", () => {
  it("is a folder for file:/// only", () => {
    assert.equal(backendFolder(local), "/state/.pulumi");
    assert.equal(backendFolder(target("file:///a%20b?no_tmp_dir=true")), "/a b/.pulumi");
    for (const url of ["file://~", "file://./x", "s3://bucket/prefix?region=eu-west-1"])
      assert.equal(backendFolder(target(url)), undefined);
  });

  it("is used without attribute files", () => {
    assert.deepEqual(backendVariable(local), { PULUMI_BACKEND_URL: "file:///state?metadata=skip" });
    assert.deepEqual(backendVariable(target("file:///s?no_tmp_dir=true")), {
      PULUMI_BACKEND_URL: "file:///s?no_tmp_dir=true&metadata=skip",
    });
    assert.deepEqual(backendVariable(target("file:///s?metadata=skip")), {});
    assert.deepEqual(backendVariable(target("s3://bucket")), {});
  });
});

describe("drafts of a stack's configuration", () => {
  const files = () => readdirSync(local.workDir).filter((file) => file.includes("pr-drafts"));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("go with it, and those of killed processes too, but not that of another one at work", async () => {
    const dead = spawnSync(process.execPath, ["--version"]).pid;
    const [own, lost, other] = [draftOf("pr-drafts"), `pr-drafts.preview-${dead}`, `pr-drafts.preview-${process.ppid}`];
    for (const stack of ["pr-drafts", own, lost, other, "pr-drafts-2"])
      await writeStackConfig(local, stack, { "a:b": 1 });
    await removeStackFile(local, "pr-drafts");
    assert.deepEqual(files(), ["Pulumi.pr-drafts-2.yaml", `Pulumi.${other}.yaml`].sort());
  });

  it("are not missed where there is no work folder yet", async () => {
    await removeStackFile({ ...local, workDir: join(folder, "none") }, "pr-drafts");
  });
});

describe("a write that fails", () => {
  const failure = (code: string) => Object.assign(new Error(code), { code });

  it("for want of space or permission says what to do", () => {
    for (const code of ["ENOSPC", "EDQUOT", "EACCES", "EROFS"]) {
      const error = explainWrite(failure(code), "/state/x");
      assert.ok(error instanceof BerthError);
      assert.equal(error.exitCode, ExitCode.prerequisite);
      assert.match(`${error.message} ${error.fix}`, /\/state\/x[\s\S]*BERTH_STATE/);
    }
  });

  it("for another reason stays what it is", () => {
    const error = failure("EIO");
    assert.equal(explainWrite(error, "/state/x"), error);
  });
});
