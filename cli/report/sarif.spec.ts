import assert from "node:assert/strict";
import Ajv from "ajv";
import { sample, sampleRules, unjudged } from "../../test/support/report-sample";
import { renderSarif } from "./sarif";

/** The part of SARIF that is written here, as the standard and GitHub's reading of it demand: no property that neither knows. */
const text = {
  type: "object",
  required: ["text"],
  additionalProperties: false,
  properties: { text: { type: "string", minLength: 1 } },
};
const object = (required: readonly string[], properties: object) => ({
  type: "object",
  required,
  additionalProperties: false,
  properties,
});
const list = (items: object) => ({ type: "array", items });
const index = { type: "integer", minimum: 0 };
const uri = { type: "string", pattern: "^[A-Za-z0-9%._~:/?#@!$&'()*+,;=-]+$" };
const reference = object(["id", "index"], { id: { type: "string" }, index });
const location = object(["physicalLocation"], {
  physicalLocation: object(["artifactLocation", "region"], {
    artifactLocation: object(["uri"], { uri }),
    region: object(["startLine"], { startLine: { type: "integer", minimum: 1 } }),
  }),
  logicalLocations: list(
    object(["fullyQualifiedName"], {
      fullyQualifiedName: { type: "string" },
      kind: { const: "resource" },
      name: { type: "string" },
    }),
  ),
});
const descriptor = object(["id"], {
  id: { type: "string", minLength: 1, maxLength: 255 },
  name: { type: "string", maxLength: 255 },
  shortDescription: text,
  fullDescription: { ...text, properties: { text: { type: "string", maxLength: 1024 } } },
  helpUri: uri,
  help: object(["text", "markdown"], { text: { type: "string" }, markdown: { type: "string" } }),
  defaultConfiguration: object(["level"], { level: { enum: ["none", "note", "warning", "error"] } }),
  properties: object(["tags"], {
    tags: { type: "array", items: { type: "string" }, uniqueItems: true, maxItems: 20 },
    precision: { enum: ["very-high", "high", "medium", "low"] },
    "security-severity": { type: "string", pattern: "^(10|[0-9])\\.[0-9]$" },
  }),
});
const schema = object(["$schema", "version", "runs"], {
  $schema: uri,
  version: { const: "2.1.0" },
  runs: {
    ...list(
      object(["tool", "results"], {
        tool: object(["driver"], {
          driver: object(["name", "rules"], {
            name: { type: "string" },
            semanticVersion: { type: "string", pattern: "^[0-9]+\\.[0-9]+\\.[0-9]+" },
            rules: list(descriptor),
          }),
        }),
        automationDetails: object(["id"], { id: { type: "string", pattern: "/$" } }),
        invocations: list(
          object(["executionSuccessful"], {
            executionSuccessful: { type: "boolean" },
            exitCode: { type: "integer" },
            ruleConfigurationOverrides: list(
              object(["descriptor", "configuration"], {
                descriptor: reference,
                configuration: object(["enabled"], { enabled: { type: "boolean" } }),
              }),
            ),
            toolExecutionNotifications: list(
              object(["message"], {
                associatedRule: reference,
                level: { enum: ["none", "note", "warning", "error"] },
                message: text,
                locations: list(location),
              }),
            ),
          }),
        ),
        columnKind: { enum: ["utf16CodeUnits", "unicodeCodePoints"] },
        results: list(
          object(["ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"], {
            ruleId: { type: "string" },
            ruleIndex: index,
            level: { enum: ["none", "note", "warning", "error"] },
            message: text,
            locations: { ...list(location), minItems: 1 },
            partialFingerprints: object(["primaryLocationLineHash"], {
              primaryLocationLineHash: { type: "string", pattern: "^[0-9a-f]{16}:1$" },
            }),
          }),
        ),
      }),
    ),
    minItems: 1,
    maxItems: 1,
  },
});

interface Sarif {
  runs: {
    tool: { driver: { rules: { id: string; properties?: Record<string, unknown> }[] } };
    invocations: {
      exitCode: number;
      toolExecutionNotifications: { associatedRule: { id: string }; message: { text: string } }[];
      ruleConfigurationOverrides: { descriptor: { id: string } }[];
    }[];
    results: {
      ruleId: string;
      ruleIndex: number;
      level: string;
      partialFingerprints: { primaryLocationLineHash: string };
      locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
    }[];
  }[];
}

const read = (input = sample as Parameters<typeof renderSarif>[0]) => JSON.parse(renderSarif(input) ?? "") as Sarif;

describe("a report as SARIF", () => {
  const [run] = read().runs;
  assert.ok(run);

  it("has the form that GitHub reads", () => {
    const validate = new Ajv({ allErrors: true }).compile(schema);
    assert.ok(validate(read()), JSON.stringify(validate.errors, null, 2));
    const wrong = read() as unknown as { runs: { results: { level: string }[] }[] };
    for (const result of wrong.runs[0]?.results ?? []) result.level = "mandatory";
    assert.equal(validate(wrong), false);
  });

  it("makes a result of each broken rule and of nothing else, by its level", () => {
    assert.deepEqual(
      run.results.map(({ ruleId, level }) => [ruleId, level]),
      [
        ["no-world-egress", "error"],
        ["expiry-set", "warning"],
        ["from-elsewhere", "warning"],
      ],
    );
    for (const { ruleId, ruleIndex } of run.results) assert.equal(run.tool.driver.rules[ruleIndex]?.id, ruleId);
  });

  it("lists what the update decides beside the results, and what is disabled", () => {
    const [invocation] = run.invocations;
    assert.ok(invocation);
    assert.deepEqual(
      invocation.toolExecutionNotifications.map(({ associatedRule, message }) => [associatedRule.id, message.text]),
      [
        ["trust-exact", "decided at update: Role r: arn can't be known during preview"],
        ["quota-there", "decided at update: the run ended before it"],
      ],
    );
    assert.deepEqual(
      invocation.ruleConfigurationOverrides.map(({ descriptor: { id } }) => id),
      ["budget-present"],
    );
    assert.equal(invocation.exitCode, 9);
  });

  it("describes every rule, with GitHub's severity", () => {
    const { rules } = run.tool.driver;
    assert.deepEqual(
      rules.map(({ id }) => id),
      [...sampleRules.map(({ name }) => name), "from-elsewhere"],
    );
    assert.equal(rules[0]?.properties?.["security-severity"], "9.5");
  });

  it("points to the config file, also one whose path has spaces or is elsewhere", () => {
    const uriOf = (file: string) =>
      read({ ...sample, file }).runs[0]?.results[0]?.locations[0]?.physicalLocation.artifactLocation.uri;
    assert.equal(uriOf(sample.file), "apps/my%20shop/berth.yaml");
    assert.equal(uriOf("/etc/berth.yaml"), "file:///etc/berth.yaml");
  });

  it("gives a violation the same fingerprint in every environment of the project", () => {
    const [first] = sample.result.policies.findings;
    const printOf = (change: object) => {
      const policies = { ...sample.result.policies, findings: [{ ...first, ...change }] };
      const { runs } = read({ ...sample, result: { ...sample.result, policies } });
      return runs[0]?.results[0]?.partialFingerprints.primaryLocationLineHash;
    };
    assert.equal(printOf({}), printOf({ urn: first.urn.replace("pr-shop-7", "pr-shop-8") }));
    assert.notEqual(printOf({}), printOf({ message: "something else" }));
  });

  it("is not written where no rules were asked", () => {
    assert.equal(renderSarif(unjudged), undefined);
  });
});
