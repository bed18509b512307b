import assert from "node:assert/strict";
import { generateKeyPairSync, constants, createDecipheriv, privateDecrypt } from "node:crypto";
import fc from "fast-check";
import { seal } from "../lifecycle/seal";
import { isSealed } from "./sealed";

describe("a sealed value", () => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

  /** What the controller does with it (pkg/crypto of sealed-secrets), written down once more. */
  function unseal(text: string): string {
    const bytes = Buffer.from(text, "base64");
    const end = 2 + bytes.readUInt16BE(0);
    const padding = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
    const key = privateDecrypt({ key: privateKey, ...padding }, bytes.subarray(2, end));
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.alloc(12));
    decipher.setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(end, -16)), decipher.final()]).toString("utf8");
  }

  it("is known by its form, and opens to what was sealed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const sealed = seal(publicKey, Buffer.from(value));
        assert.ok(isSealed(sealed));
        assert.equal(unseal(sealed), value);
      }),
      { numRuns: 20 },
    );
  });

  it("is another one each time", () => {
    const value = Buffer.from("once");
    assert.notEqual(seal(publicKey, value), seal(publicKey, value));
  });

  it("is no plain text, no base64 of one, and nothing that was cut off", () => {
    const sealed = seal(publicKey, Buffer.from("hunter2"));
    for (const text of ["", "hunter2", Buffer.from("hunter2".repeat(90)).toString("base64"), sealed.slice(0, 340)]) {
      assert.ok(!isSealed(text), text);
    }
  });
});
