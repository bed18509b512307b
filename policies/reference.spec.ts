import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { format, resolveConfig } from "prettier";
import { families } from "./families";
import { admissionDocument, policiesDocument, rulesDocument } from "./reference";

const root = join(__dirname, "..");

async function assertGenerated(name: string, document: string): Promise<void> {
  const file = join(root, name);
  const text = await format(document, { ...(await resolveConfig(file)), filepath: file });
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
  assert.ok(existsSync(file), `${name} is missing; UPDATE_GOLDEN=1 writes it`);
  assert.equal(readFileSync(file, "utf8"), text, `${name} is stale; UPDATE_GOLDEN=1 writes it anew`);
}

describe("policies/rules.json", () => {
  it("is what the rules say", () => assertGenerated("policies/rules.json", rulesDocument()));
});

describe("policies/admission/groups.json", () => {
  it("is what the rules say", () => assertGenerated("policies/admission/groups.json", admissionDocument()));
});

describe("docs/policies.md", () => {
  it("is what the rules say", () => assertGenerated("docs/policies.md", policiesDocument()));

  it("names files that exist", () => {
    for (const { name } of families) {
      for (const end of ["ts", "spec.ts"]) assert.ok(existsSync(join(__dirname, `${name}.${end}`)), `${name}.${end}`);
    }
  });
});

describe("the pack", () => {
  it("imports nothing of the program that it judges", () => {
    for (const name of readdirSync(__dirname, { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      for (const [, path = ""] of readFileSync(join(__dirname, name), "utf8").matchAll(/from "(\.[^"]*)"/g)) {
        const outside = relative(__dirname, join(__dirname, dirname(name), path)).startsWith("..");
        assert.ok(!outside, `${name} imports ${path}`);
      }
    }
  });

  it("has every rule of its files", () => {
    const listed = new Set(families.flatMap(({ policies }) => policies.map(({ name }) => name)));
    for (const { name } of families) {
      const text = readFileSync(join(__dirname, `${name}.ts`), "utf8");
      for (const [, rule] of text.matchAll(/^ {2,4}name: "([a-z-]+)",$/gm)) assert.ok(listed.has(rule ?? ""), rule);
    }
  });
});
