import assert from "node:assert/strict";
import { Nonces } from "./nonces";

const NOW = 1_800_000_000;
const state = (nonce: string, env = "shop-pr-7", iat = NOW) => ({ env, nonce, iat, exp: iat + 300 });

describe("nonces", () => {
  it("are taken once per environment", () => {
    const nonces = new Nonces(NOW);
    assert.equal(nonces.take(state("a"), NOW), "taken");
    assert.equal(nonces.take(state("a"), NOW + 1), "replayed");
    assert.equal(nonces.take(state("a", "shop-pr-8"), NOW + 1), "taken");
    assert.equal(nonces.take(state("b"), NOW + 1), "taken");
  });

  it("are remembered for as long as their states are accepted, and no longer", () => {
    const nonces = new Nonces(NOW);
    nonces.take(state("a"), NOW);
    assert.equal(nonces.take(state("a"), NOW + 299), "replayed");
    assert.equal(nonces.take({ ...state("a"), exp: NOW + 900 }, NOW + 300), "taken");
  });

  it("of states from before the start are refused, as nobody knows whether they were used", () => {
    assert.equal(new Nonces(NOW).take(state("a", "shop-pr-7", NOW - 1), NOW), "older");
  });

  it("of one environment are bounded, and do not crowd out another", () => {
    const nonces = new Nonces(NOW);
    for (let count = 0; count < 1000; count++) assert.equal(nonces.take(state(`n${count}`), NOW), "taken");
    assert.equal(nonces.take(state("more"), NOW), "crowded");
    assert.equal(nonces.take(state("more", "shop-pr-8"), NOW), "taken");
    assert.equal(nonces.take({ ...state("more"), exp: NOW + 900 }, NOW + 301), "taken");
  });
});
