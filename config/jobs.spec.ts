import assert from "node:assert/strict";
import { config } from "../test/support/samples";
import { ConfigError, parseConfig } from "./load";
import { JOB_PODS, planQuota } from "./quota";
import { parseCpu } from "./quantity";

function problemsOf(jobs: unknown): string[] {
  try {
    parseConfig({ projectId: "shop", databases: { postgresql: true }, jobs });
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

const job = { name: "migrate", command: ["node", "migrate.js"] };

describe("jobs of berth.yaml", () => {
  it("need a name and a command only", () => {
    assert.deepEqual(config({ jobs: [job] }).jobs, [
      { ...job, env: {}, when: "before-app", retries: 2, timeout: "5m" },
    ]);
  });

  const wrong: [string, unknown, string][] = [
    [
      "a name with a capital",
      [{ ...job, name: "Migrate" }],
      'jobs[0].name is "Migrate"; accepted: 1 to 30 lower-case letters, digits and dashes that start with a letter, no dash at the end. Change jobs[0].name to what is accepted.',
    ],
    [
      "no command",
      [{ name: "migrate" }],
      "jobs[0].command is missing; accepted: a list of words. Add jobs[0].command.",
    ],
    [
      "an empty command",
      [{ ...job, command: [] }],
      "jobs[0].command is a list of 0; accepted: at least a program. Change jobs[0].command to what is accepted.",
    ],
    [
      "a command that is no list",
      [{ ...job, command: "node migrate.js" }],
      'jobs[0].command is "node migrate.js"; accepted: a list of words. Change jobs[0].command to what is accepted.',
    ],
    [
      "an image without digest",
      [{ ...job, image: "ghcr.io/acme/migrator:1" }],
      'jobs[0].image is "ghcr.io/acme/migrator:1"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change jobs[0].image to what is accepted.',
    ],
    [
      "another time",
      [{ ...job, when: "after" }],
      'jobs[0].when is "after"; accepted: before-app or after-app. Change jobs[0].when to what is accepted.',
    ],
    [
      "too many retries",
      [{ ...job, retries: 7 }],
      "jobs[0].retries is 7; accepted: a whole number from 0 to 6. Change jobs[0].retries to what is accepted.",
    ],
    [
      "too long a time limit",
      [{ ...job, timeout: "2h" }],
      'jobs[0].timeout is "2h"; accepted: a span of time such as 30s, 15m, 8h or 7d, from 1s to 1h. Change jobs[0].timeout to what is accepted.',
    ],
    [
      "the same name twice",
      [job, job],
      'jobs[1].name is "migrate", there already; accepted: each name once. Remove one of the two.',
    ],
    [
      "a variable of Berth's",
      [{ ...job, env: { DATABASE_URL: "x" } }],
      "jobs[0].env.DATABASE_URL is a variable that Berth sets; accepted: any name that Berth does not set. Remove it.",
    ],
  ];
  for (const [what, jobs, message] of wrong) {
    it(`are refused with ${what}`, () => {
      assert.deepEqual(problemsOf(jobs), [message]);
    });
  }

  it("have room in the quota beside the app's pods", () => {
    const without = planQuota(config({ databases: { postgresql: true } }));
    const quota = planQuota(config({ databases: { postgresql: true }, jobs: [job, { ...job, name: "seed" }] }));
    assert.equal(Number(quota["pods"]), Number(without["pods"]) + JOB_PODS);
    assert.equal(parseCpu(quota["requests.cpu"] ?? ""), parseCpu(without["requests.cpu"] ?? "") + JOB_PODS * 50);
  });
});
