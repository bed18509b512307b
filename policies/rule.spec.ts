import assert from "node:assert/strict";
import { families } from "./families";
import { matches, resourcePolicy } from "./rule";
import { judge, UNKNOWN } from "./testing";

describe("every policy", () => {
  const policies = families.flatMap((family) => family.policies);

  it("has a name of its own in kebab-case, which is none of the engine's", () => {
    const names = policies.map(({ name }) => name);
    assert.equal(new Set(names).size, names.length);
    for (const name of names) assert.match(name, /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    assert.ok(!names.includes("all"));
  });

  for (const policy of policies) {
    it(`${policy.name} says what it checks, what to do and where to read on`, () => {
      assert.match(policy.description, /^Checks that .+\.$/s);
      assert.match(policy.remediationSteps ?? "", /\.$/);
      assert.match(policy.url ?? "", /^https:\/\//);
      assert.ok(policy.severity);
      assert.ok(policy.enforcementLevel === "mandatory" || policy.enforcementLevel === "advisory");
      for (const [name, { default: value, description }] of Object.entries(policy.configSchema?.properties ?? {})) {
        assert.ok(value !== undefined, `the parameter ${name} has a default`);
        assert.match(description ?? "", /\.$/, `the parameter ${name} is described`);
      }
    });
  }
});

describe("a rule", () => {
  const policy = resourcePolicy<{ list?: readonly string[]; one?: string }>({
    name: "no-evil",
    description: "Checks that nothing is evil.",
    severity: "low",
    remediation: "be good.",
    url: "https://example.com/",
    types: /^test:/,
    stacks: "^pr-",
    exceptions: { "old-*": "older than the rule" },
    check: ({ props, report, attempt }) => {
      for (const field of ["one", "list"] as const) {
        attempt(() => {
          if (String(props[field]).includes("evil")) report(`${field} is evil`);
        });
      }
    },
  });
  const evil = { type: "test:a:B", props: { list: ["evil"] } };

  it("says what to do about a violation", async () => {
    const { violations } = await judge(policy, evil);
    assert.deepEqual(violations, ["list is evil\nfix: be good. See https://example.com/"]);
  });

  it("judges what is known when something else is not, and counts as undecided then", async () => {
    const { violations, undecided } = await judge(policy, { ...evil, props: { ...evil.props, one: UNKNOWN } });
    assert.equal(violations.length, 1);
    assert.match(undecided ?? "", /\.one/);
  });

  it("applies to its types and stacks only", async () => {
    assert.match((await judge(policy, { ...evil, type: "x:y:Z" })).notApplicable ?? "", /type x:y:Z/);
    assert.match((await judge(policy, evil, { stack: "platform" })).notApplicable ?? "", /stack platform/);
    const { violations } = await judge(policy, evil, { stack: "platform", config: { stacks: "^plat" } });
    assert.equal(violations.length, 1);
  });

  it("leaves exceptions alone, by name, and says why", async () => {
    const { notApplicable } = await judge(policy, { ...evil, name: "old-one" });
    assert.equal(notApplicable, "excepted: older than the rule");
    assert.equal((await judge(policy, { ...evil, name: "very-old-one" })).violations.length, 1);
    assert.equal(
      (await judge(policy, { ...evil, name: "old-one" }, { config: { exceptions: {} } })).violations.length,
      1,
    );
  });

  it("passes other errors on", async () => {
    const broken = resourcePolicy({
      name: "broken",
      description: "Checks that errors are seen.",
      severity: "low",
      remediation: "none.",
      url: "https://example.com/",
      types: /./,
      check: () => {
        throw new TypeError("a mistake");
      },
    });
    await assert.rejects(judge(broken, evil), /a mistake/);
  });
});

describe("patterns", () => {
  it("take * for any text and everything else as it is", () => {
    assert.ok(matches("kube-*", "kube-system"));
    assert.ok(!matches("kube-*", "my-kube-system"));
    assert.ok(!matches("a.b", "axb"));
    assert.ok(matches("*", ""));
  });
});
