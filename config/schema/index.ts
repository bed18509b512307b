import { z } from "zod";
import { text } from "../fields";
import { PROJECT_ID_PATTERN } from "../names";
import { app, image, services } from "./app";
import { mariadb, minio, mongodb, postgresql, redis, s3 } from "./databases";
import { jobs } from "./jobs";
import { budget, sleep, trigger, ttl } from "./lifetime";
import { access, egress, ingress, metrics, oauth } from "./network";
import { envFrom, externalSecrets, sealedSecrets } from "./secrets";
import { env, probes, resources, writableDirs } from "./workload";

export { DEFAULT_HEALTH_PATH } from "./workload";

/*
 * The one definition of berth.yaml: types, defaults, JSON Schema and error messages come from it. Names, places and defaults are
 * those of k8s-ee.yaml where it has the field.
 *
 * The message of each check says what is accepted, as a noun phrase: errors are composed around it (problems.ts).
 */

/** The schema of berth.yaml. `z.input` of it is what a person may write, `z.output` what the program reads. */
export const configSchema = z.strictObject(
  {
    projectId: text(
      "1 to 20 lower-case letters, digits and dashes, no dash at either end",
      PROJECT_ID_PATTERN,
    ).describe("Short name of the project. Namespace, host and stack of each environment start with it."),
    trigger,
    app: app.prefault({}).describe("How the app is reached."),
    image: image.prefault({}).describe("Where the app's image comes from."),
    env: env("the app"),
    envFrom: envFrom("the app"),
    sealedSecrets,
    externalSecrets,
    resources: resources("the app"),
    writableDirs: writableDirs("the app"),
    probes: probes("the app"),
    services,
    databases: z
      .strictObject({ postgresql, mariadb, redis, mongodb, s3, minio })
      .prefault({})
      .describe("Databases of the environment's own."),
    ingress: ingress.prefault({}).describe("The app's URL."),
    access: access.prefault({}).describe("Who may open the URLs of the app and of public services."),
    oauth: oauth.prefault({}).describe("Log-ins that the app or a service makes by itself."),
    metrics: metrics.prefault({}).describe("The app's metrics, for Prometheus."),
    ttl,
    sleep: sleep.prefault({}).describe("When its pods may be stopped."),
    budget: budget
      .prefault({})
      .describe("What the environment may ask for at most. A config that asks for more is refused, with the figures."),
    egress: egress.prefault({}).describe("What the app, its services and jobs may reach outside their environment."),
    jobs,
  },
  "a mapping of fields",
);

/** berth.yaml with every default filled in. */
export type Config = z.output<typeof configSchema>;
