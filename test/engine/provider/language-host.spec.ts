import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { testCluster } from "../../support/cluster";

const nodeModules = resolve(__dirname, "../../../node_modules");

/** Programs and policy packs as processes of their own, as `pulumi` runs them. */
describe("language host", () => {
  let folder: string;
  let env: NodeJS.ProcessEnv;
  let pulumi: string;
  beforeEach(async () => {
    const cluster = await testCluster();
    pulumi = cluster.pulumi;
    folder = await mkdtemp(join(tmpdir(), "berth-language-"));
    await mkdir(join(folder, "backend"));
    await symlink(nodeModules, join(folder, "node_modules"));
    env = {
      ...process.env,
      ...cluster.env,
      PULUMI_BACKEND_URL: pathToFileURL(join(folder, "backend")).href,
      PULUMI_CONFIG_PASSPHRASE: "conformance",
      PULUMI_CONFIG_PASSPHRASE_FILE: "",
    };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const project = async (
    source: string,
    options: Record<string, unknown> = { typescript: false },
    main = "index.js",
  ) => {
    const runtime = { name: "nodejs", options };
    await writeFile(join(folder, "Pulumi.yaml"), JSON.stringify({ name: "language", main, runtime }));
    await writeFile(join(folder, "package.json"), JSON.stringify({ name: "language", version: "1.0.0" }));
    await writeFile(join(folder, main), source);
    await run("stack", "init", "case");
  };

  const start = (args: readonly string[]): ChildProcess =>
    spawn(pulumi, [...args, "--non-interactive"], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });

  async function finish(child: ChildProcess): Promise<{ code: number | null; output: string }> {
    let output = "";
    child.stdout?.on("data", (text: Buffer) => (output += text.toString()));
    child.stderr?.on("data", (text: Buffer) => (output += text.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
  }
  const run = (...args: string[]) => finish(start(args));
  const up = (...args: string[]) => run("up", "--yes", "--skip-preview", ...args);

  it("gives a program its configuration, its stack's name and its place", async () => {
    await project(`
      const pulumi = require("@pulumi/pulumi");
      const config = new pulumi.Config();
      exports.plain = config.require("plain");
      exports.length = config.requireSecret("hidden").apply((text) => text.length);
      exports.isSecret = pulumi.isSecret(config.requireSecret("hidden"));
      exports.where = [pulumi.getProject(), pulumi.getStack(), process.cwd()].join(" ");
    `);
    await run("config", "set", "plain", "visible");
    await run("config", "set", "--secret", "hidden", "hunter2");
    const { code, output } = await up();
    assert.equal(code, 0, output);
    const outputs = JSON.parse((await run("stack", "output", "--json", "--show-secrets")).output) as Record<
      string,
      unknown
    >;
    assert.deepEqual(outputs, { plain: "visible", length: 7, isSecret: true, where: `language case ${folder}` });
    assert.ok(!output.includes("hunter2"));
  });

  it("runs TypeScript through the arguments that the project gives to node", async () => {
    const source =
      'import * as pulumi from "@pulumi/pulumi";\nconst name: string = pulumi.getStack();\nexport const stack = name;\n';
    await project(source, { typescript: false, nodeargs: "--import tsx" }, "index.ts");
    const { code, output } = await up();
    assert.equal(code, 0, output);
    assert.match(output, /stack: "case"/);
  });

  it("tells a program's error once, with its place, and fails", async () => {
    await project('throw new Error("the tide is out");');
    const { code, output } = await up();
    assert.notEqual(code, 0);
    assert.equal(output.match(/the tide is out/g)?.length, 1, output);
    assert.match(output, /index\.js:1/);
  });

  it("reports a program that exits with a code of its own", async () => {
    await project("process.exit(7);");
    const { code, output } = await up();
    assert.notEqual(code, 0);
    assert.match(output, /exited with non-zero exit code: 7/);
  });

  it("names a runtime option that does not exist", async () => {
    await project("", { typescript: false, nodeArgs: "--trace-warnings" });
    const { code, output } = await up();
    assert.notEqual(code, 0);
    assert.match(output, /nodeArgs/);
  });

  it("runs a policy pack, whose mandatory rule stops the update", async () => {
    await project(`
      const random = require("@pulumi/random");
      new random.RandomString("short", { length: 3 });
    `);
    const pack = join(folder, "pack");
    await mkdir(pack);
    await writeFile(join(pack, "PulumiPolicy.yaml"), "runtime: nodejs\nmain: index.js\n");
    await writeFile(join(pack, "package.json"), '{"name":"pack","version":"0.0.1"}');
    await writeFile(
      join(pack, "index.js"),
      `
      const { PolicyPack } = require("@pulumi/policy");
      new PolicyPack("pack", { policies: [{
        name: "long-enough", description: "Strings are long enough.", enforcementLevel: "mandatory",
        validateResource: (args, report) => { if (args.props.length < 8) report("a string of " + args.props.length); },
      }] });`,
    );
    const refused = await up("--policy-pack", pack);
    assert.notEqual(refused.code, 0);
    assert.match(refused.output, /long-enough/);
    assert.match(refused.output, /a string of 3/);
  });

  it("ends a program and everything it started when the update is interrupted", async () => {
    await project(`
      const { spawn } = require("node:child_process");
      const { writeFileSync } = require("node:fs");
      const child = spawn("sleep", ["600"], { stdio: "ignore" });
      writeFileSync("pids", JSON.stringify([process.pid, child.pid]));
      setInterval(() => {}, 1000);
    `);
    const child = start(["up", "--yes", "--skip-preview"]);
    const ended = finish(child);
    const file = join(folder, "pids");
    await until(() => existsSync(file));
    const pids = JSON.parse(await readFile(file, "utf8")) as number[];
    child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 500));
    // The second one asks the engine not to wait for the program.
    child.kill("SIGINT");
    await ended;
    await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)));
  });
});

async function until(test: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!test()) {
    assert.ok(Date.now() < limit, "what the test waits for did not happen within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
