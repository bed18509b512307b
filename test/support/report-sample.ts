import type { PolicyReport, Rule } from "../../lifecycle/policy-report";
import type { ReportInput } from "../../cli/report/input";

/*
 * A report with something of everything, for the tests of the formats.
 */

const rule = (name: string, family: string, more: Partial<Rule> = {}): Rule => ({
  name,
  family,
  description: `Checks that ${name} holds.`,
  judges: "resource",
  level: "mandatory",
  severity: "high",
  remediation: "do what the rule says.",
  url: `https://example.com/${name}`,
  ...more,
});

const urn = (type: string, name: string) => `urn:pulumi:pr-shop-7::berth::${type}::${name}`;

const policy = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

const report = {
  version: 1,
  phase: "preview",
  packs: ["berth@0.1.0"],
  worst: "mandatory",
  findings: [
    {
      rule: "no-world-egress",
      level: "mandatory",
      severity: "critical",
      message: 'egress[0] opens <everything> & "more"\nin two lines',
      urn: urn(policy, "out|`x`"),
      resource: "NetworkPolicy out|`x`",
    },
    {
      rule: "expiry-set",
      level: "advisory",
      severity: "low",
      message: "no end",
      urn: urn("x:y:Namespace", "e"),
      resource: "Namespace e",
    },
    { rule: "from-elsewhere", level: "advisory", severity: "", message: "odd\u0007", urn: "", resource: "" },
  ],
  undecided: [
    {
      rule: "trust-exact",
      reason: "arn can't be known during preview",
      urn: urn("aws:iam/role:Role", "r"),
      resource: "Role r",
    },
    { rule: "quota-there", reason: "the run ended before it", urn: "", resource: "" },
  ],
  passed: [{ rule: "tls-on", resources: 2 }],
  notApplicable: ["no-wildcard-host"],
  disabled: ["budget-present"],
} as const satisfies PolicyReport;

/** Rules of the sample. */
export const sampleRules: readonly Rule[] = [
  rule("no-world-egress", "egress", { severity: "critical" }),
  rule("tls-on", "exposure"),
  rule("no-wildcard-host", "exposure"),
  rule("trust-exact", "identity"),
  rule("expiry-set", "hygiene", { level: "advisory", severity: "low" }),
  rule("quota-there", "hygiene", { judges: "stack" }),
  rule("budget-present", "hygiene", { level: "advisory", severity: "medium" }),
];

/** A preview that breaks a mandatory rule. */
export const sample = {
  result: {
    environment: "shop-pr-7",
    isNew: false,
    trust: "internal",
    changes: [{ op: "create", object: "NetworkPolicy shop-pr-7/out", fields: [] }],
    unchanged: 12,
    losses: [],
    refusals: [],
    policies: report,
  },
  rules: sampleRules,
  file: "apps/my shop/berth.yaml",
  exitCode: 9,
} as const satisfies ReportInput;

/** A preview in which no rules were asked. */
export const unjudged: ReportInput = { ...sample, result: { ...sample.result, policies: undefined } };
