import assert from "node:assert/strict";

import fc from "fast-check";

import { containsSecret, containsUnknown, plain, sameValue, Secret, unknown, type PropertyValue } from ".";
import { decode, encode } from "./values";

/** Any property value, with secrets and unknowns in it. */
const values = fc.letrec<{ value: PropertyValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.constant(unknown),
    tie("value").map((value) => new Secret(value)),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.string({ minLength: 1 }), tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
})).value;

describe("property values of a stand-in provider", () => {
  it("come back as they were sent, whatever is secret or unknown in them", () => {
    fc.assert(fc.property(values, (value) => assert.deepEqual(decode(encode(value)), value)));
  });

  it("are written with the signatures that the engine knows", () => {
    assert.deepEqual(encode({ password: new Secret("x"), host: unknown }), {
      password: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "x" },
      host: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
    });
  });

  it("tell what is secret and what is unknown at any depth", () => {
    assert.equal(containsSecret({ a: [{ b: new Secret(1) }] }), true);
    assert.equal(containsSecret({ a: [1] }), false);
    assert.equal(containsUnknown({ a: new Secret([unknown]) }), true);
    assert.equal(containsUnknown({ a: new Secret([1]) }), false);
  });

  it("are the same whether secret or not", () => {
    assert.equal(sameValue({ a: new Secret("x") }, { a: "x" }), true);
    assert.equal(sameValue({ a: "y" }, { a: "x" }), false);
    assert.equal(sameValue(undefined, null), false);
  });

  it("reach an API without secrets, and not while something is unknown", () => {
    assert.deepEqual(plain({ a: [new Secret({ b: 1 })] }), { a: [{ b: 1 }] });
    assert.throws(() => plain({ a: unknown }), /a value is unknown although this is no preview/);
  });
});
