import { z } from "zod";
import { ENGINES } from "../engines";
import { checked, flag, port, text } from "../fields";
import { isImageByDigest } from "../image";
import { SERVICE_NAME_PATTERN } from "../names";
import { envFrom } from "./secrets";
import { RELATIVE_PATH, list, path } from "./values";
import {
  DEFAULT_HEALTH_PATH,
  args,
  command,
  env,
  healthPath,
  probes,
  protocol,
  replicas,
  resources,
  writableDirs,
} from "./workload";

/** Most services of one environment: beyond that a preview is no longer one application. */
const MOST_SERVICES = 10;

export const app = z.strictObject({
  port: port()
    .default(3000)
    .describe(
      "Port the app listens on, also given to it as PORT. Container, Service, NetworkPolicy and Ingress follow it.",
    ),
  healthPath: healthPath()
    .default(DEFAULT_HEALTH_PATH)
    .describe(
      "Path that answers with 2xx or 3xx when the app can serve. Start, readiness and liveness probes ask for it.",
    ),
  metricsPath: path("/metrics")
    .default("/metrics")
    .describe("Path of the app's metrics in Prometheus' format, asked for where `metrics.enabled` is true."),
  protocol: protocol(),
  replicas: replicas().describe("Pods of the app that run at once. They share nothing but the databases."),
  command: command().optional().describe("Program to run instead of the image's ENTRYPOINT, word by word."),
  args: args().optional().describe("Arguments instead of the image's CMD. With a command the image's CMD is not used."),
});
const RELATIVE = "a path inside the repository, such as services/shop";
const relative = () => text(RELATIVE, RELATIVE_PATH).max(256, RELATIVE);

const REPOSITORY = /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$|^[a-z0-9]+([._-]+[a-z0-9]+)*$/;
export const image = z.strictObject({
  context: relative()
    .default(".")
    .describe("Folder that `berth build` gives to the image's build, seen from the config's folder."),
  dockerfile: relative()
    .default("Dockerfile")
    .describe("Dockerfile that `berth build` builds the app's image from, seen from `image.context`."),
  repository: text("a repository without tag, such as ghcr.io/acme/shop", REPOSITORY)
    .optional()
    .describe(
      "Repository that the app's image must come from. An image from anywhere else is refused. Any when left out.",
    ),
});

const SERVICE_NAME =
  "1 to 20 lower-case letters, digits and dashes that begin with a letter and do not end with a dash";
const SERVICE_IMAGE =
  "an image by digest such as docker.io/library/nginx@sha256:…, or a repository whose image the deploy gives";
const service = z.strictObject(
  {
    name: text(SERVICE_NAME, SERVICE_NAME_PATTERN).describe(
      "Name of the service: its host inside the environment, and part of its URL if it is public.",
    ),
    image: checked(SERVICE_IMAGE, (value) => isImageByDigest(value) || REPOSITORY.test(value))
      .optional()
      .describe(
        "Its image by digest; or a repository, of which `berth deploy --service-image` must give one. The app's image when left out.",
      ),
    port: port()
      .optional()
      .describe(
        "Port it listens on, also given to it as PORT. None for one that nobody connects to, such as a worker.",
      ),
    extraPorts: list(port(), 10, "ports")
      .default([])
      .describe("Further ports that the app and the other services reach."),
    public: flag()
      .default(false)
      .describe("Whether its port gets a URL behind the gateway, https://{projectId}-pr-{number}-{name}.{domain}."),
    protocol: protocol(),
    healthPath: healthPath().default(DEFAULT_HEALTH_PATH).describe("Path that its probes ask for."),
    replicas: replicas().describe("Pods of it that run at once."),
    command: command().optional().describe("Program to run instead of the image's ENTRYPOINT, word by word."),
    args: args().optional().describe("Arguments instead of the image's CMD."),
    env: env("the service"),
    envFrom: envFrom("the service"),
    resources: resources("the service"),
    writableDirs: writableDirs("the service"),
    probes: probes("the service"),
    databases: list(z.enum(ENGINES, `one of ${ENGINES.join(", ")}`), ENGINES.length, "databases")
      .default([])
      .describe("Databases of the environment that it reaches, waits for and gets the variables of."),
  },
  "a mapping with name",
);
export const services = list(service, MOST_SERVICES, "services")
  .default([])
  .describe("Further parts of the application, each with pods of its own beside the app.");
