import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { k8sEeReference } from "./k8s-ee-reference";
import { configJsonSchema, configReference } from "./reference";

const docs = join(__dirname, "..", "docs");

describe("the reference of berth.yaml", () => {
  for (const [file, text] of [
    ["berth-yaml.md", configReference()],
    ["k8s-ee.md", k8sEeReference()],
    ["berth.schema.json", JSON.stringify(configJsonSchema())],
  ] as const) {
    it(`in docs/${file} is that of the schema`, async () => {
      const path = join(docs, file);
      const formatted = await format(text, { ...(await resolveConfig(path)), filepath: path });
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, formatted);
      assert.equal(
        readFileSync(path, "utf8"),
        formatted,
        `docs/${file} is of another schema; UPDATE_GOLDEN=1 writes it anew`,
      );
    });
  }

  it("says of every field what is accepted and what it means", () => {
    const rows = configReference()
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
    assert.equal(rows.length, 187);
    for (const [, path, accepted, , meaning] of rows) {
      assert.ok(accepted, `${path ?? ""} has nothing that is accepted`);
      assert.ok(meaning, `${path ?? ""} has no meaning`);
    }
  });

  it("knows required fields from those with a default", () => {
    assert.match(configReference(), /\| `projectId` \| 1 to 20 lower-case letters[^|]*\| required \|/);
    assert.match(configReference(), /\| `app\.port` \| a whole number from 1 to 65535 \| `3000` \|/);
  });
});
