import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { explainConfig } from "./explain";
import { OLD_FIELDS, OLD_QUOTAS, defaultHere } from "./k8s-ee-reference";
import { parseConfigText } from "./load";
import { parseConfig } from "./parse";
import { BOUNDS } from "./limits";
import { MAX_CONFIG_MAPS, MAX_SECRETS, planQuota } from "./quota";

const folder = join(__dirname, "..", "test", "fixtures", "k8s-ee");

describe("a k8s-ee.yaml", () => {
  for (const { path, default: old, here } of OLD_FIELDS) {
    it(`has ${path} with the same default here, or the difference is told`, () => {
      const now = defaultHere(path);
      if (now !== old && JSON.stringify(now) !== JSON.stringify(old)) {
        assert.ok(here, `${path} is ${JSON.stringify(old)} there and ${JSON.stringify(now)} here`);
      }
    });
  }

  it("has the bounds of the older LimitRange", () => {
    assert.deepEqual(BOUNDS, {
      container: {
        min: { cpu: "10m", memory: "32Mi" },
        max: { cpu: "1", memory: "1Gi" },
        defaultRequest: { cpu: "100m", memory: "128Mi" },
        default: { cpu: "500m", memory: "512Mi" },
      },
      pod: { max: { cpu: "2", memory: "2Gi" } },
      volume: { min: "100Mi", max: "5Gi" },
    });
    assert.deepEqual([MAX_CONFIG_MAPS, MAX_SECRETS], [15, 25]);
  });

  for (const { what, databases, quota } of OLD_QUOTAS) {
    it(`has room for as many pods with ${what}, and for the same CPU limits`, () => {
      const now = planQuota(parseConfig({ projectId: "any", databases }));
      assert.equal(now["limits.cpu"], quota["limits.cpu"]);
      assert.ok(Number(now["pods"]) >= Number(quota["pods"]));
    });
  }

  for (const file of readdirSync(folder)) {
    it(`is accepted unchanged: ${file}`, () => {
      const config = parseConfigText(readFileSync(join(folder, file), "utf8"), file);
      assert.match(config.projectId, /^[a-z]/);
    });
  }

  it("is tried with every field of it", () => {
    const all = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));
    const tried = new Set(all.flatMap((text) => explainConfig(text, "all").values.flatMap(written)));
    const missing = OLD_FIELDS.map(({ path }) => path).filter(
      (path) => ![...tried].some((one) => one === path || one.startsWith(`${path}.`) || one.startsWith(`${path}[`)),
    );
    assert.deepEqual(missing, []);
  });
});

function written({ path, from }: { path: string; from: unknown }): string[] {
  return from === "default" ? [] : [path];
}
