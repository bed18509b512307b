import assert from "node:assert/strict";
import { lstat, mkdir, mkdtemp, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LocalError } from "../errors";
import { describePlugins, ensurePulumiHome } from ".";
import { choosePlugins, homeFolder, pluginFolder, type RequiredPlugin } from "./plan";
import { optionalPlugins, requiredPlugins } from "./versions";

const required: RequiredPlugin[] = [
  { name: "kubernetes", version: "4.34.2" },
  { name: "random", version: "4.21.2" },
];
const officialKubernetes = { "resource-kubernetes-v4.34.2": "/home/u/.pulumi/plugins/k/pulumi-resource-kubernetes" };

describe("the engine's plugins", () => {
  describe("which file serves a plugin", () => {
    it("is the stand-in where the machine has no official one", () => {
      const choices = choosePlugins({ required, official: {}, standIn: "/bin/berth-plugins" });
      assert.deepEqual(
        choices.map(({ name, source, executable }) => [name, source, executable]),
        [
          ["kubernetes", "stand-in", "/bin/berth-plugins"],
          ["random", "stand-in", "/bin/berth-plugins"],
        ],
      );
    });

    it("is the official one where the machine has it, plugin by plugin", () => {
      const choices = choosePlugins({ required, official: officialKubernetes, standIn: "/bin/berth-plugins" });
      assert.deepEqual(
        choices.map((choice) => choice.source),
        ["official", "stand-in"],
      );
    });

    it("is the stand-in on request, whatever the machine has", () => {
      const choices = choosePlugins({ required, official: officialKubernetes, standIn: "/b", only: "stand-in" });
      assert.deepEqual(
        choices.map((choice) => choice.source),
        ["stand-in", "stand-in"],
      );
    });

    it("is an error that says how to install what was asked for and is not there", () => {
      assert.throws(
        () => choosePlugins({ required, official: officialKubernetes, standIn: "/b", only: "official" }),
        (error: unknown) =>
          error instanceof LocalError &&
          /random 4\.21\.2 is not installed/.test(error.message) &&
          error.fix.includes("pulumi plugin install resource random v4.21.2") &&
          error.exitCode === 7,
      );
    });
  });

  describe("for clouds", () => {
    const optional: RequiredPlugin[] = [
      { name: "aws", version: "7.48.0" },
      { name: "github", version: "6.15.0" },
    ];
    const situation = { required, optional, standIn: "/b", optionalStandIns: { github: "/dist/github.js" } };
    const chosen = (more: Partial<Parameters<typeof choosePlugins>[0]>) =>
      choosePlugins({ ...situation, official: {}, ...more })
        .slice(required.length)
        .map(({ name, source, executable }) => [name, source, executable]);

    it("are their own stand-ins where those are built, and else left out", () => {
      assert.deepEqual(chosen({}), [["github", "stand-in", "/dist/github.js"]]);
    });

    it("are the official ones where the machine has them", () => {
      assert.deepEqual(chosen({ official: { "resource-aws-v7.48.0": "/aws", "resource-github-v6.15.0": "/github" } }), [
        ["aws", "official", "/aws"],
        ["github", "official", "/github"],
      ]);
    });

    it("are not demanded with the official ones that every stack needs", () => {
      const official = { ...officialKubernetes, "resource-random-v4.21.2": "/random" };
      assert.deepEqual(chosen({ official, only: "official" }), []);
    });

    it("are stand-ins on request, whatever the machine has", () => {
      assert.deepEqual(chosen({ official: { "resource-github-v6.15.0": "/github" }, only: "stand-in" }), [
        ["github", "stand-in", "/dist/github.js"],
      ]);
    });
  });

  it("have a home of their own for each combination", () => {
    const folders = [{}, officialKubernetes].map((official) =>
      homeFolder("/cache", choosePlugins({ required, official, standIn: "/b" })),
    );
    assert.deepEqual(folders, ["/cache/pulumi-home/stand-in", "/cache/pulumi-home/official-kubernetes"]);
  });

  it("have the versions of the installed npm packages", () => {
    for (const plugin of requiredPlugins()) assert.match(pluginFolder(plugin), /^resource-\w+-v\d+\.\d+\.\d+$/);
    assert.deepEqual(
      requiredPlugins().map((plugin) => plugin.name),
      ["kubernetes", "random"],
    );
    assert.deepEqual(
      optionalPlugins().map((plugin) => plugin.name),
      ["aws", "eks", "github"],
    );
  });

  it("are described with what is a stand-in", () => {
    const choices = choosePlugins({ required, official: officialKubernetes, standIn: "/b" });
    assert.deepEqual(
      describePlugins(choices, "3.259.0").map(({ name, version, source }) => `${name} ${version} ${source}`),
      ["language host nodejs 3.259.0 stand-in", "kubernetes 4.34.2 official", "random 4.21.2 stand-in"],
    );
  });

  describe("installed in a PULUMI_HOME", () => {
    let scratch: string;
    beforeEach(async () => {
      scratch = await mkdtemp(join(tmpdir(), "berth-plugins-"));
    });
    afterEach(() => rm(scratch, { recursive: true, force: true }));

    const install = (binary: string) =>
      ensurePulumiHome({
        toolchain: { berthPlugins: binary },
        cacheDir: scratch,
        userHome: join(scratch, "user"),
        cloudStandIns: join(scratch, "dist"),
      });

    it("are links to the built stand-ins for clouds as well, as far as they are built", async () => {
      await mkdir(join(scratch, "dist"));
      const script = join(scratch, "dist", "pulumi-resource-github.js");
      await writeFile(script, "#!/usr/bin/env node\n", { mode: 0o755 });
      const home = await install("/b");
      assert.deepEqual(
        home.plugins.map((plugin) => plugin.name),
        ["kubernetes", "random", "github"],
      );
      const [github] = optionalPlugins().filter((plugin) => plugin.name === "github");
      assert.ok(github);
      assert.equal(await readlink(join(home.path, "plugins", pluginFolder(github), "pulumi-resource-github")), script);
    });

    it("are links to the binary that only this user can read, and follow a new binary", async () => {
      const home = await install("/old/berth-plugins");
      const plugin = home.plugins[0];
      assert.ok(plugin);
      const executable = join(home.path, "plugins", pluginFolder(plugin), "pulumi-resource-kubernetes");
      assert.equal(await readlink(executable), "/old/berth-plugins");
      assert.equal((await stat(home.path)).mode & 0o077, 0);
      await install("/new/berth-plugins");
      assert.equal(await readlink(executable), "/new/berth-plugins");
    });

    it("may be installed by several processes at a time", async () => {
      const homes = await Promise.all([install("/b"), install("/b"), install("/b")]);
      assert.equal(new Set(homes.map((home) => home.path)).size, 1);
    });

    it("take the official plugin from the user's own home, not another home's links", async () => {
      const [kubernetes, random] = requiredPlugins();
      assert.ok(kubernetes && random);
      const own = join(scratch, "user", "plugins", pluginFolder(kubernetes));
      await mkdir(own, { recursive: true });
      await writeFile(join(own, "pulumi-resource-kubernetes"), "#!/bin/sh\n", { mode: 0o755 });
      const home = await install("/b");
      assert.deepEqual(
        home.plugins.map((plugin) => plugin.source),
        ["official", "stand-in"],
      );
      const again = await ensurePulumiHome({
        toolchain: { berthPlugins: "/b" },
        cacheDir: join(scratch, "other"),
        userHome: home.path,
        cloudStandIns: join(scratch, "dist"),
      });
      assert.ok(again.plugins.every((plugin) => plugin.source === "stand-in"));
      assert.ok(
        (await lstat(join(again.path, "plugins", pluginFolder(random), "pulumi-resource-random"))).isSymbolicLink(),
      );
    });
  });
});
