/* Probes of an app or service: their usual times, and which of them there are. */

/** How often and how patiently a probe asks. */
export interface ProbeTimes {
  /** Seconds from one time to the next. */
  periodSeconds: number;
  /** Seconds that an answer may take. */
  timeoutSeconds: number;
  /** Failures in a row that count as one. */
  failureThreshold: number;
}

/** Asked each second, so that a start costs no more than it takes; two minutes are what the slowest usual frameworks need on half a core. */
export const STARTUP: ProbeTimes = { periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 };

/** Nine seconds of silence take a pod out of service. */
export const READINESS: ProbeTimes = { periodSeconds: 3, timeoutSeconds: 3, failureThreshold: 3 };

/** A minute of silence before a restart: an app that is busy is better than one that starts. */
export const LIVENESS: ProbeTimes = { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 };

/** Longest time in seconds that a config may give an app for its start. */
export const MOST_STARTUP_SECONDS = 1800;

/** What a config says about one probe. */
export interface ProbeSettings extends ProbeTimes {
  enabled?: boolean | undefined;
  path?: string | undefined;
  port?: number | undefined;
  tcp: boolean;
  initialDelaySeconds: number;
  successThreshold?: number;
}

/** Whether a probe is asked: as the config says, else wherever there is a port to ask. */
export function isAsked(probe: ProbeSettings, port: number | undefined): boolean {
  return (probe.port ?? port) !== undefined && probe.enabled !== false;
}

/** Seconds that a start may take once the container runs; 0 without a startup probe. */
export function startupSeconds(startup: ProbeSettings, port: number | undefined): number {
  if (!isAsked(startup, port)) return 0;
  return startup.initialDelaySeconds + startup.periodSeconds * startup.failureThreshold;
}
