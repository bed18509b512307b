import { randomUUID } from "node:crypto";
import { PLATFORM_NAMESPACE } from "../config/names";
import { BerthError, ExitCode, messageOf } from "./errors";
import { isStatus, pause, type Kube } from "./kube";
import {
  availability,
  leasesPath,
  newLease,
  react,
  released,
  renewed,
  viewLease,
  withHolder,
  withRequest,
  type LeaseObject,
  type LeaseView,
  type Request,
} from "./lease";
import { thisProcess } from "./process";

/** A Lease that is not renewed for this long belongs to nobody. Seconds. */
const leaseSeconds = 20;

/** How often it is renewed. Milliseconds; a quarter of the duration, so that two lost requests do no harm. */
const renewEvery = 5_000;

/** How often a command looks whether the Lease that it waits for has become free. Milliseconds. */
const pollEvery = 500;

/** Why a command must stop working although nothing of its own has failed. */
export type StopReason = "superseded" | "lease-lost";

/** What {@link acquire} needs beside the request. */
export interface AcquireOptions {
  /** How long to wait for the present holder. Milliseconds. @default 900000 */
  readonly patience?: number;
  /**
   * Whether to stand in line behind whoever works or waits, and to stop nobody: for what an environment is, not what it shall be.
   * The request then repeats the commit and the fingerprint of the newest one.
   *
   * @default false
   */
  readonly behind?: boolean;
  /** Called once when there is somebody to wait for. */
  readonly onWait?: (holder: string, doing: LeaseView["desired"]) => void;
  readonly signal?: AbortSignal;
}

/** The right to work on one environment. */
export interface Held {
  readonly generation: number;
  /** Whether the previous holder ended without giving the Lease back: its work is half done. */
  readonly inherited: boolean;
  /** Whether that holder was elsewhere and is known to be gone only by the time that has passed. */
  readonly expired: boolean;
  /** Aborts, with a {@link StopReason} as its reason, when the work has to stop. */
  readonly stop: AbortSignal;
  /** Gives the Lease back. */
  release(): Promise<void>;
  /** Deletes it with the environment that it was for, unless somebody else waits for it. */
  remove(): Promise<void>;
}

/**
 * Asks for the right to work on an environment and waits for it: the Lease of that name in `berth-system`, taken by
 * compare-and-swap on its resource version.
 *
 * @param name The environment's name.
 * @returns undefined when there is no `berth-system` yet, hence nobody else who works on the cluster.
 * @throws BerthError (busy) when a newer request has taken this one's place, patience has run out, or a request that stands behind
 *   others finds that the environment is to go.
 */
export async function acquire(
  kube: Kube,
  name: string,
  wanted: Request,
  options: AcquireOptions = {},
): Promise<Held | undefined> {
  const noted = await noteRequest(kube, name, wanted, options.behind);
  if (noted === undefined) return undefined;
  let { lease, request }: { lease: LeaseObject | undefined; request: Request } = noted;
  const here = thisProcess();
  const identity = `${here.user}@${here.host}/${here.pid}/${randomUUID().slice(0, 8)}`;
  const deadline = Date.now() + (options.patience ?? 900_000);
  let mine = viewLease(noted.lease).generation;
  let told = false;
  for (;;) {
    if (options.signal?.aborted) throw interrupted();
    if (lease === undefined) {
      // The environment that was waited for has been destroyed, and its Lease with it.
      const again = await noteRequest(kube, name, wanted, options.behind);
      if (again === undefined) return undefined;
      ({ lease, request } = again);
      mine = viewLease(again.lease).generation;
    }
    const view = viewLease(lease);
    if (react(view, mine, request, false) === "hand-over") throw superseded(name, view);
    const state = availability(view, kube.now(), here);
    if (state !== "held") {
      const taken = await replace(kube, withHolder(lease, identity, here, request.desired, kube.now(), leaseSeconds));
      if (taken !== undefined) {
        return hold(kube, taken, identity, mine, request, {
          inherited: state !== "free",
          expired: state === "expired",
        });
      }
    } else {
      const holder = view.holder?.identity ?? "";
      if (!told) options.onWait?.(holder, view.holder?.doing ?? "present");
      told = true;
      if (Date.now() > deadline) throw stillBusy(name, holder);
      await pause(pollEvery, options.signal);
    }
    lease = await kube.find<LeaseObject>(`${leasesPath}/${name}`);
  }
}

/** Writes the request into the Lease, as its newest generation. */
async function noteRequest(
  kube: Kube,
  name: string,
  wanted: Request,
  behind = false,
): Promise<{ lease: LeaseObject; request: Request } | undefined> {
  for (;;) {
    const present = await kube.find<LeaseObject>(`${leasesPath}/${name}`);
    if (present === undefined) {
      try {
        const lease = await kube.post<LeaseObject>(leasesPath, withRequest(newLease(name), wanted, 1));
        return { lease, request: wanted };
      } catch (error) {
        if (isStatus(error, 404)) return undefined;
        if (isStatus(error, 409)) continue;
        // A namespace that is being deleted takes no new objects.
        if (isStatus(error, 403) && error.message.includes("being terminated")) throw platformLeaving(error);
        throw error;
      }
    }
    const view = viewLease(present);
    if (behind && view.desired === "absent") throw leaving(name);
    const request = behind ? { ...wanted, commit: view.commit, fingerprint: view.fingerprint } : wanted;
    const lease = await replace(kube, withRequest(present, request, view.generation + 1));
    if (lease !== undefined) return { lease, request };
  }
}

