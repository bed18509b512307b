import assert from "node:assert/strict";

import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

import { operations, TestStack } from "./support";

const password = "random:index/randomPassword:RandomPassword";

/** Random values that stay. */
describe("random provider", () => {
  let stack: TestStack;
  beforeEach(async () => {
    stack = await TestStack.open();
  });
  afterEach(() => stack.close());

  it("draws values of every kind once and keeps them", async () => {
    const program = () => ({
      string: new random.RandomString("string", { length: 12, special: false }).result,
      id: new random.RandomId("id", { byteLength: 4, prefix: "x-" }).hex,
      bytes: new random.RandomBytes("bytes", { length: 8 }).hex,
      pet: new random.RandomPet("pet", { length: 3, separator: "_" }).id,
      integer: new random.RandomInteger("integer", { min: 5, max: 9 }).result,
      uuid: new random.RandomUuid("uuid").result,
    });
    const first = await stack.up(program);
    assert.match(String(first.outputs["string"]), /^[A-Za-z0-9]{12}$/);
    assert.match(String(first.outputs["id"]), /^x-[0-9a-f]{8}$/);
    assert.match(String(first.outputs["bytes"]), /^[0-9a-f]{16}$/);
    assert.match(String(first.outputs["pet"]), /^[a-z]+_[a-z]+_[a-z]+$/);
    assert.ok(Number(first.outputs["integer"]) >= 5 && Number(first.outputs["integer"]) <= 9);
    assert.match(
      String(first.outputs["uuid"]),
      /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    );
    const second = await stack.up();
    assert.deepEqual(second.changes, { same: 7 });
    assert.deepEqual(second.outputs, first.outputs);
  });

  it("draws a new password when a keeper changes, and at no other time", async () => {
    const program = (generation: string) => () => ({
      result: new random.RandomPassword("password", { length: 24, keepers: { generation } }).result,
    });
    const first = await stack.up(program("1"));
    assert.equal((await stack.up()).outputs["result"], first.outputs["result"]);
    await stack.refresh();
    assert.equal((await stack.up()).outputs["result"], first.outputs["result"]);
    const rotated = await stack.up(program("2"));
    assert.deepEqual(operations(rotated, password), ["create-replacement", "replace", "delete-replaced"]);
    assert.notEqual(rotated.outputs["result"], first.outputs["result"]);
  });

  it("keeps a password and its hash secret", async () => {
    const outcome = await stack.up(() => ({ result: new random.RandomPassword("password", { length: 24 }).result }));
    const state = await stack.stateText();
    assert.ok(!state.includes(String(outcome.outputs["result"])));
    assert.ok(!outcome.output.includes(String(outcome.outputs["result"])));
    const { outputs, id } = await stack.resource(password);
    assert.ok(JSON.stringify(outputs?.["bcryptHash"]).includes("ciphertext"));
    assert.equal(id, "none");
  });

  it("draws as many of each kind of character as are asked for", async () => {
    const outcome = await stack.up(() => ({
      result: new random.RandomPassword("password", {
        length: 10,
        minLower: 2,
        minUpper: 2,
        minNumeric: 3,
        minSpecial: 3,
        overrideSpecial: "_",
      }).result,
    }));
    const counts = [/[a-z]/g, /[A-Z]/g, /[0-9]/g, /_/g].map(
      (kind) => String(outcome.outputs["result"]).match(kind)?.length,
    );
    assert.deepEqual(counts, [2, 2, 3, 3]);
  });

  it("names every argument that cannot be", async () => {
    await stack.failing(
      stack.up(() => {
        new random.RandomPassword("password", { length: 3, minLower: 4 });
        return {};
      }),
      /length/,
    );
  });

  it("takes arguments that are not known before the update", async () => {
    const program = () => {
      const length = new random.RandomInteger("length", { min: 11, max: 13 });
      return { string: new random.RandomString("string", { length: length.result }).result };
    };
    assert.equal((await stack.preview(program)).changes.create, 3);
    const drawn = String((await stack.up()).outputs["string"]);
    assert.ok(drawn.length >= 11 && drawn.length <= 13);
  });

  it("imports a password that exists", async () => {
    const outcome = await stack.up(() => ({
      result: new random.RandomPassword("password", { length: 7 }, { import: "hunter2" }).result,
      secret: pulumi.isSecret(new random.RandomString("string", { length: 4 }, { import: "open" }).result),
    }));
    assert.equal(outcome.outputs["result"], "hunter2");
    assert.equal(outcome.outputs["secret"], false);
  });
});
