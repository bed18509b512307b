import assert from "node:assert/strict";
import fc from "fast-check";
import { BerthError, ExitCode } from "./errors";
import { environmentName, parseEnvironmentName, parsePrNumber } from "./naming";

const projectIds = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/);
const numbers = fc.integer({ min: 1, max: 2 ** 31 - 1 });

describe("environment names", () => {
  it("give a DNS label and lead back to project and number", () => {
    fc.assert(
      fc.property(projectIds, numbers, (projectId, number) => {
        const name = environmentName(projectId, number);
        assert.match(name.namespace, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
        assert.match(name.stack, /^[a-z0-9-]{1,100}$/);
        assert.deepEqual(parseEnvironmentName(name.namespace), name);
      }),
    );
  });

  it("never give two environments the same namespace", () => {
    fc.assert(
      fc.property(projectIds, numbers, projectIds, numbers, (p, n, q, m) => {
        const same = environmentName(p, n).namespace === environmentName(q, m).namespace;
        assert.equal(same, p === q && n === m);
      }),
    );
  });

  for (const [projectId, number] of [
    ["Shop", 1],
    ["shop_1", 1],
    ["-shop", 1],
    ["a".repeat(21), 1],
    ["", 1],
    ["shop", 0],
    ["shop", -3],
    ["shop", 1.5],
    ["shop", Number.NaN],
    ["shop", 2 ** 31],
  ] as const) {
    it(`refuse ${JSON.stringify(projectId)} with ${number}`, () => {
      assert.throws(
        () => environmentName(projectId, number),
        (error) => error instanceof BerthError && error.exitCode === ExitCode.usage && error.fix.length > 0,
      );
    });
  }

  for (const text of ["shop", "shop-pr-", "shop-pr-01", "-pr-1", "shop-pr-1; rm", "Shop-pr-1"]) {
    it(`do not accept ${JSON.stringify(text)} as a name`, () => {
      assert.throws(() => parseEnvironmentName(text), BerthError);
    });
  }

  for (const text of ["", "0", "012", "1e3", "0x1", " 1", "1.0", "latest", "-1"]) {
    it(`do not accept --pr ${JSON.stringify(text)}`, () => {
      assert.throws(() => parsePrNumber(text), BerthError);
    });
  }
});
