import assert from "node:assert/strict";
import fc from "fast-check";
import { readCompose } from "./compose";
import { databaseEngines, firstConfig } from "./init";
import { emptyDraft } from "./init-draft";
import type { Draft } from "./init-draft";
import { parseConfigText } from "./load";

const place = "x:1";
const first = (draft: Partial<Draft>, name = "shop") => firstConfig({ ...emptyDraft(), ...draft }, { name });

describe("a first config", () => {
  it("of nothing is the smallest one, with warnings on what has to be known", () => {
    const { text, notes } = first({});
    assert.equal(
      text,
      "# Written by `berth config init`.\nprojectId: shop\napp:\n  port: 3000\n  healthPath: /health\n",
    );
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ["warning", "warning"],
    );
  });

  for (const [name, id] of [
    ["My Shop", "my-shop"],
    ["Café_Äpfel", "cafe-apfel"],
    ["a-very-long-name-of-a-project", "a-very-long-name-of"],
    ["日本", "app"],
    ["", "app"],
  ] as const) {
    it(`names the project ${id} after "${name}"`, () => assert.equal(first({}, name).config.projectId, id));
  }

  it("has the databases of the schema, with the most exact version that it accepts", () => {
    for (const engine of databaseEngines()) {
      const { config } = first({ databases: { [engine]: { versions: ["16.4.1-x", "16.4.1"], place } } });
      assert.equal(config.databases[engine as "postgresql"].enabled, true, engine);
    }
    const { text, notes } = first({ databases: { postgresql: { versions: ["16.4", "16"], place } } });
    assert.match(text, /postgresql:\n {4}enabled: true\n {4}version: "16"\n/);
    assert.ok(notes.some((note) => note.text === "postgresql 16: the platform has to offer it"));
  });

  it("leaves out what the schema refuses, with a note on each", () => {
    const { config, notes } = first({
      port: 70000,
      healthPath: "/ok",
      env: { PORT: { value: "1", place: "c:3" }, "A-B": { value: "x", place: "c:4" }, OK: { value: "x", place } },
      writableDirs: [
        { path: "/etc/x", place: "c:5" },
        { path: "/data/", place: "c:6" },
      ],
    });
    assert.deepEqual([config.app.port, config.env, config.writableDirs], [3000, { OK: "x" }, ["/data"]]);
    const leftOut = notes.filter(({ kind }) => kind === "left out").map((note) => `${note.place} ${note.text}`);
    assert.equal(leftOut.length, 4);
    assert.match(leftOut.join("\n"), /c:3 env\.PORT, which is a variable that Berth sets/);
    assert.match(leftOut.join("\n"), /c:4 env\["?A-B"?\]|c:4 env\.A-B/);
    assert.match(leftOut.join("\n"), /c:5 writableDirs\[0\], which is "\/etc\/x", a folder of the system/);
  });

  it("says how to give secrets, and has none", () => {
    const { text, notes, config } = first({ secrets: ["API_KEY", "bad\nname"] });
    assert.match(text, /\n# API_KEY\n# envFrom:\n# {3}- secretRef:\n# {7}name: shop-secrets\n$/);
    assert.deepEqual(config.envFrom, []);
    assert.match(
      notes.at(-1)?.text ?? "",
      /put values made for previews into a Secret shop-secrets of the project's preview secrets/,
    );
    // What is in the comment works when it is no comment any more.
    const uncommented = text.replace(/^# (envFrom:| {2}- secretRef:| {6}name:)/gm, "$1");
    assert.deepEqual(parseConfigText(uncommented).envFrom, [{ secretRef: { name: "shop-secrets" } }]);
  });

  it("leads editors to the schema, and names what it is made from", () => {
    const { text } = firstConfig(emptyDraft(), { name: "shop", from: "a\nb: Dockerfile", schema: "berth.schema.json" });
    assert.match(
      text,
      /^# yaml-language-server: \$schema=berth\.schema\.json\n# Written by `berth config init` from ab: Dockerfile\.\n/,
    );
  });

  it("is always accepted, whatever a compose file says", () => {
    const engines = databaseEngines();
    const word = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.constantFrom("PORT", "A", "3000", "/data", "/etc"),
    );
    const value = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null));
    const service = fc.record(
      {
        image: fc.oneof(word, fc.constantFrom("postgres:16", "redis:9.9.9", "ghcr.io/a/b:1", "mariadb:11.4")),
        build: fc.oneof(word, fc.record({ context: value })),
        ports: fc.array(fc.oneof(value, fc.record({ target: value }))),
        environment: fc.oneof(fc.dictionary(word, value), fc.array(word)),
        healthcheck: fc.record({ test: fc.oneof(fc.webUrl(), fc.constant("curl localhost:1/é x"), fc.array(word)) }),
        volumes: fc.array(fc.oneof(word, fc.record({ target: value }))),
        depends_on: fc.oneof(fc.array(word), fc.dictionary(word, fc.constant({}))),
        tmpfs: value,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.dictionary(word, service, { minKeys: 1, maxKeys: 4 }), fc.string(), (services, name) => {
        const draft = readCompose(JSON.stringify({ name, services }), "compose.yaml", { engines });
        const { text, config } = firstConfig(draft, { name: "shop", from: "compose.yaml" });
        assert.deepEqual(parseConfigText(text), config);
      }),
      { numRuns: 100 },
    );
  });
});
