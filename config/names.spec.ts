import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_LABEL, MAX_PR_NUMBER, environmentName, hostName, parseStackName, stackName, url } from "./names";

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
