import assert from "node:assert/strict";

import { ENGINES } from "../config/databases";
import { parsePlatform } from "../config/platform";
import { imagesByEngine, missingEngines, offeredEngines, offers, simulatedImages, withImages } from "./databases";

const ref = (name: string): string => `localhost/berth/${name}@sha256:${"1".repeat(64)}`;
const none = imagesByEngine({});

describe("databases of the embedded cluster", () => {
  it("cover every engine that a config may enable, in versions that a platform may offer", () => {
    assert.deepEqual(Object.keys(offers), [...ENGINES]);
    const gateway = { mode: "host", scheme: "http", port: 80, sources: ["10.89.0.1/32"] };
    const { images } = parsePlatform({ domain: "berth.localhost", gateway, images: simulatedImages });
    assert.deepEqual(images, simulatedImages);
    assert.deepEqual(offeredEngines(simulatedImages), [...ENGINES]);
  });

  it("are offered as far as their images are built", () => {
    const images = imagesByEngine({ postgres: { ref: ref("postgres") }, guestbook: { ref: ref("guestbook") } });
    assert.deepEqual(images, { ...none, postgresql: { "15": ref("postgres") } });
    assert.deepEqual(missingEngines(["redis", "postgresql"], images), ["redis"]);
    assert.deepEqual(offeredEngines(none), []);
  });

  it("stay offered when others come, and take a newer image of their own", () => {
    const redis = imagesByEngine({ redis: { ref: ref("redis") } });
    const mariadb = imagesByEngine({ mariadb: { ref: ref("mariadb") } });
    assert.deepEqual(offeredEngines(withImages(redis, mariadb)), ["mariadb", "redis"]);
    const newer = imagesByEngine({ redis: { ref: ref("newer") } });
    assert.deepEqual(withImages(redis, newer).redis, { "7": ref("newer") });
    assert.deepEqual(withImages(redis, none), redis);
  });
});
