import assert from "node:assert/strict";
import { HIDDEN, explainConfig, explanationYaml } from "./explain";
import { parseConfigText } from "./load";
import { parse } from "yaml";

const text = `projectId: shop
trigger: automatic
app:
  port: 8080
env:
  LOG_LEVEL: debug
  MOTTO: |
    one
    two
databases:
  postgresql: true
egress:
  allow:
    - { cidr: 203.0.113.0/24, ports: [443] }
`;

const origins = (of: string) =>
  Object.fromEntries(explainConfig(of, "berth.yaml").values.map(({ path, from }) => [path, from]));

describe("the explanation of a config", () => {
  it("tells for each value its place in the file, or that it is the default", () => {
    const from = origins(text);
    assert.deepEqual(from["projectId"], { line: 1, column: 12 });
    assert.deepEqual(from["app.port"], { line: 4, column: 9 });
    assert.equal(from["app.healthPath"], "default");
    assert.equal(from["writableDirs"], "default");
    assert.deepEqual(from["egress.allow[0].ports[0]"], { line: 14, column: 39 });
  });

  it("tells of a short form only what it says", () => {
    const from = origins(text);
    assert.deepEqual(from["databases.postgresql.enabled"], { line: 11, column: 15 });
    assert.equal(from["databases.postgresql.storage"], "default");
  });

  it("tells where a value behind an alias is written", () => {
    const from = origins("projectId: shop\nresources:\n  requests: &a { cpu: 100m, memory: 128Mi }\n  limits: *a\n");
    assert.deepEqual(from["resources.limits.cpu"], { line: 3, column: 23 });
  });

  it("does not show the values of env, nor what looks like a secret, unless asked to", () => {
    const secrets = text.replace("true", "{ bootstrap: { initSQL: [\"ALTER USER a PASSWORD 'hunter2'\"] } }");
    const hidden = explainConfig(secrets, "berth.yaml");
    assert.equal(hidden.values.find(({ path }) => path === "env.LOG_LEVEL")?.value, HIDDEN);
    assert.ok(!JSON.stringify(hidden).includes("hunter2"));
    assert.ok(!explanationYaml(hidden).includes("debug"));
    const shown = explainConfig(secrets, "berth.yaml", { reveal: true });
    assert.deepEqual(shown.config, JSON.parse(JSON.stringify(parseConfigText(secrets))));
  });

  it("as YAML is the config, with a comment on every value", () => {
    const yaml = explanationYaml(explainConfig(text, "berth.yaml", { reveal: true }));
    assert.deepEqual(parse(yaml), JSON.parse(JSON.stringify(parseConfigText(text))));
    assert.deepEqual(parseConfigText(yaml), parseConfigText(text));
    const comments = yaml.split("\n").filter((line) => / {2}# (line \d+|default)$/.test(line));
    assert.equal(comments.length, explainConfig(text, "berth.yaml").values.length);
    assert.match(yaml, /^ {2}port: 8080 +# line 4$/m);
    assert.match(yaml, /^envFrom: \[\] +# default$/m);
  });
});
