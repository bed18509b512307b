import assert from "node:assert/strict";
import type { EngineResult } from "./engine";
import { EventSummary } from "./events";
import { ExitCode } from "./errors";
import { updateFailure, type Watched } from "./failure";
import { KubeError, type Kube } from "./kube";
import { environmentName } from "./naming";
import type { Target } from "./target";
import type { Trouble } from "./trouble";

const name = environmentName("shop", 1);
const target = { name: "test", workDir: "/work" } as Target;
const crash: Trouble = {
  object: "pod postgresql-0 (container postgresql)",
  reason: "CrashLoopBackOff",
  message: "ended with code 1, restarted 2 times",
  fix: "correct what its log says.",
};

/** An API server at an address, which answers for the version and for an environment without Secrets. */
function server(version: () => Promise<unknown>): Kube {
  const kube = {
    server: "https://127.0.0.1:6443",
    get: (path: string) => {
      if (path === "/version") return version();
      assert.equal(path, "/api/v1/namespaces/shop-pr-1/secrets");
      return Promise.resolve({ items: [] });
    },
  };
  return kube as unknown as Kube;
}

const up = server(() => Promise.resolve({}));
const refusing = server(() => Promise.reject(new KubeError(403, "Forbidden", "no")));
const gone = server(() => Promise.reject(new Error("connect ECONNREFUSED")));

function engine(...errors: string[]): EngineResult {
  const summary = new EventSummary();
  summary.errors.push(...errors);
  return { code: 255, stdout: "", stderr: "", summary };
}

function watched(...troubles: Trouble[]): Watched {
  const { signal } = new AbortController();
  return { hopeless: signal, troubles: () => troubles, failedJobs: () => Promise.resolve([]) };
}

/** What the provider says of a Deployment that is not ready, with its pods' events. */
const ofPods =
  'Deployment "shop-pr-1/app" is not ready\n[Pod shop-pr-1/app-1]: container wait-for-postgresql runs\nUnhealthy: psql: error: connection refused';
const ofServer = 'Get "https://127.0.0.1:6443/apis/apps/v1": dial tcp 127.0.0.1:6443: connect: connection refused';

describe("an update that failed with a refused connection", () => {
  for (const [what, kube] of [
    ["answers", up],
    ["answers with a refusal", refusing],
  ] as const) {
    it(`names the pods' troubles while the API server ${what}`, async () => {
      const error = await updateFailure(target, kube, name, engine(ofPods), watched(crash), 45);
      assert.equal(error.exitCode, ExitCode.environmentFailed);
      assert.match(error.message, /^shop-pr-1 did not become ready after 45 s: pod postgresql-0 .*CrashLoopBackOff/);
      assert.match(error.fix, /^correct what its log says\. Then deploy again/);
    });
  }

  it("says what the engine says when no pod is in trouble, such as of a webhook", async () => {
    const webhook = 'failed calling webhook "a.example": dial tcp 10.96.0.9:443: connect: connection refused';
    const error = await updateFailure(target, up, name, engine(webhook), watched(), undefined);
    assert.equal(error.exitCode, ExitCode.environmentFailed);
    assert.equal(error.message, `shop-pr-1 did not become ready: ${webhook}`);
  });

  it("says that the cluster is gone when the API server does not answer now", async () => {
    const error = await updateFailure(target, gone, name, engine(ofPods), watched(crash), 45);
    assert.equal(error.exitCode, ExitCode.noCluster);
    assert.match(error.message, /the cluster test stopped answering: connection refused/);
  });

  it("says so too when it was the API server's own refusal, and that is back already", async () => {
    const error = await updateFailure(target, up, name, engine(ofPods, ofServer), watched(crash), undefined);
    assert.equal(error.exitCode, ExitCode.noCluster);
  });

  it("does not ask the API server when a pod is hopeless", async () => {
    const end = new AbortController();
    end.abort(crash);
    const watching = { ...watched(), hopeless: end.signal };
    const error = await updateFailure(target, gone, name, engine(ofServer), watching, undefined).catch(() => undefined);
    assert.match(error?.message ?? "", /CrashLoopBackOff/);
  });
});
