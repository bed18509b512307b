import { z } from "zod";
import { ENGINES, ENGINE_TITLES, INJECTED_DATABASE, MINIO_VARIABLES } from "./databases";
import { configSchema } from "./schema";
import { DATABASE_WAIT_SECONDS, INJECTED, PULL_SECONDS } from "./workloads";

/** One field of berth.yaml, as the reference shows it. */
interface Field {
  /** `*` stands for any place in a list and any key of a mapping. */
  path: string;
  accepted: string;
  /** As it would be written; undefined for a required or an optional field without one. */
  default: string | undefined;
  isRequired: boolean;
  meaning: string;
}

/** JSON Schema of berth.yaml, for editors. */
export function configJsonSchema(): object {
  return { ...z.toJSONSchema(configSchema, { io: "input" }), title: "berth.yaml" };
}

/** The reference of berth.yaml in Markdown. */
export function configReference(): string {
  return `# berth.yaml

Written from \`config/schema/\` by \`UPDATE_GOLDEN=1 npm test\`; do not edit by hand.

The smallest one is \`projectId: shop\`. A \`k8s-ee.yaml\` works too, see [k8s-ee.md](k8s-ee.md). An unknown field is an error, with the field that
was most likely meant.

Editors check the file as you type with \`# yaml-language-server: $schema=\` and the path of \`docs/berth.schema.json\` as its first line.

${fieldTable(configSchema)}

## Variables that every app gets

${code(INJECTED)}. With a database also:

${ENGINES.map((engine) => `- ${ENGINE_TITLES[engine]}: ${code(INJECTED_DATABASE[engine])}`).join("\n")}
- the same as \`databases.minio\`: ${code(MINIO_VARIABLES)}

They cannot be set in \`env\`. Without an Ingress there is no \`PREVIEW_URL\`.

## Services

Each entry of \`services\` runs beside the app: a Deployment, a Service and an identity of its own, under the same fences. It gets the app's variables,
with \`PORT\` as its own port, and those of the \`databases\` that it names. The app and all services are told where the others are. For a service \`my-api\`:

- \`SERVICE_MY_API_HOST\` and \`SERVICE_MY_API_PORT\`: \`my-api\` and its \`port\`
- \`SERVICE_MY_API_URL\`: \`http://my-api:{port}\`, inside the environment only
- \`PUBLIC_MY_API_URL\`: its URL behind the gateway, if it is \`public\`

Services know the app as \`SERVICE_APP_HOST\`, \`SERVICE_APP_PORT\` and \`SERVICE_APP_URL\`. App and services reach each other's ports; the gateway reaches only what has a URL. A new or renamed
service restarts the others, since what they are told changes; databases are not touched.

The image is the app's own (a worker with a \`command\` of its own), one by digest in the file, or one of a repository in the file that the deploy names: \`berth deploy --service-image my-api=ghcr.io/acme/my-api@sha256:…\`.

## Time to start

A start has the time of \`probes.startup\`, counted from when the container runs. Pulling images has ${PULL_SECONDS / 60} minutes of its own and takes nothing of it: the rollout's deadline is
pull + wait for the databases (${DATABASE_WAIT_SECONDS} s) + start + readiness. A start that takes longer ends the deploy at once, with the container's last log lines.
`;
}

/** The fields of a config as a table in Markdown. Under `*` it has those that have a meaning of their own. */
export function fieldTable(schema: z.ZodType): string {
  const rows = fieldsOf(schema, "").map(
    ({ path, accepted, default: byDefault, isRequired, meaning }) =>
      `| \`${path}\` | ${accepted} | ${isRequired ? "required" : byDefault === undefined ? "" : `\`${byDefault}\``} | ${meaning} |`,
  );
  return ["| field | accepted | default | meaning |", "|---|---|---|---|", ...rows.map(escapePipes)].join("\n");
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ");
}

/** Keeps a pipe inside a cell from ending it. */
function escapePipes(row: string): string {
  return row.replace(/(?<=\S)\|(?=\S)/g, "\\|");
}

function fieldsOf(schema: z.ZodType, path: string, outer: { default?: string; isOptional?: boolean } = {}): Field[] {
  const { def } = (schema as unknown as z.core.$ZodTypes)._zod;
  const into = (inner: unknown, key: string, context = {}) =>
    fieldsOf(inner as z.ZodType, path === "" ? key : `${path}.${key}`, context);
  const through = (inner: unknown, context: typeof outer) => {
    const described = describe(schema);
    return fieldsOf(inner as z.ZodType, path, { ...outer, ...context }).map((field) =>
      field.path === path && described !== "" ? { ...field, meaning: described } : field,
    );
  };
  switch (def.type) {
    case "object":
      return Object.entries(def.shape).flatMap(([key, inner]) => into(inner, key));
    case "array":
      return [own(schema, path, outer), ...into(def.element, "*").filter((field) => field.meaning !== "")];
    case "record":
      return [own(schema, path, outer), ...into(def.valueType, "*").filter((field) => field.meaning !== "")];
    case "union":
      return [
        own(schema, path, outer),
        ...def.options.flatMap((option) => fieldsOf(option as z.ZodType, path)).filter((field) => field.path !== path),
      ];
    case "pipe":
      return through(def.in, {});
    case "optional":
      return through(def.innerType, { isOptional: true });
    case "default":
    case "prefault":
      return through(def.innerType, { isOptional: true, default: JSON.stringify(def.defaultValue) });
    default:
      return [own(schema, path, outer)];
  }
}

function own(schema: z.ZodType, path: string, outer: { default?: string; isOptional?: boolean }): Field {
  // What is accepted is what an error says: the message for a value of no fitting type.
  const accepted = schema.safeParse(Symbol(path)).error?.issues[0]?.message ?? "";
  return {
    path,
    accepted,
    default: outer.default,
    isRequired: outer.isOptional !== true && !path.includes("*"),
    meaning: describe(schema),
  };
}

function describe(schema: z.ZodType): string {
  return schema.description ?? "";
}
