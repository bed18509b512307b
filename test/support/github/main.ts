import { parseArgs } from "node:util";

import { FakeGithub } from "./server";
import type { Plan } from "./state";

/*
 * Starts the fake GitHub server for trying out the stack `github` by hand: `npm run fake-github -- --org acme`.
 */

const usage = `usage: npm run fake-github -- [--org NAME] [--plan free|team|enterprise] [--team SLUG]… [--repository NAME]…
                               [--port PORT] [--token TOKEN] [--rate-limit NUMBER] [--state FILE]

Starts a stand-in for GitHub's REST API on 127.0.0.1 and prints the variables that lead the GitHub provider to it.
It goes on until it is interrupted. With --state it finds again what was set up in it before.

Faults on demand: curl -H "authorization: Bearer $GITHUB_TOKEN" -d '{"status":429,"times":2,"headers":{"retry-after":"1"}}' \\
                       "$GITHUB_BASE_URL"_fake/faults
`;

const plans: readonly string[] = ["free", "team", "enterprise"] satisfies Plan[];

function number(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value)) throw new Error(`--${name} is "${value}"; accepted are whole numbers`);
  return Number(value);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      org: { type: "string", default: "acme" },
      plan: { type: "string", default: "team" },
      team: { type: "string", multiple: true, default: [] },
      repository: { type: "string", multiple: true, default: [] },
      port: { type: "string" },
      token: { type: "string" },
      "rate-limit": { type: "string" },
      state: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  if (!plans.includes(values.plan)) throw new Error(`--plan is "${values.plan}"; accepted are ${plans.join(", ")}`);
  const port = number("port", values.port);
  const rateLimit = number("rate-limit", values["rate-limit"]);
  const fake = await FakeGithub.start({
    ...(port !== undefined && { port }),
    ...(rateLimit !== undefined && { rateLimit }),
    ...(values.token !== undefined && { token: values.token }),
    ...(values.state !== undefined && { stateFile: values.state }),
  });
  fake.addUser("admin");
  const { teams } = await fake.addOrganization(values.org, { plan: values.plan as Plan, teams: values.team });
  for (const name of values.repository) {
    const full = `${values.org}/${name}`;
    if (fake.find(full) === undefined) await fake.addRepository(values.org, name);
  }
  process.stdout.write(
    [
      `export GITHUB_BASE_URL=${fake.url}`,
      `export GITHUB_TOKEN=${fake.token}`,
      `export GITHUB_OWNER=${values.org}`,
      ...teams.map(({ id, slug }) => `# team ${slug} has ID ${id}`),
      "",
    ].join("\n"),
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void fake.stop().then(() => process.exit(0)));
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
});
