import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { parse } from "yaml";
import { clusterSchema } from "../../config/cluster";
import { fieldTable } from "../../config/reference";
import program from "../../stacks";
import { examineConfig } from "../../stacks/cluster-args";
import { planPrice, priceTable } from "../../stacks/price";
import { record } from "../support/mocks";
import type { Registration } from "../support/mocks";
import { diagramOf } from "./diagram";
import { withGenerated } from "./marked";

/*
 * The whole resource graphs of the example clusters, for reading in review, and what docs/cluster.md shows of them. UPDATE_GOLDEN=1 writes both anew.
 */

const root = join(__dirname, "../..");
const document = join(root, "docs/cluster.md");

/** By golden file: the example and its stack. */
const EXAMPLES = {
  "cluster-small": { file: "Pulumi.cluster.example.yaml", stack: "cluster", title: "small team" },
  "cluster-large": { file: "Pulumi.cluster-large.example.yaml", stack: "cluster-large", title: "large company" },
} as const;

function settings(file: string): Record<string, unknown> {
  const { config } = parse(readFileSync(join(root, file), "utf8")) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^berth:/, ""), value]));
}

async function graphOf({ file, stack }: { file: string; stack: string }): Promise<Registration[]> {
  const { registrations } = await record(program, { stack, config: settings(file) });
  return [...registrations].sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
}

const update = process.env["UPDATE_GOLDEN"] === "1";

describe("golden clusters", () => {
  for (const [name, example] of Object.entries(EXAMPLES)) {
    it(`${name} is the graph of ${example.file}`, async () => {
      const file = join(__dirname, `${name}.json`);
      const text = `${JSON.stringify(await graphOf(example), sortKeys, 2)}\n`;
      if (update) writeFileSync(file, text);
      assert.ok(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`);
      assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(file, "utf8")), `what is made differs from ${file}`);
    });
  }

  it("has no file that nothing compares with", () => {
    const files = readdirSync(__dirname).filter((file) => file.startsWith("cluster-") && file.endsWith(".json"));
    assert.deepEqual(
      files.sort(),
      Object.keys(EXAMPLES)
        .map((name) => `${name}.json`)
        .sort(),
    );
  });

  it("docs/cluster.md shows every field, and their diagrams and prices", async () => {
    let text = withGenerated(readFileSync(document, "utf8"), "fields", fieldTable(clusterSchema));
    for (const [name, example] of Object.entries(EXAMPLES)) {
      const { config, problems } = examineConfig(settings(example.file)["cluster"]);
      assert.deepEqual(problems, []);
      text = withGenerated(text, `diagram of ${name}`, `\`\`\`mermaid\n${diagramOf(await graphOf(example))}\n\`\`\``);
      text = withGenerated(text, `price of ${name}`, priceTable(planPrice(config)));
    }
    const formatted = await format(text, { ...(await resolveConfig(document)), filepath: document });
    if (update) writeFileSync(document, formatted);
    assert.equal(readFileSync(document, "utf8"), formatted, "docs/cluster.md is stale; UPDATE_GOLDEN=1 writes it anew");
  });
});

/** Orders the keys of objects, so that the files do not depend on the order in which code names them. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
