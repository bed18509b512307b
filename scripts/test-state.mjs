// Where the clusters of a test run keep their state. Each run has a folder of its own, so that two runs, and the user's own
// clusters, do not meet.
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

const given = process.env.XDG_STATE_HOME;
const parent = given && isAbsolute(given) ? given : join(homedir(), ".local/state");
const prefix = "berth-test-";

/** The folder of this run. */
export const ownState = join(parent, `${prefix}${process.pid}`);

/** Folders of runs that were killed. */
export function abandonedStates() {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length)}`))
    .map((name) => join(parent, name));
}

/** Whether a state folder has clusters, running or not. */
export function hasClusters(state) {
  return existsSync(join(state, "clusters"));
}
