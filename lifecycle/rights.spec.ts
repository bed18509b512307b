import assert from "node:assert/strict";
import type { EngineResult } from "./engine";
import { missingRight, setupError } from "./engine-errors";
import { EventSummary } from "./events";
import { ExitCode } from "./errors";
import type { Kube } from "./kube";
import { haveRights, lacksRights } from "./rights";
import type { Target } from "./target";

const REFUSED =
  'secrets is forbidden: User "system:serviceaccount:berth-system:berth-deployer" cannot create resource "secrets" in API group "" in the namespace "shop-pr-1"';

function engine(code: number, ...errors: string[]): EngineResult {
  const summary = new EventSummary();
  summary.errors.push(...errors);
  return { code, stdout: "", stderr: "", summary };
}

describe("rights in an environment", () => {
  it("are missed when the engine was refused something in its namespace, and not by another failure", () => {
    assert.equal(lacksRights(engine(255, REFUSED), "shop-pr-1"), true);
    assert.equal(lacksRights(engine(255, REFUSED), "shop-pr-2"), false);
    assert.equal(lacksRights(engine(0, REFUSED), "shop-pr-1"), false);
    assert.equal(lacksRights(engine(255, 'exceeded quota in the namespace "shop-pr-1"'), "shop-pr-1"), false);
  });

  it("are waited for, and not for ever", async () => {
    const answers = [false, false, true];
    const asked: unknown[] = [];
    const kube = {
      post: (path: string, { spec }: { spec: unknown }) => {
        assert.equal(path, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews");
        asked.push(spec);
        return Promise.resolve({ status: { allowed: answers.shift() ?? false } });
      },
    } as unknown as Kube;
    assert.equal(await haveRights(kube, "shop-pr-1"), true);
    const resourceAttributes = { namespace: "shop-pr-1", verb: "create", resource: "secrets" };
    assert.deepEqual(asked, Array(3).fill({ resourceAttributes }));
    assert.equal(await haveRights(kube, "shop-pr-1", AbortSignal.abort()), false);
  });

  it("are asked for in the error of who has none", () => {
    const error = setupError({ name: "test" } as Target, engine(255, REFUSED));
    assert.equal(error?.exitCode, ExitCode.prerequisite);
    assert.equal(error.message, "you have no right to create secrets in the namespace shop-pr-1");
    assert.match(error.fix, /^deploy once more: .* administrator .* bring the platform up to date/);
    assert.deepEqual(missingRight(REFUSED)?.message, error.message);
    assert.equal(missingRight("pods is forbidden: violates PodSecurity"), undefined);
  });
});
