import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { examineConfig } from "../stacks/cluster-args";
import { ASSUMED_USE, planPrice } from "../stacks/price";
import type { PricePlan, Use } from "../stacks/price";

/*
 * Prints what a cluster's stack config costs in a month. Reads nothing but the file: no account, no network.
 */

const USAGE = `usage: npm run price -- --config FILE [--use NAME=GB…] [--json]

  --config FILE    a stack config with berth:cluster, such as Pulumi.cluster.example.yaml
  --use NAME=GB    use in a month: ${Object.keys(ASSUMED_USE.small).join(", ")}
  --json           the estimate with all sources, as JSON

exit codes: 0 printed, 2 wrong arguments or config`;

/** Something that whoever calls can correct. */
class CallError extends Error {}

function main(): void {
  const { values } = parseArgs({
    options: {
      config: { type: "string" },
      use: { type: "string", multiple: true, default: [] },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  if (values.config === undefined) throw new CallError(`--config is missing\n${USAGE}`);
  const plan = planPrice(readConfig(values.config), readUse(values.use));
  console.log(values.json ? JSON.stringify(plan, undefined, 2) : render(plan));
}

function readConfig(file: string) {
  const document = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> } | null;
  const value = document?.config?.["berth:cluster"];
  if (value === undefined) throw new CallError(`${file} has no config berth:cluster`);
  const { config, problems } = examineConfig(value);
  if (problems.length > 0) {
    const lines = problems.map(({ propertyPath, reason }) => `  ${propertyPath}: ${reason}`);
    throw new CallError([`${file} cannot be priced:`, ...lines].join("\n"));
  }
  return config;
}

function readUse(given: readonly string[]): Partial<Use> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name, gigabytes] = /^([A-Za-z]+)=(\d+(?:\.\d+)?)$/.exec(text) ?? [];
      if (name === undefined || !(name in ASSUMED_USE.small)) {
        throw new CallError(
          `--use ${text} is not accepted: NAME=GB, with NAME one of ${Object.keys(ASSUMED_USE.small).join(", ")}`,
        );
      }
      return [name, Number(gigabytes)];
    }),
  );
}

function render({ cluster, region, lines, monthly, notes }: PricePlan): string {
  const dollars = ({ min, max }: { min: number; max: number }) =>
    min === max ? max.toFixed(2) : `${min.toFixed(2)} to ${max.toFixed(2)}`;
  const rows = [...lines.map((one) => [one.what, dollars(one.monthly), one.basis]), ["all", dollars(monthly), ""]];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const sources = [...new Set(lines.map(({ source }) => `${source.document}, ${source.date}`))];
  return [
    `Cluster ${cluster} in ${region}, US dollars a month:`,
    "",
    ...rows.map(([what = "", price = "", basis = ""]) =>
      `  ${what.padEnd(widths[0] ?? 0)}  ${price.padStart(widths[1] ?? 0)}  ${basis}`.trimEnd(),
    ),
    "",
    ...notes,
    "",
    "Prices from:",
    ...sources.map((source) => `  ${source}`),
  ].join("\n");
}

try {
  main();
} catch (error) {
  const code = (error as { code?: unknown }).code;
  const isUsage = typeof code === "string" && (code.startsWith("ERR_PARSE_ARGS") || code === "ENOENT");
  if (!(error instanceof CallError || isUsage)) throw error;
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 2;
}
