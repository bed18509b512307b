import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

  it("is fork for a pull request from another repository, or from one that is gone", () => {
    assert.equal(of(pull(other)), "fork");
    assert.equal(of(pull(null)), "fork");
    assert.equal(of({ repository: acme, pull_request: {} }), "fork");
  });

  it("is fork for a run that follows that of another repository", () => {
    assert.equal(of({ repository: acme, workflow_run: { head_repository: other } }), "fork");
    assert.equal(of({ repository: acme, workflow_run: { head_repository: null } }), "fork");
  });

  it("is left open for the repository's own branches and for other events", () => {
    assert.equal(of(pull(acme)), undefined);
    assert.equal(of({ repository: acme, workflow_run: { head_repository: acme } }), undefined);
    assert.equal(of({ repository: acme, inputs: {} }), undefined);
  });

  it("is left open outside of GitHub Actions, whatever a file says", () => {
    assert.equal(of(pull(other), { GITHUB_ACTIONS: "" }), undefined);
    assert.equal(trustOfEvent({}), undefined);
  });

  it("is asked for when the payload cannot be read", () => {
    assert.throws(() => of("{"), /GITHUB_EVENT_PATH.* cannot be read/);
  });
});
