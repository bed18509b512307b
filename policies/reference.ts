import type { Policies } from "@pulumi/policy";
import { families } from "./families";

/*
 * docs/policies.md, from the rules themselves.
 */

const INTRODUCTION = `# Policies

\`policies/\` is a [Pulumi policy pack](https://www.pulumi.com/docs/insights/policy/) (CrossGuard): it judges what a program is about to make, whoever wrote the program, and imports none of
it. A mandatory rule that is broken stops a preview and an update. All example stacks of this repository pass it.

\`\`\`sh
node scripts/build.mjs        # compiles the pack
pulumi preview --policy-pack policies
pulumi up --policy-pack policies --policy-pack-config policies.json
\`\`\`

\`berth deploy\` does not run it yet; the engine that \`berth local up\` builds does, as any other does.

- **Unknown values.** A preview does not know what a cloud has yet to answer. What is known is judged; a rule that met something unknown says \`can't run policy … during preview\` and counts as advisory
  there. Run the pack on the update too, where everything is known.
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
