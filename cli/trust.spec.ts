import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { trustOfEvent } from "./trust";

describe("the tier that GitHub's event says", () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), "berth-event-"))));
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const of = (event: unknown, more: Record<string, string> = {}) => {
    const path = join(folder, "event.json");
    writeFileSync(path, typeof event === "string" ? event : JSON.stringify(event));
    return trustOfEvent({ GITHUB_ACTIONS: "true", GITHUB_EVENT_PATH: path, ...more });
  };
  const [acme, other] = [{ full_name: "acme/shop" }, { full_name: "mallory/shop" }];
  const pull = (head: unknown) => ({ repository: acme, pull_request: { head: { repo: head }, base: { repo: acme } } });

  const named = (GITHUB_EVENT_NAME: string, event: unknown) => of(event, { GITHUB_EVENT_NAME });

  it("is fork for a pull request from another repository, or from one that is gone", () => {
    for (const event of ["pull_request", "pull_request_target", "pull_request_review_comment"]) {
      assert.deepEqual(named(event, pull(other)), { trust: "fork" });
      assert.deepEqual(named(event, pull(null)), { trust: "fork" });
      assert.deepEqual(named(event, { repository: acme, pull_request: {} }), { trust: "fork" });
    }
  });

  it("is fork for a run that follows that of another repository", () => {
    const run = { event: "pull_request" };
    const after = (head_repository: unknown) => ({ repository: acme, workflow_run: { ...run, head_repository } });
    assert.deepEqual(named("workflow_run", after(other)), { trust: "fork" });
    assert.deepEqual(named("workflow_run", after(null)), { trust: "fork" });
    assert.deepEqual(named("workflow_run", after({})), { trust: "fork" });
  });

  it("is fork for a comment on a pull request, whose repository the payload does not name", () => {
    const issue = { number: 12, pull_request: { url: "https://api.github.com/repos/acme/shop/pulls/12" } };
    assert.deepEqual(named("issue_comment", { repository: acme, issue, comment: { body: "/deploy" } }), {
      trust: "fork",
    });
  });

  it("is left open for the repository's own pull requests, pushes, and runs after them", () => {
    assert.deepEqual(named("pull_request", pull(acme)), {});
    assert.deepEqual(named("push", { repository: acme, ref: "refs/heads/main" }), {});
    for (const event of ["push", "pull_request"]) {
      assert.deepEqual(named("workflow_run", { repository: acme, workflow_run: { event, head_repository: acme } }), {});
    }
  });

  it("is not clear for every other event, each by its name", () => {
    const inputs = { inputs: { pr: "12" } };
    const events: Record<string, object> = {
      workflow_dispatch: inputs,
      repository_dispatch: { client_payload: { pull_request: pull(acme).pull_request } },
      schedule: {},
      merge_group: {},
      issue_comment: { issue: { number: 3 } },
    };
    for (const [event, payload] of Object.entries(events)) {
      assert.deepEqual(named(event, { repository: acme, ...payload }), {
        unclear: `the event ${event} of GitHub Actions`,
      });
    }
    for (const event of ["issue_comment", "workflow_dispatch", "pull_request_target"]) {
      assert.deepEqual(named("workflow_run", { repository: acme, workflow_run: { event, head_repository: acme } }), {
        unclear: `the event workflow_run after ${event} of GitHub Actions`,
      });
    }
    assert.deepEqual(of({ repository: acme }), {
      unclear: "the event without a name (GITHUB_EVENT_NAME) of GitHub Actions",
    });
  });

  it("is left open outside of GitHub Actions, whatever a file says", () => {
    assert.deepEqual(of(pull(other), { GITHUB_ACTIONS: "" }), {});
    assert.deepEqual(trustOfEvent({}), {});
  });

  it("is asked for when there is no payload, or it cannot be read", () => {
    for (const path of [undefined, ""]) {
      assert.throws(
        () => trustOfEvent({ GITHUB_ACTIONS: "true", GITHUB_EVENT_NAME: "push", GITHUB_EVENT_PATH: path }),
        (error: unknown) =>
          error instanceof BerthError &&
          error.exitCode === ExitCode.prerequisite &&
          error.message.includes("GITHUB_EVENT_PATH, which names the workflow's event, is not set") &&
          error.fix.includes("--trust trusted, internal or fork"),
      );
    }
    assert.throws(() => of("{"), /GITHUB_EVENT_PATH.* cannot be read/);
  });
});
