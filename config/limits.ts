import type { Engine } from "./databases";
import { isBytes, isCpu, parseBytes, parseCpu } from "./quantity";

/** CPU and memory of one container. A type, not an interface, so that it fits where Kubernetes takes any resource name. */
export type Amounts = {
  cpu: string;
  memory: string;
};

/** What a container is promised and what it may use at most. */
export interface Resources {
  requests: Amounts;
  limits: Amounts;
}

/** Bounds that a LimitRange puts on every container, pod and volume of an environment. Figures as in k8s-ee. */
export const BOUNDS = {
  container: {
    min: { cpu: "10m", memory: "32Mi" },
    max: { cpu: "1", memory: "1Gi" },
    /** For containers that ask for nothing, such as one started by `kubectl debug`. */
    defaultRequest: { cpu: "100m", memory: "128Mi" },
    default: { cpu: "500m", memory: "512Mi" },
  },
  pod: { max: { cpu: "2", memory: "2Gi" } },
  volume: { min: "100Mi", max: "5Gi" },
} as const;

/**
 * Bounds of a job. With six retries the Job controller's pauses (10 s, doubled each time, at most 6 minutes: Kubernetes, "Jobs, Pod
 * backoff failure policy") stay under that cap and add up to ten and a half minutes.
 */
export const JOB_BOUNDS = { retries: 6, timeout: { min: "1s", max: "1h" } } as const;

/** Names of the presets, smallest first. */
export const SIZE_NAMES = ["small", "medium", "large"] as const;

/** The preset of a config that names none: what k8s-ee gives an app. */
export const DEFAULT_SIZE = "small";

/** What an app or service is promised and may use, by the size that its config names. */
export const SIZES: Record<(typeof SIZE_NAMES)[number], Resources> = {
  /** Figures as in k8s-ee. */
  small: { requests: { cpu: "50m", memory: "128Mi" }, limits: { cpu: "200m", memory: "384Mi" } },
  /** What LimitRange allows a container that asks for nothing (`BOUNDS`), with twice the promise of a small one. */
  medium: { requests: { cpu: "100m", memory: "256Mi" }, limits: { cpu: "500m", memory: "512Mi" } },
  /** The most that one container of a preview may use (`BOUNDS`), with half of its memory promised. */
  large: { requests: { cpu: "250m", memory: "512Mi" }, limits: { cpu: "1", memory: "1Gi" } },
};

/** Each init container that waits for a database: it asks by the database's own check, a few times a second. */
export const WAIT_RESOURCES: Resources = {
  requests: { cpu: "10m", memory: "32Mi" },
  limits: { cpu: "100m", memory: "64Mi" },
};

/** A job that fills a new database: a client that reads a file of at most half a mebibyte. */
export const SEED_RESOURCES: Resources = {
  requests: { cpu: "50m", memory: "64Mi" },
  limits: { cpu: "500m", memory: "256Mi" },
};

/** What each database of a preview is promised and may use. */
export const DATABASE_RESOURCES: Record<Engine, Resources> = {
  /**
   * Default shared buffers (128 MiB) and connections (100) fit, and half a core seeds a small data set without starving the
   * app.
   */
  postgresql: {
    requests: { cpu: "100m", memory: "256Mi" },
    limits: { cpu: "500m", memory: "512Mi" },
  },
  /** As much as PostgreSQL, for the same reasons: the default buffer pool is 128 MiB, the default connections are 151. */
  mariadb: {
    requests: { cpu: "100m", memory: "256Mi" },
    limits: { cpu: "500m", memory: "512Mi" },
  },
  /** Figures as in k8s-ee. */
  redis: {
    requests: { cpu: "100m", memory: "64Mi" },
    limits: { cpu: "200m", memory: "128Mi" },
  },
  /** Figures as in k8s-ee. The server's cache is set to what fits, see components/pr-environment/databases/mongodb.ts. */
  mongodb: {
    requests: { cpu: "100m", memory: "256Mi" },
    limits: { cpu: "500m", memory: "512Mi" },
  },
  /** Half of what k8s-ee gives to MinIO: the gateway keeps nothing in memory but the requests that it is at. */
  s3: {
    requests: { cpu: "50m", memory: "128Mi" },
    limits: { cpu: "500m", memory: "256Mi" },
  },
};

/**
 * The proxy in front of an app with access.mode oidc. Apache with 2 processes of 64 threads needs some 30 MiB; half a core is
 * several hundred requests a second.
 */
export const PROXY_RESOURCES: Resources = {
  requests: { cpu: "20m", memory: "48Mi" },
  limits: { cpu: "500m", memory: "192Mi" },
};

/**
 * The egress proxy: it passes bytes on and keeps none. Squid without a cache takes some 30 MiB; the rest is for buffers of open
 * connections, 64 KiB each way.
 */
export const EGRESS_PROXY_RESOURCES: Resources = {
  requests: { cpu: "20m", memory: "64Mi" },
  limits: { cpu: "500m", memory: "192Mi" },
};

/**
 * Share of its memory limit that a Redis may fill with data. When it rewrites its file a copy of what changes meanwhile takes
 * memory too, in the worst case as much again.
 */
export const REDIS_DATA_SHARE = 0.5;

/** Size of each writable folder of an app; it counts against the node's disk, so it has a bound. */
export const WRITABLE_DIR_SIZE = "512Mi";

/** Whether a container may ask for this much CPU. */
export function isContainerCpu(text: string): boolean {
  const { min, max } = BOUNDS.container;
  return isCpu(text) && parseCpu(text) >= parseCpu(min.cpu) && parseCpu(text) <= parseCpu(max.cpu);
}

/** Whether a container may ask for this much memory. */
export function isContainerMemory(text: string): boolean {
  const { min, max } = BOUNDS.container;
  return isBytes(text) && parseBytes(text) >= parseBytes(min.memory) && parseBytes(text) <= parseBytes(max.memory);
}

/** Whether a volume may have this size. */
export function isVolumeSize(text: string): boolean {
  const { min, max } = BOUNDS.volume;
  return isBytes(text) && parseBytes(text) >= parseBytes(min) && parseBytes(text) <= parseBytes(max);
}
