import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { berthRoot } from "../../../cli/context";
import { ExitCode } from "../../../lifecycle/errors";
import { list } from "../../../lifecycle/list";
import { BerthProcess, writeConfig } from "../../engine/lifecycle/support";
import { RealCluster } from "./support";

describe("a full disk", function () {
  this.timeout(300_000);
  let cluster: RealCluster;
  const project = "full";
  const scratch = mkdtempSync(join(tmpdir(), "berth-full-"));
  const config = writeConfig({ projectId: project });

  before(async () => {
    cluster = await RealCluster.start("test-real");
    await cluster.destroy(project);
  });

  after(() => {
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Deploys with a file system of that size in place of a folder, in a mount namespace that ends with the process. */
  const deployWith = (folder: string, size: string): BerthProcess => {
    mkdirSync(folder, { recursive: true });
    const berth = [process.execPath, join(berthRoot, "dist", "cli", "berth.js"), "--cluster", cluster.target.name];
    const request = ["--pr", "1", "--config", config, "--commit", "1".repeat(40), "--branch", "b"];
    const script = `mount -t tmpfs -o size=${size} tmpfs "$0" && exec "$@"`;
    return new BerthProcess("unshare", [
      ...["--mount", "--propagation", "private", "sh", "-c", script, folder],
      ...[...berth, "deploy", ...request, "--image", cluster.images[0]],
    ]);
  };

  for (const [what, folder] of [
    ["the work folder", () => cluster.target.workDir],
    ["the engine's state", () => new URL(cluster.target.env["PULUMI_BACKEND_URL"] ?? "").pathname],
  ] as const) {
    it(`under ${what} ends in one error, leaves nothing, and the next deploy goes through`, async () => {
      const run = deployWith(folder(), "4k");
      assert.equal(await run.end(), ExitCode.prerequisite, run.output);
      assert.match(run.output, /error: no space left on the disk that holds \//);
      assert.match(run.output, /fix: free some space/);
      assert.doesNotMatch(run.output, /^ {4}at /m);
      assert.deepEqual(await list(cluster.target, project), []);
      const result = await cluster.deploy(project);
      assert.equal(result.outcome, "done");
      assert.deepEqual((await cluster.destroy(project)).receipt.left, []);
    });
  }
});
