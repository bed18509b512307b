import { MANAGED_BY, LABEL } from "../config/labels";
import { PLATFORM_NAMESPACE } from "../config/names";
import type { KubeObject } from "./kube";
import { livenessOf, type ProcessIdentity } from "./process";

/** What is wanted of an environment: that it is there, or that it is gone. */
export type Desired = "present" | "absent";

/** What a command asks for when it wants to work on an environment. */
export interface Request {
  readonly desired: Desired;
  /** The commit to deploy; empty for a destroy. */
  readonly commit: string;
  /**
   * Equal for two requests that lead to the same environment: the later one then waits for the earlier one instead of
   * stopping it.
   */
  readonly fingerprint: string;
}

/** A Lease of coordination.k8s.io/v1, as far as it is used here. */
export interface LeaseObject extends KubeObject {
  spec?: {
    holderIdentity?: string;
    leaseDurationSeconds?: number;
    acquireTime?: string;
    renewTime?: string;
    leaseTransitions?: number;
  };
}

/** Path of all Leases. */
export const leasesPath = `/apis/coordination.k8s.io/v1/namespaces/${PLATFORM_NAMESPACE}/leases`;

const annotation = {
  /** Counts the requests for this environment; the newest wins. */
  generation: "berth.dev/generation",
  desired: "berth.dev/desired-state",
  commit: "berth.dev/desired-commit",
  fingerprint: "berth.dev/desired-fingerprint",
  /** The holder in full, so that the same machine can see whether it still runs. */
  holder: "berth.dev/holder",
  /** What the holder is doing: `present` or `absent`. A destroy is never stopped for a deploy. */
  doing: "berth.dev/doing",
} as const;

/** A Lease in terms of the lifecycle. */
export interface LeaseView {
  readonly name: string;
  readonly generation: number;
  readonly desired: Desired;
  readonly commit: string;
  readonly fingerprint: string;
  /** Undefined when nobody holds it. */
  readonly holder?: {
    readonly identity: string;
    readonly process?: ProcessIdentity;
    readonly doing: Desired;
    /** Milliseconds since 1970, by the API server's clock. */
    readonly expires: number;
    readonly since: string;
  };
}

/** Reads a Lease; one that somebody else made, without the annotations, counts as generation 0. */
export function viewLease(lease: LeaseObject): LeaseView {
  const notes = lease.metadata.annotations ?? {};
  const { holderIdentity = "", renewTime = "", leaseDurationSeconds = 0, acquireTime = "" } = lease.spec ?? {};
  return {
    name: lease.metadata.name,
    generation: Number(notes[annotation.generation] ?? 0),
    desired: notes[annotation.desired] === "absent" ? "absent" : "present",
    commit: notes[annotation.commit] ?? "",
    fingerprint: notes[annotation.fingerprint] ?? "",
    ...(holderIdentity === ""
      ? {}
      : {
          holder: {
            identity: holderIdentity,
            process: parseHolder(notes[annotation.holder]),
            doing: notes[annotation.doing] === "absent" ? "absent" : "present",
            expires: Date.parse(renewTime) + leaseDurationSeconds * 1000,
            since: acquireTime,
          },
        }),
  };
}

function parseHolder(text: string | undefined): ProcessIdentity | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** `free`: nobody holds it; `dead`: its holder has ended on this machine; `expired`: it was not renewed; `held`. */
export type Availability = "free" | "dead" | "expired" | "held";

/**
 * Whether a Lease can be taken.
 *
 * @param now By the API server's clock, milliseconds since 1970.
 * @param here This process, to judge holders on the same machine.
 */
export function availability(lease: LeaseView, now: number, here: ProcessIdentity): Availability {
  if (!lease.holder) return "free";
  const { process: holder, expires } = lease.holder;
  const liveness = holder ? livenessOf(holder, here) : "unknown";
  if (liveness === "dead") return "dead";
  if (Number.isNaN(expires) || expires < now) return "expired";
  return "held";
}

/** What a command that holds or awaits a Lease does when the Lease has changed. */
export type Reaction = "continue" | "hand-over";

/**
 * Whether a command still does what is wanted. The newest request wins; a destroy, once it works, goes to its end, because
 * stopping it half-way gains nobody anything; an equal request does not stop its like.
 *
 * @param mine The request's own generation.
 * @param working Whether this command holds the Lease.
 */
export function react(lease: LeaseView, mine: number, request: Request, working: boolean): Reaction {
  if (lease.generation <= mine) return "continue";
  if (request.desired === "absent") return working || lease.desired === "absent" ? "continue" : "hand-over";
  if (lease.desired === "absent") return "hand-over";
  return lease.fingerprint === request.fingerprint ? "continue" : "hand-over";
}

/** The Lease with a new request noted in it. */
export function withRequest(lease: LeaseObject, request: Request, generation: number): LeaseObject {
  return withNotes(lease, {
    [annotation.generation]: String(generation),
    [annotation.desired]: request.desired,
    [annotation.commit]: request.commit,
    [annotation.fingerprint]: request.fingerprint,
  });
}

/** The Lease taken by a holder. */
export function withHolder(
  lease: LeaseObject,
  identity: string,
  holder: ProcessIdentity,
  doing: Desired,
  now: number,
  durationSeconds: number,
): LeaseObject {
  const time = microTime(now);
  return {
    ...withNotes(lease, { [annotation.holder]: JSON.stringify(holder), [annotation.doing]: doing }),
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: durationSeconds,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: (lease.spec?.leaseTransitions ?? 0) + 1,
    },
  };
}

/** The Lease kept for another period. */
export function renewed(lease: LeaseObject, now: number): LeaseObject {
  return { ...lease, spec: { ...lease.spec, renewTime: microTime(now) } };
}

/** The Lease without a holder. */
export function released(lease: LeaseObject): LeaseObject {
  const held: readonly string[] = [annotation.holder, annotation.doing];
  const notes = Object.fromEntries(
    Object.entries(lease.metadata.annotations ?? {}).filter(([key]) => !held.includes(key)),
  );
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: notes },
    spec: { leaseTransitions: lease.spec?.leaseTransitions ?? 0 },
  };
}

/** A Lease that nobody holds yet. */
export function newLease(name: string): LeaseObject {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name, namespace: PLATFORM_NAMESPACE, labels: { [LABEL.managedBy]: MANAGED_BY } },
    spec: {},
  };
}

/** Another note in a Lease, such as the fingerprint of the platform. */
export function withNotes(lease: LeaseObject, notes: Record<string, string>): LeaseObject {
  const annotations = { ...lease.metadata.annotations, ...notes };
  return { ...lease, metadata: { ...lease.metadata, annotations } };
}

/** The API's MicroTime. */
function microTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace("Z", "000Z");
}
