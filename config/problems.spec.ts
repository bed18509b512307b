import assert from "node:assert/strict";
import { WRONG } from "../test/support/wrong-config";
import { parseConfigText } from "./load";
import { ConfigError, describe as sentenceWithLine, sentence } from "./problems";
import type { Problem } from "./problems";
import { configJsonSchema } from "./reference";

function problemsOf(text: string): readonly Problem[] {
  try {
    parseConfigText(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  assert.fail("it was accepted");
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
}

/** Every field of the schema and every section; `*` stands for any place in a list. */
function fieldsOf({ properties, anyOf, items }: JsonSchema, path: string): string[] {
  const inner = [
    ...Object.entries(properties ?? {}).map(([key, field]) => ({ at: path === "" ? key : `${path}.${key}`, field })),
    ...(anyOf ?? []).filter((option) => option.properties).map((field) => ({ at: path, field })),
    ...(items === undefined ? [] : [{ at: `${path}.*`, field: items }]),
  ];
  return [...(path === "" ? [] : [path]), ...inner.flatMap(({ at, field }) => fieldsOf(field, at))];
}

describe("problems of a berth.yaml", () => {
  for (const [text, message] of WRONG) {
    it(text, () => {
      const problems = problemsOf(text.startsWith("projectId") ? text : `projectId: shop\n${text}`);
      assert.deepEqual(problems.map(sentence), [message]);
    });
  }

  it("are tried for every field of the schema", () => {
    const tried = new Set(
      WRONG.flatMap(([text]) => problemsOf(text.startsWith("projectId") ? text : `projectId: shop\n${text}`)).map(
        ({ path }) => path.replace(/\[\d+\]/g, ".*"),
      ),
    );
    const fields = [...new Set(fieldsOf(configJsonSchema(), ""))];
    assert.deepEqual(
      fields.filter((field) => !tried.has(field)),
      [],
    );
  });

  it("are told all at once: wrong fields, and what contradicts itself in the others", () => {
    const text =
      "app: { port: 0 }\nenv: { PORT: '1' }\nresources: { limits: { cpu: lots }, requests: { memory: 1Gi } }\nwritableDirs: [/etc]\nzzz: 1\n";
    assert.deepEqual(
      problemsOf(text).map(({ path }) => path),
      // The request above its limit waits: with wrong limits it cannot be told.
      ["projectId", "app.port", "env.PORT", "resources.limits.cpu", "writableDirs[0]", "zzz"],
    );
  });

  it("hide what may be a secret, wherever it stands", () => {
    for (const [text, secret] of [
      ["env: { TOKEN: 7391 }", "7391"],
      ["env: hunter2", "hunter2"],
      ["app: { healthPath: 'postgres://u:hunter2@db/x' }", "hunter2"],
      ["image: { repository: ghp_ABCDEFGHIJKLMNOP }", "ghp_"],
      ["environment: { A: hunter2 }", "hunter2"],
      ["app: { password: hunter2 }", "hunter2"],
      ["env: { A: x } hunter2", "hunter2"],
      ["env:\n\tA: hunter2", "hunter2"],
      ["env:\n  A: 'hunter2", "hunter2"],
    ] as const) {
      assert.ok(!JSON.stringify(problemsOf(`projectId: shop\n${text}\n`)).includes(secret), text);
    }
  });

  it("are one line each, with the line where it is known", () => {
    const problem = { path: "app.port", value: "0", accepted: "more", fix: "Change it." };
    assert.equal(sentenceWithLine(problem), "app.port is 0; accepted: more. Change it.");
    assert.equal(sentenceWithLine({ ...problem, line: 3 }), "line 3: app.port is 0; accepted: more. Change it.");
  });
});
