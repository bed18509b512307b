import assert from "node:assert/strict";
import { diagnose, type ContainerStatus, type Pod } from "./trouble";

const start = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number) => new Date(start + seconds * 1000).toISOString();

/** One try of the job migrate, begun some seconds after the deploy. */
function attempt(
  begun: number,
  phase: string,
  state: ContainerStatus["state"] = {},
  more: Partial<Pod["status"]> = {},
): Pod {
  return {
    metadata: {
      name: `job-migrate-1-${begun}`,
      creationTimestamp: at(begun),
      labels: { "berth.dev/job": "migrate", "batch.kubernetes.io/job-name": "job-migrate-1" },
      annotations: { "berth.dev/job-timeout": "60", "berth.dev/job-tries": "2" },
    },
    status: { phase, containerStatuses: [{ name: "migrate", state }], ...more },
  };
}

const failed = (begun: number, exitCode = 1, reason = "Error") =>
  attempt(begun, "Failed", { terminated: { exitCode, reason, finishedAt: at(begun + 1) } });
const running = (begun: number) => attempt(begun, "Running", { running: { startedAt: at(begun) } });
const look = (pods: Pod[], seconds: number) => diagnose(pods, [], start, start + seconds * 1000);

describe("what jobs say of themselves", () => {
  it("is nothing while one runs in its time, and once one has ended well after failed tries", () => {
    assert.deepEqual(look([running(0)], 59), []);
    assert.deepEqual(look([failed(0), attempt(12, "Succeeded", { terminated: { exitCode: 0 } })], 20), []);
  });

  it("tells a failed try, and that it is not the last", () => {
    const [trouble, ...others] = look([failed(0, 3)], 5);
    assert.deepEqual(others, []);
    assert.equal(trouble?.object, "job migrate (pod job-migrate-1-0)");
    assert.equal(trouble.reason, "JobTryFailed");
    assert.equal(trouble.message, "ended with code 3, try 1 of 2");
    assert.equal(trouble.hopelessAfter, undefined);
  });

  it("tells the last failed try with its log and the fix", () => {
    const [trouble, ...others] = look([failed(12), failed(0)], 14);
    assert.deepEqual(others, []);
    assert.equal(trouble?.reason, "JobFailed");
    assert.equal(trouble.message, "ended with code 1, try 2 of 2");
    assert.equal(trouble.fix, "correct jobs (migrate) of berth.yaml or what it runs; the app was left as it was.");
    assert.deepEqual(trouble.log, { pod: "job-migrate-1-12", container: "migrate", previous: false });
    assert.equal(trouble.endJob, undefined);
  });

  it("leaves out tries of an earlier deploy, and counts one that it sees end", () => {
    assert.deepEqual(look([failed(-30), failed(-10)], 5), []);
    assert.equal(look([failed(-30), failed(-0.5)], 5)[0]?.message, "ended with code 1, try 1 of 2");
  });

  it("ends a try that hangs at once, and says what to look at", () => {
    const [trouble] = look([failed(0), running(12)], 73);
    assert.equal(trouble?.reason, "JobTimeout");
    assert.equal(trouble.message, "ran for more than 60 s and was ended");
    assert.equal(trouble.hopelessAfter, 0);
    assert.equal(trouble.endJob, "job-migrate-1");
    assert.deepEqual(trouble.log, { pod: "job-migrate-1-12", container: "migrate", previous: false });
  });

  it("tells memory and a database that does not answer from the job's own failure", () => {
    assert.equal(look([failed(0, 137, "OOMKilled")], 5)[0]?.message, "ran out of memory, try 1 of 2");
    const waited = attempt(
      0,
      "Failed",
      {},
      {
        initContainerStatuses: [
          { name: "wait-for-postgresql", state: { terminated: { exitCode: 1, finishedAt: at(180) } } },
        ],
      },
    );
    const [trouble] = look([waited], 181);
    assert.match(trouble?.fix ?? "", /why postgresql takes no connections: the log of pod postgresql-0/);
    assert.equal(trouble?.log?.container, "wait-for-postgresql");
  });

  it("tells a canary that got out from the job's own failure", () => {
    const open = { name: "egress-canary", state: { terminated: { exitCode: 1, finishedAt: at(30) } } };
    const [trouble] = look([attempt(0, "Failed", {}, { initContainerStatuses: [open] })], 31);
    assert.match(trouble?.fix ?? "", /whether the cluster's network plugin enforces NetworkPolicies/);
    assert.equal(trouble?.log?.container, "egress-canary");
    const killed = { name: "egress-canary", state: { terminated: { exitCode: 137, finishedAt: at(30) } } };
    const [other] = look([attempt(0, "Failed", {}, { initContainerStatuses: [killed] })], 31);
    assert.match(other?.fix ?? "", /whether the pod gets out is not known/);
  });

  it("keeps what keeps a try from starting", () => {
    const pulling = attempt(0, "Pending", { waiting: { reason: "ImagePullBackOff", message: "no such image" } });
    const [trouble] = look([pulling], 5);
    assert.equal(trouble?.reason, "ImagePullBackOff");
    assert.equal(trouble.object, "pod job-migrate-1-0 (container migrate)");
  });

  it("points to the first data of a database that could not be filled, or to the image that they are in", () => {
    const filling = (name: string) => {
      const state = { terminated: { exitCode: 1, reason: "Error", finishedAt: at(1) } };
      const pod = attempt(0, "Failed", {});
      const inits = [
        { name: "wait-for-mongodb", state: {} },
        ...(name === "seed" ? [] : [{ name: "snapshot", state: name === "snapshot" ? state : {} }]),
      ];
      return {
        ...pod,
        metadata: {
          ...pod.metadata,
          name: "seed-mongodb-1-0",
          labels: { ...pod.metadata.labels, "berth.dev/job": "seed-mongodb" },
        },
        status: {
          phase: "Failed",
          initContainerStatuses: inits,
          containerStatuses: [{ name: "seed-mongodb", state: name === "snapshot" ? {} : state }],
        },
      };
    };
    const fix = (name: string) => look([filling(name)], 5)[0]?.fix ?? "";
    assert.match(fix("seed"), /^correct databases\.mongodb\.seed of berth\.yaml/);
    assert.match(fix("both"), /^correct databases\.mongodb \(from, seed\) of berth\.yaml/);
    assert.match(
      fix("snapshot"),
      /^give databases\.mongodb\.from of berth\.yaml an image with a command cp and a folder \/snapshot/,
    );
  });
});
