import type { Policies } from "@pulumi/policy";
import { families } from "./families";

/*
 * docs/policies.md and rules.json, from the rules themselves.
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

/** The text of docs/policies.md, not formatted yet. */
export function policiesDocument(): string {
  const count = families.reduce((sum, { policies }) => sum + policies.length, 0);
  return [
    INTRODUCTION,
    `## Rules\n\n${count} rules in ${families.length} families. The tests of a family stand beside it; test/engine/policies runs the pack on a real engine.\n`,
    ...families.map(
      ({ name, about, policies }) =>
        `### ${name}\n\n${about} Code: [policies/${name}.ts](../policies/${name}.ts), tests: [policies/${name}.spec.ts](../policies/${name}.spec.ts).\n\n${table(policies)}\n`,
    ),
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
  return [header, header.map(() => "---"), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
}

function scopeOf(stacks: string): string {
  if (stacks === ".*") return "all";
  return stacks === "^pr-" ? "previews" : `\`${stacks}\``;
}
