import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { format, resolveConfig } from "prettier";

import type { Rules, TypeRules } from "../local/plugins/aws/rules";
import { definitionsVersion, readDefinitions } from "./aws-rules.definitions";
import { addLimits, openModels } from "./aws-rules.models";
import { coveredTypes } from "./aws-rules.types";

/*
 * Writes local/plugins/aws/rules.json: by what the stand-in for AWS checks resources. Run it after @pulumi/aws has another version, or to
 * cover further types:
 *
 *   node --import tsx scripts/aws-rules.ts [BOTOCORE_FOLDER]
 *
 * Needs Python's pip and the network for the models, unless a folder with an unpacked botocore is named. With --unmatched it also lists the
 * properties for which the models have no member.
 */

/** Pinned, so that two runs write the same file. */
const botocoreVersion = "1.44.5";
const target = join(__dirname, "..", "local", "plugins", "aws", "rules.json");

async function main(args: string[]): Promise<void> {
  const scratch = mkdtempSync(join(tmpdir(), "berth-aws-rules-"));
  try {
    const rules = generate(args.find((arg) => !arg.startsWith("-")) ?? download(scratch), args.includes("--unmatched"));
    const options = await resolveConfig(target);
    writeFileSync(target, await format(JSON.stringify(rules), { ...options, filepath: target }));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function generate(botocore: string, showUnmatched: boolean): Rules {
  const models = openModels(botocore);
  const types: Record<string, TypeRules> = readDefinitions(Object.keys(coveredTypes).sort());
  for (const [token, covered] of Object.entries(coveredTypes)) {
    const rules = types[token];
    if (!rules) throw new Error(`${token} was not read`);
    const unmatched = addLimits(rules, covered, models);
    if (showUnmatched) console.log(token, unmatched.join(" "));
  }
  return {
    sources: { "@pulumi/aws": definitionsVersion(), botocore: botocoreVersion },
    instanceTypes: [...(models("ec2").shapes["InstanceType"]?.enum ?? [])].sort(),
    types,
  };
}

/** Downloads botocore from PyPI and returns its unpacked folder. */
function download(scratch: string): string {
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch];
  execFileSync("python3", [...pip, `botocore==${botocoreVersion}`], { stdio: ["ignore", "ignore", "inherit"] });
  const wheel = join(scratch, `botocore-${botocoreVersion}-py3-none-any.whl`);
  execFileSync("python3", ["-m", "zipfile", "--extract", wheel, scratch]);
  return join(scratch, "botocore");
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
