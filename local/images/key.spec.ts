import assert from "node:assert/strict";

import fc from "fast-check";

import { imageKey, layerKey } from "./key";
import type { Layer, Recipe } from "./types";

const layer = (label: string, inputs: string[]): Layer => ({
  label,
  inputs,
  estimateSeconds: 1,
  shared: false,
  fill: () => Promise.reject(new Error("not to be filled")),
});
const recipe = (layers: Layer[], user = "1:1"): Recipe => ({
  name: "pause",
  layers,
  config: { User: user, Env: [], Entrypoint: ["/pause"] },
});

describe("keys of layers and images", () => {
  it("are the same for the same inputs, and differ for any others", () => {
    const inputs = fc.tuple(fc.string(), fc.array(fc.string()));
    fc.assert(
      fc.property(inputs, inputs, ([labelA, a], [labelB, b]) => {
        const equal = labelA === labelB && JSON.stringify(a) === JSON.stringify(b);
        assert.equal(layerKey(layer(labelA, a)) === layerKey(layer(labelB, b)), equal);
      }),
    );
  });

  it("do not confuse where one input ends and the next begins", () => {
    assert.notEqual(layerKey(layer("x", ["ab", "c"])), layerKey(layer("x", ["a", "bc"])));
  });

  it("depend on the architecture, the configuration and the order of layers", () => {
    const [a, b] = [layer("a", []), layer("b", [])];
    const keys = [
      imageKey(recipe([a, b]), "x64"),
      imageKey(recipe([a, b]), "arm64"),
      imageKey(recipe([b, a]), "x64"),
      imageKey(recipe([a, b], "2:2"), "x64"),
    ];
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(imageKey(recipe([a, b]), "x64"), keys[0]);
  });
});
