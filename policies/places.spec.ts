import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";
import { families } from "./families";
import { places, REASONS, type Test } from "./places";

const root = join(__dirname, "..");

/** The words that mocha gives to test files, which loading further files replaces. */
const WORDS = ["describe", "context", "it", "specify", "before", "after", "beforeEach", "afterEach", "run"];

class Loader extends Mocha {
  load(): void {
    this.loadFiles();
  }
}

/** Titles of all suites and tests in a file, in whatever way it makes them. */
function titlesIn(file: string): Set<string> {
  const words = globalThis as unknown as Record<string, unknown>;
  const ours = Object.fromEntries(WORDS.map((word) => [word, words[word]]));
  const loader = new Loader();
  const path = join(root, file);
  Reflect.deleteProperty(require.cache, path);
  try {
    loader.addFile(path);
    loader.load();
  } finally {
    Object.assign(globalThis, ours);
  }
  const titles = new Set<string>();
  const walk = (suite: Mocha.Suite): void => {
    titles.add(suite.fullTitle());
    for (const test of suite.tests) titles.add(test.fullTitle());
    suite.suites.forEach(walk);
  };
  walk(loader.suite);
  return titles;
}

describe("where each rule is tested", function () {
  this.timeout(120_000);

  it("has a row for every rule, in the order of the pack", () => {
    assert.deepEqual(
      places().map(({ rule }) => rule),
      families.flatMap(({ policies }) => policies.map(({ name }) => name)),
    );
  });

  it("uses every reason for which a rule is not tested", () => {
    const cells = new Set<unknown>(places().flatMap(({ admission, wire }) => [admission, wire]));
    for (const reason of Object.keys(REASONS)) assert.ok(cells.has(reason), reason);
  });

  it("names tests that are there", () => {
    const named = places()
      .flatMap(({ unit, preview, admission, wire }) => [unit, preview, admission, wire].flat())
      .filter((cell): cell is Test => typeof cell === "object");
    for (const file of new Set(named.map((one) => one.file))) {
      assert.ok(existsSync(join(root, file)), `${file} is missing`);
      const titles = titlesIn(file);
      for (const one of named) {
        if (one.file === file) assert.ok(titles.has(one.title), `${file} has no "${one.title}"`);
      }
    }
  });

  it("would miss a test that is not there", () => {
    const titles = titlesIn("policies/egress.spec.ts");
    assert.ok(titles.has("no-world-egress refuses two halves"));
    assert.ok(!titles.has("no-world-egress refuses three halves"));
  });
});
