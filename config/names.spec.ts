import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ENVIRONMENT_IN_NAME,
  MAX_LABEL,
  MAX_PR_NUMBER,
  SERVICE_NAME_PATTERN,
  environmentName,
  hostName,
  parseStackName,
  serviceHostName,
  stackName,
  url,
} from "./names";
import type { EnvironmentKey } from "./names";

const key = fc
  .tuple(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/), fc.integer({ min: 1, max: MAX_PR_NUMBER }))
  .map(([projectId, number]) => ({ projectId, number }));

describe("names", () => {
  it("has the older system's namespace and host", () => {
    assert.equal(environmentName({ projectId: "shop", number: 7 }), "shop-pr-7");
    assert.equal(hostName("shop-pr-7", "preview.example.com"), "shop-pr-7.preview.example.com");
    assert.equal(stackName({ projectId: "shop", number: 7 }), "pr-shop-7");
  });

  it("gives a DNS label for every project and number", () => {
    fc.assert(
      fc.property(key, (one) => {
        const name = environmentName(one);
        assert.match(name, /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        assert.ok(name.length <= MAX_LABEL);
      }),
    );
  });

  it("reads a stack's name back to the same project and number", () => {
    fc.assert(fc.property(key, (one) => assert.deepEqual(parseStackName(stackName(one)), one)));
  });

  it("never gives two environments one name", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        const same = a.projectId === b.projectId && a.number === b.number;
        assert.equal(environmentName(a) === environmentName(b), same);
        assert.equal(stackName(a) === stackName(b), same);
      }),
    );
  });

  it("gives public services one label each, which no environment and no other service has", () => {
    assert.equal(serviceHostName("shop-pr-7", "api", "preview.example.com"), "shop-pr-7-api.preview.example.com");
    const service = fc
      .oneof(fc.stringMatching(SERVICE_NAME_PATTERN), fc.constantFrom("pr", "a-pr", "pr-a", "pr1", "a-pr-x"))
      .filter((name) => !ENVIRONMENT_IN_NAME.test(name));
    const tricky = fc.record({
      projectId: fc.constantFrom("a", "a-pr-1", "a-pr-1-pr-1", "pr-1", "pr"),
      number: fc.constantFrom(1, 2, 11),
    });
    const environment = fc.oneof(key, tricky);
    const label = (one: EnvironmentKey, name: string | undefined) =>
      name === undefined ? environmentName(one) : serviceHostName(environmentName(one), name, "d").replace(/\.d$/, "");
    const either = fc.option(service, { nil: undefined });
    fc.assert(
      fc.property(environment, either, environment, either, (a, nameA, b, nameB) => {
        const same = environmentName(a) === environmentName(b) && nameA === nameB;
        assert.equal(label(a, nameA) === label(b, nameB), same);
        assert.ok(label(a, nameA).length <= MAX_LABEL);
      }),
    );
    // What the rule is for: without it, a service of one project would have the host of another's environment.
    assert.match("pr-3", ENVIRONMENT_IN_NAME);
    assert.equal("shop-pr-7-pr-3", environmentName({ projectId: "shop-pr-7", number: 3 }));
  });

  it("refuses a service's host that is too long for DNS, and says how long it is", () => {
    assert.throws(
      () => serviceHostName("shop-pr-7", "x".repeat(60), "preview.example.com"),
      /has 70 characters, a DNS label has at most 63; shorten projectId or the service's name/,
    );
  });

  for (const stack of [
    "platform",
    "pr-shop",
    "pr-shop-0",
    "pr-shop-07",
    "pr--7",
    "pr-shop-4294967296",
    "dev",
    "pr-Shop-7",
  ]) {
    it(`takes "${stack}" for no pull request's stack`, () => assert.equal(parseStackName(stack), undefined));
  }

  it("refuses what gives no name, and says what is accepted", () => {
    assert.throws(() => environmentName({ projectId: "Shop", number: 7 }), /projectId "Shop" is not accepted: 1 to 20/);
    assert.throws(
      () => stackName({ projectId: "shop", number: 0 }),
      /pull request number 0 is not accepted: a whole number/,
    );
  });

  it("leaves a scheme's own port out of URLs", () => {
    assert.equal(url("https", "a.example.com", 443), "https://a.example.com");
    assert.equal(url("http", "a.berth.localhost", 8080), "http://a.berth.localhost:8080");
  });
});
