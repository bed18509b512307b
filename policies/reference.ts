import type { Policies } from "@pulumi/policy";
import { basename } from "node:path";
import { admissionGroups } from "./admission";
import { families } from "./families";
import { places, REASONS } from "./places";

/*
 * docs/policies.md, rules.json and admission/groups.json, from the rules themselves.
 */

const INTRODUCTION = `# Policies

\`policies/\` is a [Pulumi policy pack](https://www.pulumi.com/docs/insights/policy/) (CrossGuard): it judges what a program is about to make, whoever wrote the program, and imports none of
it. A mandatory rule that is broken stops a preview and an update. All example stacks of this repository pass it; \`npm run bench policies\` prints how long it takes on 200 resources.

\`\`\`sh
berth preview --pr 12 --image … --report sarif=berth.sarif --report markdown=comment.md
berth deploy --pr 12 --image … --policy-pack-config policies.json
pulumi up --policy-pack policies   # any other stack; node scripts/build.mjs compiles the pack
\`\`\`

## With berth

\`berth preview\`, \`berth deploy\` and \`berth rotate\` have the rules judge the environment; a mandatory rule that is broken ends them with exit code 9.

- **Before anything changes**: deploy and rotate preview first and refuse there, unless the last deploy had the same values judged by the same rules. The update is judged as well, where every value is known; what
  it refuses only then, such as a rule on the whole stack, may have been changed before.
- **Decided at update**: a rule that needs a value which the preview does not know. It never counts as passed, nor as broken.
- **Not judged**: \`berth sleep\` and \`berth wake\` repeat what was let through, and the platform's stack is that of \`pulumi up\` above.
- **\`--without-policies REASON\`** lets no rule judge. The reason stands in the record, in \`berth history\` and in the answer.

- **Whose config**: a workflow has to take the file of \`--policy-pack-config\` from the base branch, since a pull request could write its own exceptions otherwise.

\`--report FORMAT=FILE\` (repeatable; \`-\` is standard output) writes what a preview found; SARIF and JUnit only where rules were asked:

| format     | for                                                                                                                                                               |
| ---------- | ----------------------------------------------------------------------------------------------------------------------------------------------------------------- |
| \`text\`     | people; what the command prints anyway                                                                                                                            |
| \`json\`     | programs; the same as \`--json\`, with the rules under \`policies\`                                                                                               |
| \`sarif\`    | SARIF 2.1.0 for code scanning: broken rules are results in the config file, those decided at update are notifications, since GitHub makes an alert of each result |
| \`junit\`    | CI servers: a suite for each family, a test for each rule; advisory ones that are broken pass with output, those decided at update are skipped                    |
| \`markdown\` | a comment on the pull request; its first line tells a workflow which comment to replace. \`$GITHUB_STEP_SUMMARY\` is added to                                       |

| worst finding                                          | exit code of a preview                              |
| ------------------------------------------------------ | --------------------------------------------------- |
| a field that cannot be changed so                      | 2, and no rule is asked                             |
| a mandatory rule                                       | 9                                                   |
| data that nobody has agreed to lose                    | 8                                                   |
| an advisory rule, rules decided at update, or nothing  | 0                                                   |

## What to know

- **Secrets.** The engine shows policies every value in the clear, so no rule can tell whether a program marks a value as secret, and no message holds a value that may be one.
- **Scope.** "Previews" are stacks whose names begin with \`pr-\`. Rules on whole stacks judge after everything is made: on an update they fail it, and undo nothing.
- **Patches.** Resources whose kind ends in \`Patch\` name only what they change, so rules that demand something do not judge them.

## Parameters

A JSON file gives each rule an \`enforcementLevel\` (\`advisory\`, \`mandatory\` or \`disabled\`) and parameters. Every rule has two: \`stacks\`, a regular expression of the stacks that it judges, and
\`exceptions\`, resources that it leaves alone by their names in the program (\`*\` for any text), each with the reason. A parameter that is given replaces the default as a whole.

\`\`\`json
{
  "host-under-preview-domain": { "domains": ["preview.example.com"] },
  "budget-present": { "enforcementLevel": "mandatory" },
  "iam-no-wildcard-actions": { "exceptions": { "legacy-*": "replaced in March, ticket 812" } }
}
\`\`\`
`;

