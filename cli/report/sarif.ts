import { createHash } from "node:crypto";
import { pathToFileURL } from "node:url";
import type { Finding, Rule } from "../../lifecycle/policy-report";
import { statuses, type ReportInput } from "./input";

/*
 * SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html) as GitHub's code scanning reads it
 * (https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning).
 *
 * Only broken rules are results, since GitHub makes an alert of every result. Rules that the update decides are notifications of the
 * run, with the rule that they are about.
 */

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** Scores in the middle of GitHub's bands: above 9.0 critical, 7.0 to 8.9 high, 4.0 to 6.9 medium, 0.1 to 3.9 low. */
const SCORES: Readonly<Record<string, string>> = { critical: "9.5", high: "8.0", medium: "5.5", low: "2.0" };

const LEVELS = { mandatory: "error", advisory: "warning" } as const;

/** The report as SARIF; undefined when no rules were asked. */
export function renderSarif({ result, rules, file, exitCode }: ReportInput): string | undefined {
  const report = result.policies;
  if (report === undefined) return undefined;
  const names = [...statuses(report, rules).keys()];
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const reference = (rule: string) => ({ id: rule, index: indexOf.get(rule) });
  const [pack = ""] = report.packs;
  const run = {
    tool: {
      driver: {
        name: "berth policies",
        ...(pack === "" ? {} : { semanticVersion: pack.slice(pack.lastIndexOf("@") + 1) }),
        rules: names.map((name) => descriptor(name, rules)),
      },
    },
    // Uploads of other environments of the repository stand beside this one.
    automationDetails: { id: `berth/${result.environment}/` },
    invocations: [
      {
        executionSuccessful: true,
        exitCode,
        ruleConfigurationOverrides: report.disabled.map((rule) => ({
          descriptor: reference(rule),
          configuration: { enabled: false },
        })),
        toolExecutionNotifications: report.undecided.map(({ rule, resource, reason, urn }) => ({
          associatedRule: reference(rule),
          level: "note",
          message: { text: `decided at update: ${resource === "" ? "" : `${resource}: `}${reason}` },
          locations: [location(file, urn, resource)],
        })),
      },
    ],
    columnKind: "utf16CodeUnits",
    results: report.findings.map((finding) => ({
      ruleId: finding.rule,
      ruleIndex: indexOf.get(finding.rule),
      level: LEVELS[finding.level],
      message: { text: textOf(finding) },
      locations: [location(file, finding.urn, finding.resource)],
      partialFingerprints: { primaryLocationLineHash: `${fingerprint(finding)}:1` },
    })),
  };
  return JSON.stringify({ $schema: SCHEMA, version: "2.1.0", runs: [run] }, null, 2);
}

function descriptor(name: string, rules: readonly Rule[]): object {
  const rule = rules.find((each) => each.name === name);
  if (rule === undefined) return { id: name };
  const { description, remediation, url, severity, level, family } = rule;
  const short = capital(description.replace(/^Checks that /, ""));
  return {
    id: name,
    name: name.split("-").map(capital).join(""),
    shortDescription: { text: short },
    fullDescription: { text: description },
    helpUri: url,
    help: { text: `${capital(remediation)} ${url}`, markdown: `${capital(remediation)} [More](${url})` },
    defaultConfiguration: { level: LEVELS[level] },
    properties: { tags: ["security", family], precision: "high", "security-severity": SCORES[severity] ?? "5.5" },
  };
}

/** GitHub shows alerts in files: the one that the environment is described by. What it is about is a logical location. */
function location(file: string, urn: string, resource: string): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: file.startsWith("/") ? pathToFileURL(file).href : encodeURI(file) },
      region: { startLine: 1 },
    },
    ...(urn === ""
      ? {}
      : {
          logicalLocations: [
            { fullyQualifiedName: urn, kind: "resource", ...(resource === "" ? {} : { name: resource }) },
          ],
        }),
  };
}

function textOf({ resource, message }: Finding): string {
  return resource === "" ? message : `${resource}: ${message}`;
}

/** The same for the same violation of the same resource in every environment of a project. */
function fingerprint({ rule, urn, message }: Finding): string {
  const resource = urn.split("::").slice(1).join("::");
  return createHash("sha256")
    .update(JSON.stringify([rule, resource, message]))
    .digest("hex")
    .slice(0, 16);
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
