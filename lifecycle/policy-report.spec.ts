import assert from "node:assert/strict";
import fc from "fast-check";
import type { EngineEvent } from "./events";
import { PolicyCollector, summarise, type Rule } from "./policy-report";

const rule = (name: string, judges: Rule["judges"] = "resource"): Rule => ({
  name,
  family: "egress",
  description: `Checks that ${name} holds.`,
  judges,
  level: "mandatory",
  severity: "high",
  remediation: "correct it.",
  url: "https://example.com/rule",
});

const rules = [rule("closed"), rule("known"), rule("other"), rule("off"), rule("whole", "stack")];
const pack = { policyPackName: "berth", policyPackVersion: "0.1.0" };
const urn = (name: string, type = "kubernetes:core/v1:Service") =>
  `urn:pulumi:pr-a-1::berth::berth:x:Y$${type}::${name}`;

const violation = (
  policyName: string,
  resourceUrn: string,
  message: string,
  enforcementLevel = "mandatory",
): EngineEvent => ({
  timestamp: 0,
  policyEvent: { ...pack, policyName, resourceUrn, message, enforcementLevel, severity: "high" },
});
const summary = (resourceUrn: string, passed: string[], failed: string[] = []): EngineEvent => ({
  timestamp: 0,
  policyAnalyzeSummaryEvent: { ...pack, resourceUrn, passed, failed },
});
const stackSummary = (passed: string[]): EngineEvent => ({
  timestamp: 0,
  policyAnalyzeStackSummaryEvent: { ...pack, passed },
});

/** As the engine and the SDK of policies write it. */
const worded = (name: string, message: string) =>
  `<{%fg 8%}>Checks that ${name} holds.\n${message}\nfix: correct it. See https://example.com/rule<{%reset%}>\n`;
const unknown = (name: string) =>
  `<{%fg 8%}>can't run policy '${name}' from policy pack 'berth@v0.1.0' during preview: spec.host can't be known during preview<{%reset%}>\n`;

function reportOf(events: readonly EngineEvent[], disabled: string[] = []) {
  const collector = new PolicyCollector(rules);
  for (const event of events) collector.add(event);
  return collector.report("preview", disabled);
}

describe("the report of a policy pack", () => {
  it("has every rule with what became of it", () => {
    const report = reportOf(
      [
        violation("closed", urn("a"), worded("closed", "it is open\non two sides")),
        violation("known", urn("b"), unknown("known"), "advisory"),
        summary(urn("a"), ["known"], ["closed"]),
        summary(urn("b"), ["closed"], ["known"]),
        stackSummary(["whole"]),
      ],
      ["off"],
    );
    assert.deepEqual(report, {
      version: 1,
      phase: "preview",
      packs: ["berth@0.1.0"],
      worst: "mandatory",
      findings: [
        {
          rule: "closed",
          level: "mandatory",
          severity: "high",
          message: "it is open\non two sides",
          urn: urn("a"),
          resource: "Service a",
        },
      ],
      undecided: [
        { rule: "known", reason: "spec.host can't be known during preview", urn: urn("b"), resource: "Service b" },
      ],
      passed: [{ rule: "whole", resources: 1 }],
      notApplicable: ["other"],
      disabled: ["off"],
    });
    assert.deepEqual(summarise(report, ["off"]), {
      packs: ["berth@0.1.0"],
      mandatory: ["closed"],
      advisory: [],
      undecided: ["known"],
      configured: ["off"],
    });
  });

  it("does not count a rule as passed that is switched off, whatever the engine says", () => {
    const { passed, disabled } = reportOf(
      [summary(urn("a"), ["closed", "off"]), stackSummary(["whole"])],
      ["off", "whole"],
    );
    assert.deepEqual([passed, disabled], [[{ rule: "closed", resources: 1 }], ["off", "whole"]]);
  });

  it("puts mandatory rules first and tells each violation once", () => {
    const open = violation("closed", urn("b"), worded("closed", "it is open"));
    const { findings, worst } = reportOf([violation("a", urn("a"), "late", "advisory"), open, open]);
    assert.deepEqual(
      findings.map(({ rule: name, level }) => [name, level]),
      [
        ["closed", "mandatory"],
        ["a", "advisory"],
      ],
    );
    assert.equal(worst, "mandatory");
  });

  it("takes a level that it does not know for a mandatory one", () => {
    assert.equal(reportOf([violation("closed", urn("a"), "no", "remediate")]).worst, "mandatory");
  });

  it("leaves open what rules on whole stacks would say where the engine did not ask them", () => {
    const { undecided, notApplicable } = reportOf([summary(urn("a"), ["closed"])]);
    assert.deepEqual(undecided, [{ rule: "whole", reason: "the run ended before it", urn: "", resource: "" }]);
    assert.deepEqual(notApplicable, ["known", "other", "off"]);
  });

  it("does not take a violation that quotes the words for an open rule", () => {
    const message = worded("closed", "can't run policy 'x' from policy pack 'y' during preview: z");
    assert.deepEqual(reportOf([violation("closed", urn("a"), message), stackSummary([])]).undecided, []);
  });

  it("names no resource for the stack itself", () => {
    const stack = "urn:pulumi:pr-a-1::berth::pulumi:pulumi:Stack::berth-pr-a-1";
    assert.equal(reportOf([violation("whole", stack, "no")]).findings[0]?.resource, "");
  });

  it("knows whether anything was judged", () => {
    const collector = new PolicyCollector(rules);
    collector.add({ timestamp: 0, summaryEvent: { resourceChanges: { create: 1 } } });
    assert.equal(collector.hasJudged, false);
    collector.add(stackSummary([]));
    assert.equal(collector.hasJudged, true);
  });

  it("never has a rule as passed that is broken or open, whatever happens in which order", () => {
    const name = fc.constantFrom(...rules.map((each) => each.name));
    const place = fc.constantFrom(urn("a"), urn("b"), urn("c"));
    const event = fc.oneof(
      fc.tuple(name, place).map(([of, at]) => violation(of, at, worded(of, "broken"))),
      fc.tuple(name, place).map(([of, at]) => violation(of, at, unknown(of), "advisory")),
      fc.tuple(fc.uniqueArray(name), place).map(([of, at]) => summary(at, of)),
      fc.uniqueArray(name).map(stackSummary),
    );
    fc.assert(
      fc.property(fc.array(event), fc.uniqueArray(name), (events, disabled) => {
        const report = reportOf(events, disabled);
        const open = new Set([...report.findings, ...report.undecided].map((each) => each.rule));
        for (const { rule: passed } of report.passed) assert.ok(!open.has(passed), passed);
        const all = new Set([
          ...open,
          ...report.passed.map((each) => each.rule),
          ...report.notApplicable,
          ...report.disabled,
        ]);
        assert.deepEqual([...all].sort(), rules.map((each) => each.name).sort());
      }),
    );
  });
});
