import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { down, loadImage, up } from "../../local";
import { clusterFolder } from "../../local/cluster/spec";
import { ensureImages } from "../../local/images";
import { repositoryPath } from "../../local/images/root";
import { startBrowser, type TestBrowser } from "./browser";
import { visitGuestbook, type Visit } from "./visit";

/** Name of the embedded cluster of this suite; one that runs already is used and left running. */
const cluster = "test-real";
const pullRequest = "41";
const commits = ["1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"] as const;

/** Runs Berth's command line as a user would. */
async function berth(...args: string[]): Promise<unknown> {
  const command = [repositoryPath("bin/berth.mjs"), "--cluster", cluster, ...args, "--json"];
  const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

describe("the guestbook's page, on a real node behind the gateway", function () {
  this.timeout(600_000);
  const pictures = mkdtempSync(join(tmpdir(), "berth-pictures-"));
  let startedHere = false;
  let browser: TestBrowser | undefined;
  const sign = (visit: Omit<Visit, "pullRequest">): Promise<void> => {
    assert.ok(browser);
    return visitGuestbook(browser.context, { pullRequest, ...visit });
  };

  const deployCommit = async (commit: string): Promise<string> => {
    const { guestbook } = await ensureImages(["guestbook"], { guestbook: { version: commit.slice(0, 12) } });
    await loadImage(cluster, guestbook);
    const config = repositoryPath("examples/guestbook/berth.yaml");
    const what = ["--pr", pullRequest, "--config", config, "--commit", commit, "--branch", "feature/tides"];
    const { url } = (await berth("deploy", ...what, "--image", guestbook.ref)) as { url: string };
    return url;
  };

  before(async () => {
    startedHere = !(await up({ name: cluster, nodes: "real" })).wasRunning;
    browser = await startBrowser("light", readFileSync(join(clusterFolder(cluster).pki, "gateway.crt"), "utf8"));
  });
  after(async () => {
    await browser?.close();
    await berth("destroy", "--pr", pullRequest, "--project", "guestbook");
    if (startedHere) await down(cluster);
    console.log(`    pictures: ${pictures}`);
  });

  let url: string;
  it("can be signed at the URL that a deploy gives", async () => {
    url = await deployCommit(commits[0]);
    const screenshot = join(pictures, "first.png");
    await sign({ url, commit: commits[0].slice(0, 7), message: "Signed before the second commit", screenshot });
    assert.ok(statSync(screenshot).size > 10_000);
  });

  it("shows the next commit at the same URL, with what was signed before", async () => {
    assert.equal(await deployCommit(commits[1]), url);
    const screenshot = join(pictures, "second.png");
    await sign({ url, commit: commits[1].slice(0, 7), message: "Signed after the second commit", screenshot });
    const page = await browser?.context.newPage();
    await page?.goto(url);
    assert.equal(await page?.getByText("Signed before the second commit").count(), 1);
  });
});
