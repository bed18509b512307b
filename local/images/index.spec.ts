import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LocalError } from "../errors";
import { ensureImages, type ImageName } from "./index";
import { imageKey, layerKey } from "./key";
import { egressProxyRecipe } from "./recipes/egress-proxy";
import { ferretdbRecipe } from "./recipes/ferretdb";
import { guestbookRecipe } from "./recipes/guestbook";
import { mariadbRecipe } from "./recipes/mariadb";
import { postgresRecipe } from "./recipes/postgres";
import { redisRecipe } from "./recipes/redis";
import { versitygwRecipe } from "./recipes/versitygw";

const failsWith = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof LocalError);
  assert.match(error.message, message);
  assert.notEqual(error.fix, "");
  return true;
};

describe("ensureImages", () => {
  const cache = mkdtempSync(join(tmpdir(), "berth-cache-"));
  const before = process.env["BERTH_CACHE"];
  beforeEach(() => (process.env["BERTH_CACHE"] = cache));
  after(() => {
    if (before === undefined) delete process.env["BERTH_CACHE"];
    else process.env["BERTH_CACHE"] = before;
    rmSync(cache, { recursive: true, force: true });
  });

  it("refuses a name that it does not know", async () => {
    await assert.rejects(
      ensureImages(["mysql" as ImageName]),
      failsWith(
        /no image "mysql".*pause, coredns, postgres, mariadb, redis, ferretdb, versitygw, sealed-secrets, guestbook/,
      ),
    );
  });

  it("refuses a version that does not fit a label and a page", async () => {
    for (const version of ["", "a b", "<b>", "x".repeat(65)]) {
      await assert.rejects(ensureImages(["guestbook"], { guestbook: { version } }), failsWith(/guestbook\.version/));
    }
  });

  it("says that coredns needs the toolchain's binary, and when it is not there", async () => {
    await assert.rejects(ensureImages(["coredns"]), failsWith(/absolute path of the berth-node binary/));
    await assert.rejects(
      ensureImages(["coredns"], { berthNode: "/nonexistent/berth-node" }),
      failsWith(/no berth-node binary/),
    );
  });

  it("does nothing when it is stopped before it starts", async () => {
    await assert.rejects(ensureImages(["pause"], { signal: AbortSignal.abort(new Error("stopped")) }), /stopped/);
  });
});

describe("recipes", () => {
  it("give two versions of the example two keys and one common layer", async () => {
    const [one, two] = await Promise.all([guestbookRecipe("1"), guestbookRecipe("2")]);
    assert.notEqual(imageKey(one), imageKey(two));
    const keys = [one, two].map(({ layers }) => layers.map((layer) => layerKey(layer)));
    assert.equal(keys[0]?.[0], keys[1]?.[0]);
    assert.notEqual(keys[0]?.[1], keys[1]?.[1]);
  });

  it("run as numeric users other than root, so that runAsNonRoot can be checked", async () => {
    for (const recipe of [
      guestbookRecipe("1"),
      postgresRecipe(),
      mariadbRecipe(),
      redisRecipe(),
      ferretdbRecipe(),
      versitygwRecipe(),
      egressProxyRecipe(),
    ])
      assert.match((await recipe).config.User, /^[1-9]\d*:[1-9]\d*$/);
  });

  it("have PostgreSQL end its sessions instead of waiting for them", async () => {
    assert.equal((await postgresRecipe()).config.StopSignal, "SIGINT");
  });
});
