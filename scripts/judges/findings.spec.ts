import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseCheckov } from "./checkov";
import { compare, readReasons } from "./findings";
import type { Finding, Reason } from "./findings";
import { parseKubeScore } from "./kube-score";
import { KNOWN_BAD, exampleManifests, writeManifests } from "./manifests";

const finding: Finding = { judge: "checkov", check: "CKV_K8S_1", object: "pr-app/Deployment/app", message: "bad" };
const reason: Reason = { judge: "checkov", check: "CKV_K8S_1", objects: ["pr-*/Deployment/app"], reason: "as it is" };

describe("findings of outside judges", () => {
  it("are unexplained without a reason of the same judge, check and object", () => {
    assert.deepEqual(compare([finding], [reason]), { unexplained: [], stale: [] });
    for (const other of [{ judge: "kube-score" }, { check: "CKV_K8S_2" }, { objects: ["pr-*/Deployment/api"] }]) {
      assert.deepEqual(
        compare([finding], [{ ...reason, ...other } as Reason]).unexplained,
        [finding],
        JSON.stringify(other),
      );
    }
  });

  it("leave each pattern of a reason stale that is about none of them", () => {
    const twice = { ...reason, objects: ["pr-app/*", "pr-gone/*"] };
    assert.deepEqual(compare([finding], [twice]).stale, [{ reason: twice, pattern: "pr-gone/*" }]);
    assert.deepEqual(compare([], [reason]).stale, [{ reason, pattern: "pr-*/Deployment/app" }]);
  });

  it("have reasons in a file without unknown fields, each said in words", () => {
    assert.ok(readReasons().length > 0);
    const folder = mkdtempSync(join(tmpdir(), "berth-reasons-"));
    const file = join(folder, "reasons.yaml");
    const entry = "{ judge: checkov, check: A, objects: [a], reason: because it has to be so";
    try {
      writeFileSync(file, `- ${entry} }`);
      assert.equal(readReasons(file).length, 1);
      for (const bad of [
        `${entry}, until: 2027 }`,
        entry.replace("checkov", "polaris") + " }",
        entry.replace(/because.*/, "no }"),
      ]) {
        writeFileSync(file, `- ${bad}`);
        assert.throws(() => readReasons(file), bad);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("what outside judges are given", () => {
  it("is every object of the example stacks, complete", () => {
    const examples = exampleManifests();
    assert.ok("pr-databases" in examples && "platform-deployed" in examples);
    for (const [name, objects] of Object.entries(examples)) {
      assert.ok(objects.length > 5, name);
      for (const { apiVersion, kind, metadata } of objects) assert.ok(apiVersion && kind && metadata.name, name);
    }
  });

  it("has an example that each must refuse", () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-manifests-"));
    try {
      assert.equal(writeManifests(folder), Object.values(exampleManifests()).flat().length);
      assert.ok(!(KNOWN_BAD in exampleManifests()));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("reports of outside judges", () => {
  const summary = { parsing_errors: 0, resource_count: 3, checkov_version: "3" };

  it("are read from checkov, whose names of objects may have dots", () => {
    const failed_checks = [
      { check_id: "CKV_K8S_8", check_name: "Liveness", file_path: "/pr-app.yaml", resource: "Pod.shop.a.b" },
    ];
    assert.deepEqual(parseCheckov(JSON.stringify({ results: { failed_checks }, summary })), {
      objects: 3,
      findings: [{ judge: "checkov", check: "CKV_K8S_8", object: "pr-app/Pod/a.b", message: "Liveness" }],
    });
  });

  it("count for nothing when checkov could not read a file", () => {
    const broken = { results: { failed_checks: [] }, summary: { ...summary, parsing_errors: 1 } };
    assert.throws(() => parseCheckov(JSON.stringify(broken)), /could not read 1 /);
  });

  it("are read from kube-score: what is below its best grade and was not skipped", () => {
    const check = { id: "pod-probes", name: "Pod Probes" };
    const comments = [{ path: "main", summary: "no probe" }];
    const checks = [
      { check, grade: 1, skipped: false, comments },
      { check: { ...check, id: "other" }, grade: 1, skipped: true, comments },
      { check: { ...check, id: "good" }, grade: 10, skipped: false, comments: null },
    ];
    const object = { type_meta: { kind: "Deployment" }, object_meta: { name: "app" }, checks };
    assert.deepEqual(parseKubeScore("pr-app", JSON.stringify([object])), {
      objects: 1,
      findings: [
        {
          judge: "kube-score",
          check: "pod-probes",
          object: "pr-app/Deployment/app",
          message: "Pod Probes; main no probe",
        },
      ],
    });
  });
});
