import assert from "node:assert/strict";
import pc from "picocolors";
import { parseConfigText, ConfigError } from "../config/load";
import { renderNotes, renderProblems } from "./config-render";

const colors = pc.createColors(false);

function rendered(text: string): string {
  try {
    parseConfigText(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return renderProblems("berth.yaml", error.problems, colors);
  }
  assert.fail("it was accepted");
}

describe("problems on a terminal", () => {
  it("are shown as a compiler shows them", () => {
    assert.equal(
      rendered("projectId: shop\napp:\n  port: 70000\n"),
      [
        "berth.yaml:3:9: error: app.port is 70000; accepted: a whole number from 1 to 65535. Change app.port to what is accepted.",
        "  3 |   port: 70000",
        "    |         ^^^^^",
        "1 problem in berth.yaml",
      ].join("\n"),
    );
  });

  it("have their carets below wide characters and tabs", () => {
    const lines = rendered('projectId: shop\napp: { port:\t70000, "日本": 1 }\n').split("\n");
    assert.deepEqual(lines.slice(1, 3), ['  2 | app: { port: 70000, "日本": 1 }', "    |              ^^^^^"]);
    assert.deepEqual(lines.slice(4, 6), ['  2 | app: { port: 70000, "日本": 1 }', "    |                     ^^^^^^"]);
    assert.equal(lines.at(-1), "2 problems in berth.yaml");
  });

  it("have no excerpt where there is no place", () => {
    const problem = { path: "", value: "missing", accepted: "a file", fix: "Create it." };
    assert.equal(
      renderProblems("berth.yaml", [problem], colors),
      "berth.yaml: error: the document is missing; accepted: a file. Create it.\n1 problem in berth.yaml",
    );
  });

  it("cannot steer the terminal", () => {
    const text = rendered("projectId: shop\nzzz\u202e: \"\u009b31m\"\n'\u0007': 1\n").replaceAll("\n", "");
    assert.doesNotMatch(text, /[\p{Cc}\u202e]/u);
  });
});

describe("notes on a first config", () => {
  it("come by kind, warnings first", () => {
    assert.equal(
      renderNotes(
        [
          { kind: "left out", place: "compose.yaml:3", text: "a" },
          { kind: "warning", place: "", text: "b\u001b[31m" },
        ],
        colors,
      ),
      "To see to before the first deploy:\n  b\uFFFD[31m\nLeft out:\n  compose.yaml:3: a",
    );
    assert.equal(renderNotes([], colors), "");
  });
});
