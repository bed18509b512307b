import assert from "node:assert/strict";
import { parseConfig } from "../config/parse";
import { assertSafe, compareData, type DataVolume } from "./data";
import { BerthError, ExitCode } from "./errors";
import { environmentName } from "./naming";

const GIB = 2 ** 30;
const facts = { defaultVersions: { postgresql: "16", redis: "7" }, growing: ["gp3"] };
const name = environmentName("shop", 7);
const postgresql: DataVolume = {
  engine: "postgresql",
  claim: "postgresql-data",
  version: "16",
  size: GIB,
  storageClass: "gp3",
};
const configOf = (databases: object) => parseConfig({ projectId: "shop", databases });
const compare = (databases: object, volume: Partial<DataVolume> = {}) =>
  compareData([{ ...postgresql, ...volume }], configOf(databases), facts);

function refusedBy(action: () => void): BerthError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof BerthError);
    return error;
  }
  return assert.fail("nothing was refused");
}

describe("what a config does to data", () => {
  it("is nothing as long as databases stay as they are, whatever else is new", () => {
    const nothing = { losses: [], refusals: [], growths: [] };
    assert.deepEqual(compare({ postgresql: true }), nothing);
    assert.deepEqual(compare({ postgresql: { version: "16", storage: "1024Mi" }, redis: true }), nothing);
    assert.deepEqual(compareData([], configOf({}), facts), nothing);
  });

  it("is a loss when a database is left out or switched off, and a deploy says which data", () => {
    for (const databases of [{}, { postgresql: false }, { postgresql: { enabled: false } }, { redis: true }]) {
      const changes = compare(databases);
      const error = refusedBy(() => {
        assertSafe(name, changes, false);
      });
      assert.equal(error.exitCode, ExitCode.dataLoss);
      assert.equal(
        error.message,
        "shop-pr-7 would lose data:\n  databases.postgresql: PostgreSQL is not enabled any more: its volume of 1Gi is deleted with all that is in it.",
      );
      assert.match(error.fix, /--allow-data-loss/);
      assertSafe(name, changes, true);
    }
  });

  it("is a loss when a version changes, by name or by the platform's default", () => {
    for (const [databases, version] of [
      [{ postgresql: { version: "17" } }, "16"],
      [{ postgresql: true }, "15"],
    ] as const) {
      const { losses, refusals } = compare(databases, { version });
      assert.deepEqual(refusals, []);
      assert.deepEqual(
        losses.map(({ path }) => path),
        ["databases.postgresql.version"],
      );
      assert.match(
        losses[0]?.message ?? "",
        new RegExp(`starts empty: the data of PostgreSQL ${version} stay on the volume`),
      );
    }
  });

  it("is no loss where a version is not known", () => {
    assert.deepEqual(compare({ postgresql: { version: "17" } }, { version: undefined }).losses, []);
    assert.deepEqual(
      compareData([postgresql], configOf({ postgresql: true }), { ...facts, defaultVersions: {} }).losses,
      [],
    );
  });

  it("is a growth where the storage class lets volumes grow", () => {
    assert.deepEqual(compare({ postgresql: { storage: "2Gi" } }), {
      losses: [],
      refusals: [],
      growths: [{ engine: "postgresql", claim: "postgresql-data", from: GIB, to: 2 * GIB }],
    });
  });

  for (const storageClass of ["slow", undefined]) {
    it(`is refused where a volume of class ${storageClass ?? "unknown"} would have to grow`, () => {
      const error = refusedBy(() => {
        assertSafe(name, compare({ postgresql: { storage: "2Gi" } }, { storageClass }), true);
      });
      assert.equal(error.exitCode, ExitCode.usage);
      assert.match(
        error.message,
        /databases\.postgresql\.storage: the volume of PostgreSQL cannot grow from 1Gi to 2Gi: its storage class .* does not allow it\./,
      );
      assert.match(error.fix, /allowVolumeExpansion/);
    });
  }

  it("is refused where a volume would have to shrink, even if data may be lost", () => {
    const error = refusedBy(() => {
      assertSafe(name, compare({ postgresql: { storage: "512Mi" } }), true);
    });
    assert.equal(error.exitCode, ExitCode.usage);
    assert.equal(
      error.message,
      "shop-pr-7 cannot be changed as asked:\n  databases.postgresql.storage: 512Mi is less than the 1Gi that the volume of PostgreSQL has, and volumes do not shrink.",
    );
    assert.match(error.fix, /^Set it to 1Gi or more;/);
  });
});
