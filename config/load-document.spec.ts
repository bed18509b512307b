import assert from "node:assert/strict";
import { YamlText } from "./load-document";

const at = (text: string, path: readonly PropertyKey[], atKey = false) => {
  const { line, column, length, excerpt } = new YamlText(text, "berth.yaml").place(path, atKey);
  return [line, column, length, excerpt.text];
};

describe("the place of a part of a YAML file", () => {
  for (const [what, text, path, expected] of [
    ["a value", "a: 1\nb:\n  c: xyz\n", ["b", "c"], [3, 6, 3, "  c: xyz"]],
    ["an item of a list", "a: [x, yy]\n", ["a", 1], [1, 8, 2, "a: [x, yy]"]],
    ["what is missing: the nearest thing around it", "a: 1\nb:\n  c: 1\n", ["b", "d", "e"], [3, 3, 1, "  c: 1"]],
    ["what is missing in an empty file", "", ["a"], [1, 1, 1, ""]],
    ["a line that ends as on Windows", "a: 1\r\nb: 22\r\n", ["b"], [2, 4, 2, "b: 22"]],
    ["a file with a byte order mark", "\uFEFFa: 1\n", ["a"], [1, 4, 1, "a: 1"]],
    ["characters outside ASCII, each counted once", 'é: 1\n"😀日本": xy\n', ["😀日本"], [2, 8, 2, '"😀日本": xy']],
    ["a value after a tab", "a:\t1\n", ["a"], [1, 4, 1, "a:\t1"]],
    [
      "a value behind an alias: where it is written",
      "x: &x { c: 1 }\nb: *x\n",
      ["b", "c"],
      [1, 12, 1, "x: &x { c: 1 }"],
    ],
    ["a text of several lines: its first", "a: |\n  x\n  y\n", ["a"], [1, 4, 1, "a: |"]],
  ] as const) {
    it(what, () => assert.deepEqual(at(text, path), expected));
  }

  it("is that of the key where the key is meant", () => {
    assert.deepEqual(at("a:\n  key: 1\n", ["a", "key"], true), [2, 3, 3, "  key: 1"]);
  });

  it("comes with a part of a long line", () => {
    const { column, excerpt } = new YamlText(`{ a: ${"x".repeat(5000)}, b: 1 }`, "berth.yaml").place(["b"]);
    assert.equal(excerpt.text.length, 103);
    assert.equal(excerpt.text[column - excerpt.from], "1");
  });

  it("shows one dot for a character outside ASCII in a secret, too", () => {
    assert.deepEqual(at("env: { A: 😀é, B: 1 }\n", ["env", "B"]), [1, 18, 1, "env: { A: ••, B: • }"]);
  });

  it("shows dots of the same number for what may be a secret", () => {
    const text = "env: { A: hunter2, B: [x] }\ntoken: abc\nenvFrom: [{ secretRef: { name: stripe } }]\n";
    assert.deepEqual(at(text, ["env", "A"]), [1, 11, 7, "env: { A: •••••••, B: [•] }"]);
    assert.deepEqual(at(text, ["token"]), [2, 8, 3, "token: •••"]);
    assert.deepEqual(at(text, ["envFrom", 0, "secretRef", "name"])[3], "envFrom: [{ secretRef: { name: stripe } }]");
  });
});

describe("a YAML file that cannot be read", () => {
  for (const [what, text, place] of [
    ["a key twice", "a: 1\na: 2\n", [2, 1]],
    ["a tab as indentation", "a:\n\tb: 1\n", [2, 1]],
    ["two documents", "a: 1\n---\na: 1\n", [2, 1]],
    ["a tag that nobody knows", "a: !secret x\n", [1, 4]],
    ["an alias without anchor", "a: *x\n", [1, 4]],
  ] as const) {
    it(what, () => {
      assert.throws(
        () => new YamlText(text, "berth.yaml").value(),
        (error: { problems: { line: number; column: number; value: string }[] }) => {
          assert.deepEqual([error.problems[0]?.line, error.problems[0]?.column], place);
          assert.match(error.problems[0]?.value ?? "", /^not (valid YAML|readable as plain values)/);
          return true;
        },
      );
    });
  }

  it("takes in other mappings only where they are asked for", () => {
    const text = "x: &x { a: 1 }\nb:\n  <<: *x\n";
    assert.deepEqual(new YamlText(text, "compose.yaml", { merge: true }).value(), { x: { a: 1 }, b: { a: 1 } });
    assert.deepEqual(new YamlText(text, "berth.yaml").value(), { x: { a: 1 }, b: { "<<": { a: 1 } } });
  });
});