/** Replaces the Lease if nobody has changed it since it was read; undefined if somebody has. */
async function replace(kube: Kube, lease: LeaseObject): Promise<LeaseObject | undefined> {
  try {
    return await kube.put<LeaseObject>(`${leasesPath}/${lease.metadata.name}`, lease);
  } catch (error) {
    if (isStatus(error, 409) || isStatus(error, 404)) return undefined;
    throw error;
  }
}

function hold(
  kube: Kube,
  taken: LeaseObject,
  identity: string,
  generation: number,
  request: Request,
  how: { inherited: boolean; expired: boolean },
): Held {
  const name = taken.metadata.name;
  const path = `${leasesPath}/${name}`;
  const stop = new AbortController();
  const end = new AbortController();
  // A function, since the compiler takes a signal that it has seen unaborted to stay so.
  const hasEnded = () => end.signal.aborted;
  let renewedAt = Date.now();

  /** Looks at a fresh copy of the Lease; false when it is no longer ours. */
  const check = (lease: LeaseObject | undefined): lease is LeaseObject => {
    if (end.signal.aborted) return false;
    const view = lease && viewLease(lease);
    if (view?.holder?.identity !== identity) {
      stop.abort("lease-lost" satisfies StopReason);
      return false;
    }
    if (react(view, generation, request, true) === "hand-over") stop.abort("superseded" satisfies StopReason);
    return true;
  };

  const renewal = (async () => {
    while (!end.signal.aborted) {
      await pause(renewEvery, end.signal);
      if (hasEnded()) return;
      try {
        const lease = await kube.find<LeaseObject>(path);
        if (!check(lease)) return;
        if (await replace(kube, renewed(lease, kube.now()))) renewedAt = Date.now();
      } catch {
        // The API server may be away for a moment; what counts is whether the Lease has run out.
        if (Date.now() - renewedAt > leaseSeconds * 1000) stop.abort("lease-lost" satisfies StopReason);
      }
    }
  })();
  const watching = kube.watch<LeaseObject>(
    leasesPath,
    { fieldSelector: `metadata.name=${name}` },
    end.signal,
    (event) => {
      if (event.type === "ADDED" || event.type === "MODIFIED") check(event.object);
    },
  );

  const finish = async (change: (lease: LeaseObject, view: LeaseView) => Promise<boolean>) => {
    end.abort();
    await Promise.all([renewal, watching]);
    for (;;) {
      const lease = await kube.find<LeaseObject>(path);
      const view = lease && viewLease(lease);
      if (lease === undefined || view?.holder?.identity !== identity) return;
      if (await change(lease, view)) return;
    }
  };
  return {
    generation,
    ...how,
    stop: stop.signal,
    release: () => finish(async (lease) => (await replace(kube, released(lease))) !== undefined),
    remove: () =>
      finish(async (lease, view) => {
        if (view.generation > generation) return (await replace(kube, released(lease))) !== undefined;
        const { uid, resourceVersion } = lease.metadata;
        try {
          await kube.delete(path, { preconditions: { uid, resourceVersion } });
          return true;
        } catch (error) {
          if (isStatus(error, 409)) return false;
          throw error;
        }
      }),
  };
}

/** The Lease of an environment as it stands, or undefined. */
export async function findLease(kube: Kube, name: string): Promise<LeaseView | undefined> {
  const lease = await kube.find<LeaseObject>(`${leasesPath}/${name}`);
  return lease && viewLease(lease);
}

/** The error of a command whose place a newer request has taken. */
export function superseded(name: string, lease?: LeaseView): BerthError {
  const by =
    lease === undefined
      ? "a newer request"
      : lease.desired === "absent"
        ? "a request to destroy it"
        : `a newer deploy${lease.commit === "" ? "" : ` (commit ${lease.commit.slice(0, 12)})`}`;
  return new BerthError(`${by} for ${name} has taken the place of this one`, {
    fix: "nothing is to be done: the newer one goes on.",
    exitCode: ExitCode.busy,
  });
}

/** The error of a command that the user has interrupted. */
export function interrupted(): BerthError {
  return new BerthError("interrupted", {
    fix: "run the same command again: it continues where this one stopped.",
    exitCode: ExitCode.interrupted,
  });
}

/** The error of a holder that could not keep its Lease. */
export function leaseLost(name: string): BerthError {
  return new BerthError(
    `the Lease ${PLATFORM_NAMESPACE}/${name} was lost: the API server did not answer for ${leaseSeconds} s`,
    {
      fix: "see that the cluster is well, then run the same command again: it continues where this one stopped.",
      exitCode: ExitCode.noCluster,
    },
  );
}

function leaving(name: string): BerthError {
  return new BerthError(`${name} is to be destroyed: that was the last request`, {
    fix: "nothing is to be done; or deploy it again first.",
    exitCode: ExitCode.busy,
  });
}

function stillBusy(name: string, holder: string): BerthError {
  return new BerthError(`${name} is still being worked on by ${holder}`, {
    fix: "wait until it is done, or stop it there with Ctrl-C; a holder that has died is replaced by itself within half a minute.",
    exitCode: ExitCode.busy,
  });
}

function platformLeaving(error: unknown): BerthError {
  return new BerthError(`the namespace ${PLATFORM_NAMESPACE} is being deleted: ${messageOf(error)}`, {
    fix: "wait until it is gone, then run the command again.",
    exitCode: ExitCode.busy,
  });
}
