import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BerthError, ExitCode } from "./errors";
import { environmentName } from "./naming";
import { openPack, packArguments, readPolicyConfig, refusedByPolicies } from "./policies";
import type { Finding, PolicyReport, Rule } from "./policy-report";

const rules = ["no-world-egress", "expiry-set"].map((name): Rule => ({
  name,
  family: "egress",
  description: `Checks that ${name} holds.`,
  judges: "resource",
  level: "mandatory",
  severity: "high",
  remediation: "correct it.",
  url: "https://example.com/",
}));

const usage = (message: RegExp) => (error: unknown) =>
  error instanceof BerthError && error.exitCode === ExitCode.usage && message.test(error.message) && error.fix !== "";

describe("the config of a policy pack", () => {
  it("gives rules levels, by name or all", () => {
    const text = '{ "all": "advisory", "expiry-set": "disabled", "no-world-egress": { "share": 1 } }';
    assert.deepEqual(readPolicyConfig(text, "p.json", rules), {
      all: "advisory",
      "expiry-set": "disabled",
      "no-world-egress": undefined,
    });
    assert.deepEqual(readPolicyConfig("", "p.json", rules), {});
  });

  it("is refused with every rule that does not exist and every level that means nothing", () => {
    const text = '{ "no-world-egres": "advisory", "expiry-set": { "enforcementLevel": "off" }, "no-world-egress": 3 }';
    assert.throws(
      () => readPolicyConfig(text, "p.json", rules),
      usage(
        /^p\.json: no-world-egres is no rule of the pack; expiry-set has the level "off"; accepted: advisory, mandatory, disabled; no-world-egress has the level 3/,
      ),
    );
    assert.throws(() => readPolicyConfig("{", "p.json", rules), usage(/^p\.json is no JSON/));
    assert.throws(() => readPolicyConfig("[]", "p.json", rules), usage(/^p\.json holds no object/));
  });
});

describe("a policy pack", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-pack-"));
    await mkdir(join(folder, "dist"));
    await writeFile(join(folder, "package.json"), '{ "main": "dist/index.js" }');
    await writeFile(join(folder, "dist/index.js"), "// the pack");
    await writeFile(join(folder, "rules.json"), JSON.stringify(rules));
  });
  after(() => rm(folder, { recursive: true }));

  it("is opened with what its config switches off and changes", async () => {
    const config = join(folder, "config.json");
    await writeFile(config, '{ "all": "disabled", "no-world-egress": "advisory" }');
    const plain = await openPack({ pack: folder });
    const configured = await openPack({ pack: folder, config });
    assert.deepEqual([plain?.disabled, plain?.configured, plain?.rules], [[], [], rules]);
    assert.deepEqual([configured?.disabled, configured?.configured], [["expiry-set"], ["all", "no-world-egress"]]);
    assert.deepEqual(packArguments(configured), ["--policy-pack", folder, "--policy-pack-config", config]);
    assert.deepEqual(packArguments(plain), ["--policy-pack", folder]);
    assert.deepEqual(packArguments(undefined), []);
  });

  it("has a fingerprint that changes with its code and its config", async () => {
    const config = join(folder, "config.json");
    const printOf = async (choice = {}) => (await openPack({ pack: folder, ...choice }))?.print;
    const prints = [await printOf()];
    await writeFile(config, "{}");
    prints.push(await printOf({ config }));
    await writeFile(config, '{ "all": "advisory" }');
    prints.push(await printOf({ config }));
    await writeFile(join(folder, "dist/index.js"), "// the next pack");
    prints.push(await printOf({ config }));
    assert.equal(new Set(prints).size, prints.length);
    assert.equal(await printOf({ config }), prints.at(-1));
  });

  it("must have its config where it is said to be", () =>
    assert.rejects(openPack({ pack: folder, config: "/nowhere.json" }), usage(/\/nowhere\.json does not exist/)));

  it("may be left out", async () => {
    assert.equal(await openPack({ leftOut: "an outage" }), undefined);
    assert.equal(await openPack(undefined), undefined);
  });
});

describe("the error of an environment that breaks mandatory rules", () => {
  const finding = (index: number, level: Finding["level"] = "mandatory"): Finding => ({
    rule: "no-world-egress",
    level,
    severity: "high",
    message: `egress[${index}] opens the world\nmore`,
    urn: "",
    resource: "NetworkPolicy out",
  });
  const report = (findings: Finding[], phase: PolicyReport["phase"] = "preview"): PolicyReport => ({
    version: 1,
    phase,
    packs: ["berth@0.1.0"],
    worst: "mandatory",
    findings,
    undecided: [],
    passed: [],
    notApplicable: [],
    disabled: [],
  });
  const name = environmentName("shop", 7);

  it("lists them, without those that are advisory", () => {
    const error = refusedByPolicies(name, report([finding(0), finding(1, "advisory")]));
    assert.equal(error.exitCode, ExitCode.policy);
    assert.equal(
      error.message,
      "shop-pr-7 breaks mandatory rules (nothing has been changed):\n  no-world-egress: NetworkPolicy out: egress[0] opens the world",
    );
  });

  it("says what an update may have left, and lists no more than one can read", () => {
    const error = refusedByPolicies(
      name,
      report(
        [...Array(12).keys()].map((index) => finding(index)),
        "update",
      ),
    );
    assert.match(
      error.message,
      /^shop-pr-7 breaks mandatory rules 12 times \(.* stays until the next deploy or destroy\):/,
    );
    assert.equal(error.message.split("\n").length, 12);
    assert.match(error.message, /and 2 more; `berth preview` lists all$/);
  });
});