const IN_THE_CLUSTER = `## In the cluster

The stack \`platform\` has the API server check the same rules on everything in the namespaces of environments, as [ValidatingAdmissionPolicies](https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/):
kubectl, an operator or a leaked deployer's token does not get around the pack. They are generated from the rules ([policies/admission](../policies/admission)), are named \`berth-…\`, refuse also what cannot be decided, and
a refusal names the rule, the value and the fix:

\`\`\`text
ValidatingAdmissionPolicy 'berth-pods' with binding 'berth-pods' denied request: image-by-digest: app has the image nginx:latest, without a digest; fix: name the image as \`REPOSITORY@sha256:DIGEST\`. …
\`\`\`

- **Where**: namespaces with the labels \`app.kubernetes.io/managed-by=berth\` and \`berth.dev/environment\`. Nobody takes these labels away, nor those of Pod Security, by whatever subresource; the two, and that a fork's stays a fork's, hold whatever \`withoutRules\` takes back.
- **Fences**: no pod starts without the NetworkPolicy \`default-deny\` and the ResourceQuota \`environment\`, and both stay until the namespace is deleted. Every other deletion is let through, and so are changes of labels,
  status and finalizers of what was there before the rules.
- **What the platform knows** takes the place of the pack's parameters: \`domain\`, the Ingress class, image and command of \`egressProxy\`, private ranges but for \`privateEgress\`, of \`operators\` the API server's ranges and the namespaces, which name images and tokens of their own, and \`trust\`: which tiers have secrets
  and egress, and of forks the quota and the repositories, which are \`fork.images\` and those of the images that the platform adds. \`berth\` gives the pack who deploys, \`privateEgress\`, the API server's ranges and what enforces rules by host name; with \`pulumi up --policy-pack\` these stand in the pack's config (\`deployers\`, \`permitted\`, \`apiServer\`, \`cni\`). A \`--policy-pack-config\` changes nothing in the cluster; \`withoutRules\` of the platform takes a rule back there, with the reason.
- **Pods for people**, such as one for debugging, keep the same rules: \`automountServiceAccountToken: false\` and an account of the environment's, such as \`serviceAccountName: app\`; an image by digest; the level restricted.
  Ephemeral containers too.
- **The egress proxy's settings** are a ConfigMap, which no rule reads: who may write that in an environment says which public addresses its proxy reaches.
- **Stricter than the pack**: sizes of ranges are added up without what they have in common and without \`except\`. **Not as strict**: resources are judged on pods alone, after the LimitRange has filled them in.
- **Deployers** write in environments, keep their leases and name the VolumeSnapshotContents that the platform lists, and nothing else, subresources included; \`berth-deployer\` holds for members of its groups whatever other rights they have. Reading is up to RBAC alone:
  outside environments deployers list what may be left of one, and get no Secret but the preview secrets that the platform names. In an environment they have the ClusterRole \`berth-environment\`, by a RoleBinding that comes right after the namespace and goes with it:
  the one right that they, or a program, may give there, to exactly the platform's deployers (\`deployers\` of the rules, from the platform's \`deployerGroups\`).
- **No MutatingAdmissionPolicy**, though Kubernetes 1.36 has them as stable: the program writes out all that an environment needs. A value that is changed on its way in would be undone and made again by every update, and
  a program that breaks a rule would never hear of it.
`;

/** The text of docs/policies.md, not formatted yet. */
export function policiesDocument(): string {
  const count = families.reduce((sum, { policies }) => sum + policies.length, 0);
  return [
    INTRODUCTION,
    IN_THE_CLUSTER,
    `## Rules\n\n${count} rules in ${families.length} families. The tests of a family stand beside it; test/engine/policies runs the pack on a real engine.\n`,
    ...families.map(
      ({ name, about, policies }) =>
        `### ${name}\n\n${about} Code: [policies/${name}.ts](../policies/${name}.ts), tests: [policies/${name}.spec.ts](../policies/${name}.spec.ts).\n\n${table(policies)}\n`,
    ),
    placesSection(),
  ].join("\n");
}

/** Each rule and its tests. */
function placesSection(): string {
  const rows = places().map(({ rule, ...cells }) => [
    rule,
    ...[cells.unit, cells.preview, cells.admission, cells.wire].map((cell) =>
      typeof cell === "string"
        ? `no: ${cell}`
        : [cell]
            .flat()
            .map(({ file, title }) => `[${basename(file)}](../${file} ${JSON.stringify(title.replaceAll('"', "'"))})`)
            .join(", "),
    ),
  ]);
  const reasons = Object.entries(REASONS).map(([name, reason]) => `- **${name}**: ${reason}.`);
  return [
    "## Where each rule is tested",
    "",
    "By itself with every outcome, in a preview of a program that breaks it, by the real API server, and with real pods and packets; a link's title is that of the test. A test fails when one of these is not there.",
    "",
    markdownTable(["rule", "unit", "preview", "admission", "real pods and packets"], rows),
    "",
    "Why a rule is not tested in a place:",
    "",
    ...reasons,
    "",
  ].join("\n");
}

/** The text of rules.json, for programs that read what a rule is about without running the pack; not formatted yet. */
export function rulesDocument(): string {
  const rules = families.flatMap(({ name: family, policies }) =>
    policies.map(({ name, description, enforcementLevel, severity, remediationSteps, url, ...policy }) => ({
      name,
      family,
      description,
      judges: "validateStack" in policy ? "stack" : "resource",
      level: enforcementLevel,
      severity,
      remediation: remediationSteps,
      url,
    })),
  );
  return JSON.stringify(rules);
}

/** The text of admission/groups.json: what the platform has the API server check, and nothing else of the pack; not formatted yet. */
export function admissionDocument(): string {
  return JSON.stringify(admissionGroups);
}

function table(policies: Policies): string {
  const rows = policies.map((policy) => {
    const { stacks, exceptions, ...parameters } = policy.configSchema?.properties ?? {};
    const excepted = Object.entries((exceptions?.default ?? {}) as Record<string, string>);
    const notes = [
      ...Object.entries(parameters).map(
        ([name, { default: value, description }]) =>
          `\`${name}\` (default \`${JSON.stringify(value)}\`): ${description ?? ""}`,
      ),
      ...excepted.map(([name, reason]) => `Excepted: \`${name}\`, ${reason}.`),
    ];
    return [
      `[${policy.name}](${policy.url ?? ""})`,
      policy.description.replace(/^Checks that /, ""),
      scopeOf(stacks?.default as string),
      "validateStack" in policy ? "stack" : "resource",
      `${policy.enforcementLevel ?? ""}, ${policy.severity ?? ""}`,
      policy.remediationSteps ?? "",
      notes.join("<br>"),
    ];
  });
  const header = ["rule", "checks that", "stacks", "judges a", "level, severity", "fix", "parameters and exceptions"];
  return markdownTable(header, rows);
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [header, header.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

function scopeOf(stacks: string): string {
  if (stacks === ".*") return "all";
  return stacks === "^pr-" ? "previews" : `\`${stacks}\``;
}
