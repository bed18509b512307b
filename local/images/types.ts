/** Every image that the embedded cluster can be given. */
export const imageNames = [
  "pause",
  "coredns",
  "postgres",
  "mariadb",
  "redis",
  "ferretdb",
  "versitygw",
  "sealed-secrets",
  "guestbook",
  "oauth-broker",
  "access-proxy",
  "egress-proxy",
  "canary",
] as const;

/** Name of an image, as in `localhost/berth/<name>`. */
export type ImageName = (typeof imageNames)[number];

/** What the builder tells while it works. */
export interface ImageProgress {
  /** Which image the message is about. */
  image: ImageName;
  /** `cached`: nothing to do. `waiting`: another process builds it. `building`: one step starts. `built`: ready. */
  phase: "cached" | "waiting" | "building" | "built";
  /** One line for people. */
  message: string;
  /** How long the step took on a 2-core machine with warm package mirrors, in seconds. Only with `building`. */
  estimateSeconds?: number;
  /** How long the whole image took, in seconds. Only with `built`. */
  seconds?: number;
}

/** Settings of {@link ensureImages}. */
export interface EnsureImagesOptions {
  /** Stops the build. What was being written is removed. */
  signal?: AbortSignal;
  /** Called at every step. */
  onProgress?: (progress: ImageProgress) => void;
  /** Absolute path of the `berth-node` binary of the toolchain. Needed for `coredns`, ignored otherwise. */
  berthNode?: string;
  /** Settings of the example app's image. */
  guestbook?: {
    /**
     * What the image says about its own build, for example a commit. Two versions give two digests that share all but
     * a layer of about 100 KiB.
     * @default "1"
     */
    version?: string;
  };
}

/** An image in the cache, ready for `ctr -n k8s.io images import`. */
export interface BuiltImage {
  /** Absolute path of an OCI image archive with this one image. */
  archive: string;
  /** The image by digest, `localhost/berth/<name>@sha256:…`. This is what workloads refer to. */
  ref: string;
  /** The name that the archive itself carries, `localhost/berth/<name>:<first 12 characters of the recipe's key>`. */
  tag: string;
  /** Digest of the image manifest, `sha256:…`. */
  digest: string;
}

/** Configuration of an OCI image, the part that differs between images. */
export interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd?: string[];
  WorkingDir?: string;
  ExposedPorts?: Record<string, object>;
  /** Signal with which the container is asked to stop. */
  StopSignal?: string;
  Labels?: Record<string, string>;
}

/** What a layer may use while it is filled. */
export interface FillContext {
  signal?: AbortSignal;
}

/** A layer of an image. */
export interface Layer {
  /** What is in it, in a few words. */
  label: string;
  /** Everything that decides its content: package names, file contents, versions. */
  inputs: readonly string[];
  /** Measured duration, in seconds. */
  estimateSeconds: number;
  /** Whether other images or versions have the same layer, so that it is worth keeping on its own. */
  shared: boolean;
  /** Puts the layer's files, with their modes and owners, in an empty folder. */
  fill(folder: string, context: FillContext): Promise<void>;
}

/** How an image is made. */
export interface Recipe {
  name: ImageName;
  /** From the bottom up. */
  layers: readonly Layer[];
  config: ImageConfig;
}
