import { z } from "zod";
import { APP_PROTOCOLS } from "../access";
import { checked, flag, options, port, switchable, text, whole } from "../fields";
import { BOUNDS, DEFAULT_SIZE, SIZES, SIZE_NAMES, isContainerCpu, isContainerMemory } from "../limits";
import { LIVENESS, READINESS, STARTUP } from "../probes";
import type { ProbeTimes } from "../probes";
import { list, path, variables } from "./values";

/** Most pods of one app or service at once: enough to try out what several of them do, without filling a shared node. */
const MOST_REPLICAS = 5;

/** The sizes with their figures, for the reference. */
const SIZES_TEXT = `Preset for what is not given below: ${SIZE_NAMES.map((name) => {
  const { requests, limits } = SIZES[name];
  return `${name} is ${requests.cpu} CPU and ${requests.memory}, at most ${limits.cpu} and ${limits.memory}`;
}).join("; ")}.`;

/** The fields of a mapping that have a value. */
function given<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

const { min, max } = BOUNDS.container;
const cpu = () => checked(`CPU from ${min.cpu} to ${max.cpu}, such as 250m or 0.5`, isContainerCpu);
const memory = () => checked(`memory from ${min.memory} to ${max.memory}, such as 256Mi`, isContainerMemory);

/** Where an app is asked for its health when the config does not say. */
export const DEFAULT_HEALTH_PATH = "/health";
export const healthPath = () => path("/health");

export const replicas = () => whole(1, MOST_REPLICAS).default(1);
const words = (what: string) =>
  list(z.string("text").max(4096, "text of at most 4096 characters"), 100, what).min(1, `at least one of the ${what}`);
export const command = () => words("words");
export const args = () => words("arguments");
export const protocol = () =>
  options(...APP_PROTOCOLS)
    .default("http")
    .describe(
      "What it speaks: `http` (websockets included), `h2c` (HTTP/2 without TLS; health checks still come by HTTP/1.1), or `grpc`, whose health checks are those of gRPC (grpc.health.v1) in place of healthPath.",
    );
export const env = (subject: string) =>
  variables().describe(
    `Variables for ${subject}, through a ConfigMap. Not for secrets: anyone who can read the repository reads them.`,
  );

const SIZE = `one of ${SIZE_NAMES.join(", ")}`;
const amounts = (subject: string) =>
  z.strictObject({
    cpu: cpu().optional().describe(`CPU ${subject}. The size's when left out.`),
    memory: memory().optional().describe(`Memory ${subject}. The size's when left out.`),
  });
export const resources = (subject: string) =>
  z
    .strictObject({
      size: z.enum(SIZE_NAMES, SIZE).default(DEFAULT_SIZE).describe(SIZES_TEXT),
      requests: amounts(`${subject} is promised`)
        .prefault({})
        .describe(`What the scheduler keeps free for ${subject}.`),
      limits: amounts(`${subject} may use at most`)
        .prefault({})
        .describe(`What ${subject} may use at most; above its memory it is killed.`),
    })
    .transform(({ size, requests, limits }) => ({
      size,
      requests: { ...SIZES[size].requests, ...given(requests) },
      limits: { ...SIZES[size].limits, ...given(limits) },
    }))
    .prefault({})
    .describe(`CPU and memory of ${subject}.`);

const DIRECTORY = "an absolute path without . or .., such as /app/tmp";
export const writableDirs = (subject: string) =>
  list(text(DIRECTORY, /^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._-]+)+$/), 10, "folders")
    .default([])
    .describe(`Folders ${subject} may write to, empty at each start of a pod. /tmp always is; all else is read-only.`);

const probeFields = (usual: ProbeTimes) => ({
  enabled: flag().optional().describe("Whether it is asked. Yes where there is a port to ask."),
  path: healthPath().optional().describe("Path that answers with 2xx or 3xx. healthPath when left out."),
  port: port().optional().describe("Port that is asked. The app's or service's own when left out."),
  tcp: flag().default(false).describe("Whether a connection is enough, without a request."),
  initialDelaySeconds: whole(0, 600).default(0).describe("Seconds before the first time."),
  periodSeconds: whole(1, 300).default(usual.periodSeconds).describe("Seconds from one time to the next."),
  timeoutSeconds: whole(1, 60).default(usual.timeoutSeconds).describe("Seconds that an answer may take."),
  failureThreshold: whole(1, 600).default(usual.failureThreshold).describe("Failures in a row that count as one."),
});
const startupFields = z.strictObject(probeFields(STARTUP));
const readinessFields = z.strictObject({
  ...probeFields(READINESS),
  successThreshold: whole(1, 10).default(1).describe("Answers in a row after which it counts as ready."),
});
const livenessFields = z.strictObject(probeFields(LIVENESS));
export const probes = (subject: string) =>
  z
    .strictObject({
      startup: switchable(startupFields)
        .prefault({})
        .describe(
          "Whether it has started. It has failureThreshold × periodSeconds for that, counted from when its container runs: pulling the image takes nothing of it.",
        ),
      readiness: switchable(readinessFields).prefault({}).describe("Whether it gets requests."),
      liveness: switchable(livenessFields).prefault({}).describe("Whether it still works; it is restarted when not."),
    })
    .prefault({})
    .describe(`How it is found out whether ${subject} has started, can serve and still works.`);
