import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changesOf, dryRun } from "./dry-run";
import { BerthError, ExitCode } from "./errors";
import { environmentName } from "./naming";
import type { Pack } from "./policies";
import type { Target } from "./target";

const type = "kubernetes:core/v1:PersistentVolumeClaim";
const urn = (suffix: string, kind = type) => `urn:pulumi:pr-shop-7::berth::${kind}::shop-pr-7-${suffix}`;

describe("the changes of a preview", () => {
  it("are each object's, with the paths of its fields and nothing of their values", () => {
    const state = { custom: true, id: "shop-pr-7/postgresql-data" };
    const { changes, unchanged } = changesOf([
      { op: "update", type, urn: urn("a"), old: state, new: state, detailedDiff: { "spec.b": {}, "spec.a": {} } },
      { op: "delete", type, urn: urn("b"), old: { ...state, id: "shop-pr-7/redis-data" } },
      { op: "create", type, urn: urn("c"), old: null, new: { id: "", custom: true } },
      { op: "same", type, urn: urn("d"), old: state, new: state },
    ]);
    assert.deepEqual(changes, [
      { op: "update", object: "PersistentVolumeClaim shop-pr-7/postgresql-data", fields: ["spec.a", "spec.b"] },
      { op: "delete", object: "PersistentVolumeClaim shop-pr-7/redis-data", fields: [] },
      { op: "create", object: "PersistentVolumeClaim shop-pr-7-c", fields: [] },
    ]);
    assert.equal(unchanged, 1);
  });

  it("leave out what stands in previews only", () => {
    const state = { custom: true, id: "shop-pr-7/redis-data" };
    const marker = 'metadata.annotations["berth.dev/awaits-quota"]';
    const step = (fields: string[]) => ({
      op: "update",
      type,
      urn: urn("a"),
      old: state,
      new: state,
      detailedDiff: Object.fromEntries(fields.map((field) => [field, {}])),
    });
    assert.deepEqual(changesOf([step([marker]), step([marker, "spec.resources"])]), {
      changes: [{ op: "update", object: "PersistentVolumeClaim shop-pr-7/redis-data", fields: ["spec.resources"] }],
      unchanged: 1,
    });
  });

  it("name an object that is replaced once, and neither components nor the stack", () => {
    const password = "random:index/randomPassword:RandomPassword";
    const state = { custom: true, id: "none" };
    const steps = ["create-replacement", "replace", "delete-replaced"].map((op) => ({
      op,
      type: password,
      urn: urn("password", password),
      old: state,
      new: state,
      detailedDiff: { keepers: {} },
    }));
    const own = { op: "same", type: "pulumi:pulumi:Stack", urn: "s", new: { id: "", custom: true } };
    // The events of a component leave the field out.
    const component = { op: "same", type: "berth:environment:PrEnvironment", urn: "c", new: { id: "" } };
    const { changes, unchanged } = changesOf([...steps, own, component]);
    assert.deepEqual(changes, [{ op: "replace", object: "RandomPassword shop-pr-7-password", fields: ["keepers"] }]);
    assert.equal(unchanged, 0);
  });
});

describe("a dry run", () => {
  const name = environmentName("shop", 7);
  const pack: Pack = {
    folder: "/pack",
    config: "/c.json",
    settings: {},
    rules: [],
    disabled: [],
    configured: [],
    print: "",
  };
  const state = { custom: true, id: "shop-pr-7/redis-data" };
  const judgement = { policyPackName: "berth", policyPackVersion: "0.1.0" };
  const message = "<{%fg 8%}>no end<{%reset%}>\n";
  const broken = {
    ...judgement,
    policyName: "expiry-set",
    message,
    enforcementLevel: "mandatory",
    resourceUrn: urn("a"),
  };
  const events: Record<string, unknown>[] = [
    { resourcePreEvent: { metadata: { op: "same", type, urn: urn("a"), old: state, new: state } } },
    { policyEvent: broken },
    { policyAnalyzeSummaryEvent: { ...judgement, resourceUrn: urn("a"), passed: ["tls-on"], failed: ["expiry-set"] } },
    { policyAnalyzeStackSummaryEvent: { ...judgement } },
  ];
  let folder: string;
  let target: Target;

  /** A stand-in for the engine: notes how it is called, prints events and ends. */
  const engine = (lines: readonly object[], code: number) => {
    const printed = lines.map((line, sequence) => JSON.stringify({ sequence, timestamp: 0, ...line })).join("\n");
    writeFileSync(join(folder, "events"), `${printed}\n`);
    const script = `printf '%s\\n' "$PULUMI_ENABLE_STREAMING_JSON_PREVIEW" "$@" > "${folder}/call"
cp "${folder}"/work/*.preview-* "${folder}/draft"
cat "${folder}/events"
exit ${code}`;
    writeFileSync(target.pulumi, `#!/bin/sh\n${script}\n`);
    chmodSync(target.pulumi, 0o755);
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-dry-run-"));
    mkdirSync(join(folder, "work"));
    target = {
      name: "t",
      kubeconfig: "/dev/null",
      env: { PULUMI_BACKEND_URL: "file:///nowhere" },
      pulumi: join(folder, "pulumi"),
      projectFile: join(folder, "Pulumi.yaml"),
      workDir: join(folder, "work"),
      recordsDir: join(folder, "records"),
    };
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  it("has the rules asked on a configuration that nobody else sees, and says what they found", async () => {
    engine(events, 255);
    const { result, report, unchanged } = await dryRun(target, name, { "a:b": "c" }, pack, {});
    assert.equal(result.code, 255);
    assert.equal(unchanged, 1);
    assert.equal(report?.worst, "mandatory");
    assert.deepEqual(
      report.findings.map(({ rule, message: text }) => [rule, text]),
      [["expiry-set", "no end"]],
    );
    assert.deepEqual(report.passed, [{ rule: "tls-on", resources: 1 }]);
    const call = readFileSync(join(folder, "call"), "utf8").split("\n");
    assert.deepEqual(call.slice(0, 5), ["true", "preview", "--json", "--stack", name.stack]);
    assert.match(call.join(" "), /--policy-pack \/pack --policy-pack-config \/c\.json/);
    assert.match(readFileSync(join(folder, "draft"), "utf8"), /a:b: c/);
    assert.deepEqual(readdirSync(target.workDir), []);
  });

  it("takes no silence for a pass", async () => {
    engine(events.slice(0, 1), 0);
    await assert.rejects(dryRun(target, name, {}, pack, {}), (error) => {
      assert.ok(error instanceof BerthError);
      assert.equal(error.exitCode, ExitCode.prerequisite);
      return true;
    });
    const { report } = await dryRun(target, name, {}, undefined, {});
    assert.equal(report, undefined);
    assert.doesNotMatch(readFileSync(join(folder, "call"), "utf8"), /--policy-pack/);
  });
});
