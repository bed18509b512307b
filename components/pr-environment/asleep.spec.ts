import assert from "node:assert/strict";
import type { PlatformFacts } from "../../config/platform";
import { DIGEST, HOST_FACTS, PR, config } from "../../test/support/samples";
import { planPrEnvironment } from "./plan";

const everything = config({
  app: { replicas: 2 },
  services: [{ name: "worker", replicas: 3, image: `ghcr.io/acme/worker@${DIGEST}` }],
  databases: { postgresql: { seed: ["SELECT 1"] }, mariadb: true, redis: true, mongodb: true, s3: true },
  jobs: [
    { name: "migrate", command: ["migrate"] },
    { name: "index", command: ["index"], when: "after-app" },
  ],
  metrics: { enabled: true },
});
const platform: PlatformFacts = {
  ...HOST_FACTS,
  operators: {
    cloudnativePg: {
      namespace: "cnpg-system",
      apiServerCidrs: ["10.0.0.0/16"],
      images: { "16": `ghcr.io/cloudnative-pg/postgresql:16.9@${DIGEST}` },
    },
  },
};

/** Every value under a key, wherever it is. */
function valuesOf(key: string, value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as Record<string, unknown>).flatMap(([name, inner]) =>
    name === key ? [inner] : valuesOf(key, inner),
  );
}

describe("an environment that is asleep", () => {
  const plan = (asleep?: boolean) => planPrEnvironment({ config: everything, pr: { ...PR, asleep }, platform });
  const without = (asleep?: boolean): object => {
    const { context, ...rest } = plan(asleep);
    assert.ok(context);
    return rest;
  };

  it("has no pod of the app, of a service or of a database", () => {
    assert.deepEqual(valuesOf("replicas", without()).sort(), [1, 1, 1, 1, 1, 2, 3]);
    assert.deepEqual(valuesOf("replicas", without(true)), [0, 0, 0, 0, 0, 0, 0]);
  });

  it("runs no seed and no job, and waits for none", () => {
    const jobs = (asleep?: boolean) => {
      const { seeds, beforeApp, afterApp } = plan(asleep).jobs;
      return [...seeds, ...beforeApp, ...afterApp].map(({ job }) => job);
    };
    const about = (asleep?: boolean) =>
      jobs(asleep).map(({ metadata, spec }) => [spec.suspend, metadata.annotations?.["pulumi.com/skipAwait"]]);
    assert.deepEqual(about(), [
      [false, undefined],
      [false, undefined],
      [false, undefined],
    ]);
    assert.deepEqual(about(true), [
      [true, "true"],
      [true, "true"],
      [true, "true"],
    ]);
  });

  it("keeps its jobs by their names and all that cannot be changed, so that what has ended well never runs again", () => {
    const lasting = (asleep?: boolean) => {
      const { seeds, beforeApp, afterApp } = plan(asleep).jobs;
      return [...seeds, ...beforeApp, ...afterApp].map(({ job }) => [
        job.metadata.name,
        job.spec.template,
        job.spec.completions,
        job.spec.parallelism,
        job.spec.selector,
      ]);
    };
    assert.deepEqual(lasting(true), lasting());
  });

  it("is otherwise as it was, but for the namespace's annotation", () => {
    const plain = (value: object) =>
      JSON.stringify(value)
        .replaceAll(/"replicas":\d/g, '"replicas":0')
        .replaceAll('"suspend":true', '"suspend":false')
        .replaceAll(
          '"pulumi.com/replaceUnready":"true","pulumi.com/skipAwait":"true"',
          '"pulumi.com/replaceUnready":"true"',
        );
    assert.equal(plain(without(true)).replace('"berth.dev/asleep":"true",', ""), plain(without()));
  });

  it("has its operator put a database to sleep, and waits until it has", () => {
    const operated = config({ databases: { postgresql: { operator: "cloudnative-pg" } } });
    const annotations = (asleep?: boolean) => {
      const { databases } = planPrEnvironment({ config: operated, pr: { ...PR, asleep }, platform });
      return valuesOf("annotations", databases[0]?.server);
    };
    assert.deepEqual(annotations(), [{ "pulumi.com/waitFor": "condition=Ready" }]);
    assert.deepEqual(annotations(true), [
      { "cnpg.io/hibernation": "on", "pulumi.com/waitFor": "condition=cnpg.io/hibernation" },
    ]);
  });
});
