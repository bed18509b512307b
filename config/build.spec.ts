import assert from "node:assert/strict";
import { config } from "../test/support/samples";
import { planBuild } from "./build";

describe("the build of an app's image", () => {
  it("reads the config's folder and its Dockerfile, and is called after the pull request", () => {
    assert.deepEqual(planBuild(config(), "/repo", 7), {
      context: "/repo",
      dockerfile: "/repo/Dockerfile",
      repository: "localhost/berth/apps/shop",
      tag: "localhost/berth/apps/shop:pr-7",
    });
  });

  it("takes context from the config's folder and the Dockerfile from the context", () => {
    const image = { context: "./services/web", dockerfile: "docker/app.Dockerfile", repository: "ghcr.io/acme/web" };
    assert.deepEqual(planBuild(config({ image }), "/repo", 12), {
      context: "/repo/services/web",
      dockerfile: "/repo/services/web/docker/app.Dockerfile",
      repository: "ghcr.io/acme/web",
      tag: "ghcr.io/acme/web:pr-12",
    });
  });

  it("refuses a number that names no pull request", () => {
    assert.throws(() => planBuild(config(), "/repo", 0), RangeError);
  });
});
