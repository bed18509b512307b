import { createHash } from "node:crypto";
import { join } from "node:path";
import { loadConfig } from "../../config/load";
import { deploy, type DeployResult } from "../../lifecycle/deploy";
import { destroy, type DestroyResult } from "../../lifecycle/destroy";
import type { Kube } from "../../lifecycle/kube";
import { environmentName } from "../../lifecycle/naming";
import type { Progress, Stops } from "../../lifecycle/progress";
import { connect, type Target } from "../../lifecycle/target";
import { berthRoot, whoAsks } from "../context";
import { changesText } from "../render";
import { probeFromPod, probeWith, proberCommand, type Attempt, type AttemptResult } from "./egress";
import type { Visitor } from "./http";
import type { Timeline } from "./timeline";

/** The outside world that the demo makes for itself, and how to enter the node's network. */
export interface OutsideWorld {
  /** An address in it that answers HTTP on port 80. */
  readonly address: string;
  /** The address at which clouds hand out credentials. */
  readonly metadataAddress: string;
  /** Makes a command run in the node's network. */
  readonly onNode: (argv: readonly string[]) => string[];
  close(): Promise<void>;
}

/** What the story needs. */
export interface Stage extends Required<Stops> {
  readonly target: Target;
  readonly kubectl: string;
  /** Images of the first and of the second commit, by digest. */
  readonly images: readonly [string, string];
  readonly openOutside: () => Promise<OutsideWorld>;
  /** Opens the app's URL, and checks the gateway's certificate. */
  readonly visitor: Visitor;
  readonly timeline: Timeline;
  readonly progress: Progress;
}

/** What the demo deploys. */
const example = join(berthRoot, "examples", "guestbook");

const pullRequest = 1;

/** Commits that look like commits; the example's images carry them as their version. */
export const commits = ["first commit", "second commit"].map((text) =>
  createHash("sha1").update(`guestbook: ${text}`).digest("hex"),
) as unknown as readonly [string, string];

const message = "Moored at the first commit.";

/** How the demo ends. */
export interface StoryResult {
  readonly first: DeployResult;
  readonly second: DeployResult;
  readonly unchanged: DeployResult;
  readonly probes: readonly AttemptResult[];
  readonly destroyed: DestroyResult;
}

/** Pull request 1 of the example: created, used, fenced, updated, destroyed. */
export async function tell(stage: Stage): Promise<StoryResult> {
  const { target, timeline } = stage;
  const kube = await connect(target);
  const first = await timeline.step(
    "deploy pull request 1 with a PostgreSQL of its own",
    () => deployCommit(stage, 0),
    ({ url, changes }) => `${url} (${changesText(changes)})`,
  );
  await timeline.step("open its URL, write an entry, read it back", () => writeAndRead(stage, first), String);
  const probes = await timeline.step(
    "try what the app must not reach, and what it must",
    () => proveFences(stage, kube, first.namespace),
    summarise,
  );
  const second = await timeline.step(
    "push a second commit: update in place",
    () => deployCommit(stage, 1),
    ({ changes }) => changesText(changes),
  );
  await timeline.step("read the entry from the second commit", () => readAfterUpdate(stage, second), String);
  const unchanged = await timeline.step(
    "deploy the same commit again",
    () => deployCommit(stage, 1),
    ({ outcome }) => outcome,
  );
  const destroyed = await timeline.step(
    "destroy it and look for what is left",
    () => destroyIt(stage),
    ({ receipt }) => `${receipt.left.length} resources left`,
  );
  return { first, second, unchanged, probes, destroyed };
}

function deployCommit(stage: Stage, index: 0 | 1): Promise<DeployResult> {
  const { signal, kill, progress } = stage;
  return deploy(
    stage.target,
    {
      config: loadConfig(join(example, "berth.yaml")),
      number: pullRequest,
      image: stage.images[index],
      commit: commits[index],
      branch: "demo",
      owner: whoAsks(),
    },
    { signal, kill, progress, who: whoAsks() },
  );
}

function destroyIt(stage: Stage): Promise<DestroyResult> {
  const { signal, kill, progress, target } = stage;
  const { projectId } = loadConfig(join(example, "berth.yaml"));
  return destroy(target, environmentName(projectId, pullRequest), { signal, kill, progress, who: whoAsks() });
}

interface Entries {
  entries: { message: string }[];
  total: number;
}

async function writeAndRead({ visitor }: Stage, { url, commit }: DeployResult): Promise<string> {
  await visitor.askUntil(url, "/health", (reply) => reply.status === 200 && reply.body.includes(commit));
  const written = await visitor.ask(url, "/api/entries", { body: { name: "Berth", message } });
  if (written.status !== 201) throw new Error(`writing an entry: status ${written.status}: ${written.body}`);
  return `${await countEntries(visitor, url)} in the guestbook`;
}

async function readAfterUpdate({ visitor }: Stage, { url, commit }: DeployResult): Promise<string> {
  await visitor.askUntil(url, "/health", (reply) => reply.status === 200 && reply.body.includes(commit));
  return `${await countEntries(visitor, url)} in the guestbook`;
}

async function countEntries(visitor: Visitor, url: string): Promise<string> {
  const reply = await visitor.ask(url, "/api/entries");
  if (reply.status !== 200) throw new Error(`reading entries: status ${reply.status}: ${reply.body}`);
  const { entries, total } = JSON.parse(reply.body) as Entries;
  if (!entries.some((entry) => entry.message === message)) throw new Error("the entry that was written is not there");
  return total === 1 ? "1 entry" : `${total} entries`;
}

/**
 * Shows that what must be out of reach answers when asked from the node, so that a refusal from the pod means something; then
 * asks from the pod.
 */
async function proveFences(stage: Stage, kube: Kube, namespace: string): Promise<readonly AttemptResult[]> {
  const outside = await stage.openOutside();
  try {
    const forbidden: Attempt[] = [
      { what: "an address on the Internet", host: outside.address, port: 80 },
      { what: "the cloud's metadata service", host: outside.metadataAddress, port: 80 },
    ];
    const fromNode = await probeWith(outside.onNode(proberCommand(process.execPath, forbidden)));
    const silent = fromNode.filter((result) => !result.connected);
    if (silent.length > 0) throw new Error(`from the node, which may: ${describe(silent)}`);
    const allowed: Attempt[] = [{ what: "its own database, found by DNS", host: "postgresql", port: 5432 }];
    const apiServer: Attempt = { what: "the API server", host: "kubernetes.default.svc.cluster.local", port: 443 };
    const results = await probeFromPod(stage.target, kube, stage.kubectl, namespace, [
      ...forbidden,
      apiServer,
      ...allowed,
    ]);
    const wrong = results.filter((result) => result.connected !== allowed.some(({ what }) => what === result.what));
    if (wrong.length > 0) throw new Error(`from the app's pod: ${describe(wrong)}`);
    return results;
  } finally {
    await outside.close();
  }
}

function describe(results: readonly AttemptResult[]): string {
  return results
    .map(({ what, connected, detail }) => `${what} ${connected ? "was reached" : "was not reached"} (${detail})`)
    .join("; ");
}

function summarise(results: readonly AttemptResult[]): string {
  const blocked = results.filter((result) => !result.connected).length;
  return `${blocked} blocked, ${results.length - blocked} reached`;
}
