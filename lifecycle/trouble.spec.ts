import assert from "node:assert/strict";
import { diagnose, isReady, type ContainerStatus, type KubeEvent, type Pod } from "./trouble";

const start = Date.parse("2026-01-01T00:00:00Z");

function pod(container: Partial<ContainerStatus>, more: Partial<Pod["status"]> = {}): Pod {
  return {
    metadata: { name: "app-1" },
    status: { phase: "Pending", containerStatuses: [{ name: "app", ...container }], ...more },
  };
}

function event(reason: string, message: string, kind = "Pod", name = "app-1", at = start): KubeEvent {
  return {
    metadata: { name: `${name}.1` },
    type: "Warning",
    reason,
    message,
    lastTimestamp: new Date(at).toISOString(),
    involvedObject: { kind, name },
  };
}

describe("what keeps a pod from becoming ready", () => {
  it("is nothing while it starts or once it is ready", () => {
    const starting = pod({ state: { waiting: { reason: "ContainerCreating" } } });
    const ready = pod({ ready: true, state: { running: {} } });
    assert.deepEqual(diagnose([starting, ready], [], start), []);
  });

  it("names an image that cannot be pulled, and gives up after a while", () => {
    const [trouble, ...others] = diagnose(
      [pod({ state: { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "x@sha256:1"' } } })],
      [],
      start,
    );
    assert.deepEqual(others, []);
    assert.equal(trouble?.object, "pod app-1 (container app)");
    assert.equal(trouble.reason, "ImagePullBackOff");
    assert.match(trouble.message, /x@sha256:1/);
    assert.equal(trouble.hopelessAfter, 25);
  });

  it("gives up at once on an image that must be there and is not", () => {
    const [trouble] = diagnose([pod({ state: { waiting: { reason: "ErrImageNeverPull", message: "m" } } })], [], start);
    assert.equal(trouble?.hopelessAfter, 0);
  });

  it("waits for a node as long as the deploy may take", () => {
    const message = "0/1 nodes are available: 1 Insufficient cpu.";
    const waiting: Pod = {
      metadata: { name: "app-1" },
      status: {
        phase: "Pending",
        conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message }],
      },
    };
    const [trouble] = diagnose([waiting], [], start);
    assert.equal(trouble?.reason, "Unschedulable");
    assert.equal(trouble.message, message);
    assert.equal(trouble.hopelessAfter, undefined);
  });

  it("tells a crash loop with its exit code, points to the log, and gives up after some restarts", () => {
    const crash = (restartCount: number) =>
      diagnose(
        [
          pod({
            restartCount,
            state: { waiting: { reason: "CrashLoopBackOff" } },
            lastState: { terminated: { exitCode: 3, reason: "Error" } },
          }),
        ],
        [],
        start,
      )[0];
    assert.equal(crash(1)?.message, "ended with code 3, restarted 1 times");
    assert.equal(crash(1)?.hopelessAfter, undefined);
    assert.equal(crash(4)?.hopelessAfter, 0);
    assert.deepEqual(crash(4)?.log, { pod: "app-1", container: "app", previous: true });
  });

  it("gives up at once on a canary that got out, and not on one that was refused in the end", () => {
    const canary = (container: Partial<ContainerStatus>): Pod => ({
      metadata: { name: "app-1" },
      status: { phase: "Pending", initContainerStatuses: [{ name: "egress-canary", ...container }] },
    });
    const ended = { terminated: { exitCode: 1 } };
    for (const [container, previous] of [
      [{ state: ended }, false],
      [{ state: { waiting: { reason: "CrashLoopBackOff" } }, lastState: ended, restartCount: 1 }, true],
    ] as const) {
      const [trouble] = diagnose([canary(container)], [], start);
      assert.equal(trouble?.reason, "EgressOpen");
      assert.equal(trouble.hopelessAfter, 0);
      assert.match(trouble.fix, /whether the cluster's network plugin enforces NetworkPolicies/);
      assert.deepEqual(trouble.log, { pod: "app-1", container: "egress-canary", previous });
    }
    const closed = { ready: true, state: { terminated: { exitCode: 0 } }, lastState: ended, restartCount: 1 };
    assert.deepEqual(diagnose([canary(closed)], [], start), []);
  });

  it("does not say that a canary got out which was killed, could not start or could not ask", () => {
    for (const [exitCode, reason, more] of [
      [2, "CrashLoopBackOff", {}],
      [3, "CrashLoopBackOff", {}],
      [128, "CrashLoopBackOff", { reason: "StartError" }],
      [137, "OOMKilled", { reason: "OOMKilled" }],
      [255, "CrashLoopBackOff", {}],
    ] as const) {
      const canary = { name: "egress-canary", restartCount: 1, state: { terminated: { exitCode, ...more } } };
      const found = diagnose(
        [{ metadata: { name: "app-1" }, status: { phase: "Pending", initContainerStatuses: [canary] } }],
        [],
        start,
      );
      assert.deepEqual(
        found.map((each) => [each.reason, each.hopelessAfter]),
        [[reason, undefined]],
      );
      assert.match(found[0]?.fix ?? "", /^see in its last lines why it could not ask .* is not known\.$/);
    }
  });

  it("tells memory from other crashes", () => {
    const [trouble] = diagnose(
      [pod({ restartCount: 1, state: { terminated: { exitCode: 137, reason: "OOMKilled" } } })],
      [],
      start,
    );
    assert.equal(trouble?.reason, "OOMKilled");
    assert.match(trouble.fix, /memory/);
  });

  it("advises on a database what helps there, and not what helps the app", () => {
    const database = (name: string, container: Partial<ContainerStatus>): Pod => ({
      metadata: { name: `${name}-0` },
      status: { phase: "Running", containerStatuses: [{ name, ...container }] },
    });
    const full = database("redis", {
      restartCount: 1,
      state: { terminated: { exitCode: 137, reason: "OOMKilled" } },
    });
    assert.match(diagnose([full], [], start)[0]?.fix ?? "", /less of Redis at once, which has 128Mi of memory/);
    const slow = database("mariadb", { ready: false, state: { running: {} } });
    const failing = event("Unhealthy", "Startup probe failed: …", "Pod", "mariadb-0");
    assert.match(diagnose([slow], [failing], start)[0]?.fix ?? "", /whether MariaDB is still starting/);
    const waiting: Pod = {
      metadata: { name: "app-1" },
      status: {
        phase: "Pending",
        initContainerStatuses: [{ name: "wait-for-mariadb", restartCount: 1, state: { terminated: { exitCode: 1 } } }],
      },
    };
    const [trouble] = diagnose([waiting], [], start);
    assert.match(trouble?.fix ?? "", /why MariaDB takes no connections: the log of pod mariadb-0/);
    assert.deepEqual(trouble?.log, { pod: "app-1", container: "wait-for-mariadb", previous: false });
  });

  it("quotes the probe of a container that runs but is not ready", () => {
    const running = pod({ ready: false, state: { running: {} } }, { phase: "Running" });
    const failing = event("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 500");
    assert.equal(diagnose([running], [failing], start)[0]?.reason, "ProbeFailed");
    assert.deepEqual(diagnose([running], [], start), []);
    assert.deepEqual(diagnose([running], [{ ...failing, lastTimestamp: "2025-12-31T23:59:59Z" }], start), []);
  });

  it("gives up on an app or service that used up the time for its start, and points to its log", () => {
    const killed = event("Killing", "Container api failed startup probe, will be restarted", "Pod", "app-1");
    const late = (restartCount: number, ready = false): Pod => ({
      metadata: { name: "app-1" },
      status: { phase: "Running", containerStatuses: [{ name: "api", ready, restartCount, state: { running: {} } }] },
    });
    const [trouble] = diagnose([late(0)], [killed], start);
    assert.deepEqual([trouble?.reason, trouble?.hopelessAfter], ["StartupTimeout", 0]);
    assert.match(trouble?.fix ?? "", /let service api answer .* the service's probes\.startup .* does not count/);
    assert.deepEqual(trouble?.log, { pod: "app-1", container: "api", previous: false });
    assert.equal(diagnose([late(1)], [killed], start)[0]?.log?.previous, true);
    assert.deepEqual(diagnose([late(1, true)], [killed], start), []);
    // A database may take two attempts: its files are there at the second.
    const database = event("Killing", "Container mariadb failed startup probe, will be restarted", "Pod", "mariadb-0");
    const slow: Pod = {
      metadata: { name: "mariadb-0" },
      status: { phase: "Running", containerStatuses: [{ name: "mariadb", ready: false, state: { running: {} } }] },
    };
    assert.deepEqual(diagnose([slow], [database], start), []);
  });

  it("says how to fix an image that runs as root", () => {
    const message = "container has runAsNonRoot and image will run as root (pod: app-1, container: app)";
    const [trouble] = diagnose(
      [pod({ state: { waiting: { reason: "CreateContainerConfigError", message } } })],
      [],
      start,
    );
    assert.match(trouble?.fix ?? "", /USER 1000/);
    const secret = pod({
      state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "x" not found' } },
    });
    assert.match(diagnose([secret], [], start)[0]?.fix ?? "", /missing Secret/);
  });

  it("tells why there is no pod at all", () => {
    const quota = event("FailedCreate", "pods is forbidden: exceeded quota: berth, requested: …", "ReplicaSet", "app");
    const security = event("FailedCreate", 'violates PodSecurity "restricted:latest"', "ReplicaSet", "app");
    assert.deepEqual(
      diagnose([], [quota, security], start).map((trouble) => [trouble.object, trouble.reason, trouble.hopelessAfter]),
      [
        ["ReplicaSet app", "QuotaExceeded", 30],
        ["ReplicaSet app", "PodSecurity", 5],
      ],
    );
  });

  it("does not wait for a value that the SealedSecrets controller cannot open", () => {
    const message = "Failed to unseal: no key could decrypt secret (STRIPE_KEY)";
    const [trouble] = diagnose([], [event("ErrUnsealFailed", message, "SealedSecret", "sealed-stripe")], start);
    assert.deepEqual([trouble?.message, trouble?.hopelessAfter], [message, 5]);
    assert.match(trouble?.fix ?? "", /berth seal/);
  });

  it("forgets a pod that is going or has done its work", () => {
    const broken = { state: { waiting: { reason: "CrashLoopBackOff" } } };
    const going = { ...pod(broken), metadata: { name: "app-1", deletionTimestamp: "2026-01-01T00:00:00Z" } };
    assert.deepEqual(diagnose([going, pod(broken, { phase: "Succeeded" })], [], start), []);
  });

  it("knows a ready pod", () => {
    assert.equal(isReady(pod({}, { conditions: [{ type: "Ready", status: "True" }] })), true);
    assert.equal(isReady(pod({}, { conditions: [{ type: "Ready", status: "False" }] })), false);
  });
});
