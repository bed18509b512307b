import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_LIFE, StateError, newNonce, openCode, peekState, sealCode, signState, verifyState } from "./state";
import type { State } from "./state";

const KEY = "k".repeat(43);
const NOW = 1_800_000_000;

function sample(changes: Partial<State> = {}): State {
  return {
    env: "shop-pr-7",
    use: "app",
    iat: NOW,
    exp: NOW + 300,
    nonce: "n".repeat(22),
    path: "/auth/return",
    state: "mine",
    ...changes,
  };
}

const refused = (text: string, refusal: string, key = KEY, now = NOW) =>
  assert.throws(
    () => verifyState(text, key, now),
    (error) => error instanceof StateError && error.refusal === refusal,
  );

const states = fc.record<State>(
  {
    env: fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
    use: fc.constantFrom("app", "proxy"),
    iat: fc.constant(NOW),
    exp: fc.integer({ min: NOW + 1, max: NOW + MAX_LIFE }),
    nonce: fc.constant("").map(newNonce),
    service: fc.constantFrom("api", "web-2"),
    path: fc.stringMatching(/^\/[a-z0-9._~-]{1,20}(\/[a-z0-9%]{1,10}){0,3}$/),
    state: fc.string({ maxLength: 500 }),
  },
  { noNullPrototype: true },
);

describe("the state of a log-in", () => {
  it("is read back as it was written, by the key it was written with only", () => {
    fc.assert(
      fc.property(states, fc.string({ minLength: 1 }), (state, other) => {
        const text = signState(state, KEY);
        assert.deepEqual(verifyState(text, KEY, NOW), state);
        const { env, use } = peekState(text);
        assert.deepEqual([env, use], [state.env, state.use]);
        if (other !== KEY) refused(text, "forged", other);
      }),
    );
  });

  it("is refused after any change of one character", () => {
    fc.assert(
      fc.property(
        states,
        fc.nat(),
        fc.string({ unit: "binary-ascii", minLength: 1, maxLength: 1 }),
        (state, at, put) => {
          const text = signState(state, KEY);
          const place = at % text.length;
          const changed = text.slice(0, place) + put + text.slice(place + 1);
          if (changed === text) return;
          assert.throws(() => verifyState(changed, KEY, NOW), StateError);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("is refused when cut, extended or taken apart and put together again", () => {
    fc.assert(
      fc.property(states, states, fc.nat(), fc.string({ minLength: 1 }), (one, other, at, more) => {
        const text = signState(one, KEY);
        const [version = "", payload = "", mac = ""] = text.split(".");
        const [, , foreignMac = ""] = signState(other, KEY).split(".");
        assert.throws(() => verifyState(text.slice(0, at % text.length), KEY, NOW), StateError);
        assert.throws(() => verifyState(text + more, KEY, NOW), StateError);
        assert.throws(() => verifyState(`${version}.${payload}.`, KEY, NOW), StateError);
        assert.throws(() => verifyState(`${version}.${mac}.${payload}`, KEY, NOW), StateError);
        if (mac !== foreignMac)
          assert.throws(() => verifyState(`${version}.${payload}.${foreignMac}`, KEY, NOW), StateError);
      }),
    );
  });

  it("takes no text for a state", () => {
    fc.assert(fc.property(fc.string(), (text) => assert.throws(() => verifyState(text, KEY, NOW), StateError)));
    refused("b1.bnVsbA.x", "malformed");
    refused("x".repeat(5000), "malformed");
  });

  it("ends when it expires, and at the latest ten minutes after it was made", () => {
    refused(signState(sample({ exp: NOW }), KEY), "expired");
    refused(signState(sample({ exp: NOW + MAX_LIFE + 1 }), KEY), "expired");
    refused(signState(sample({ iat: NOW + 31, exp: NOW + 60 }), KEY), "not yet valid");
    assert.ok(verifyState(signState(sample({ iat: NOW + 30, exp: NOW + 60 }), KEY), KEY, NOW));
  });

  for (const path of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "evil",
    "",
    "/a?b",
    "/a#b",
    "/\t/evil.example",
    "/é",
  ]) {
    it(`leads to no path such as ${JSON.stringify(path)}`, () =>
      refused(signState(sample({ path }), KEY), "malformed"));
  }

  for (const env of ["evil.example", "evil.example/x", "..", "", "UPPER", "a@b", "-a", "x".repeat(64)]) {
    it(`names no environment ${JSON.stringify(env)}`, () => refused(signState(sample({ env }), KEY), "malformed"));
  }

  it("has a nonce that cannot be guessed", () => {
    refused(signState(sample({ nonce: "short" }), KEY), "malformed");
    assert.equal(new Set(Array.from({ length: 1000 }, newNonce)).size, 1000);
  });
});

describe("a sealed code", () => {
  it("opens for its environment and key only, and not after a change", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.nat(), (code, at) => {
        const sealed = sealCode(code, "shop-pr-7", KEY);
        assert.equal(openCode(sealed, "shop-pr-7", KEY), code);
        assert.equal(openCode(sealed, "shop-pr-8", KEY), undefined);
        assert.equal(openCode(sealed, "shop-pr-7", `${KEY}x`), undefined);
        const bytes = Buffer.from(sealed, "base64url");
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ 1;
        assert.equal(openCode(bytes.toString("base64url"), "shop-pr-7", KEY), undefined);
      }),
    );
    assert.equal(openCode("", "shop-pr-7", KEY), undefined);
  });
});
