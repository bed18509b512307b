import { Document } from "yaml";
import type { Draft, Note } from "./init-draft";
import { parseConfigText } from "./load";
import { PROJECT_ID_PATTERN } from "./names";
import { examine } from "./parse";
import { formatPath } from "./problems";
import { configJsonSchema } from "./reference";
import type { Config } from "./schema";

/** A first berth.yaml. */
export interface FirstConfig {
  /** The file's text. It passes `berth config check`. */
  text: string;
  /** The same with every default filled in. */
  config: Config;
  notes: Note[];
}

/** What a first berth.yaml is written with. */
export interface FirstConfigOptions {
  /** File that it is made from, for its first lines; undefined for none. */
  from?: string;
  /** Name of the project unless the draft has one, such as the folder's. */
  name: string;
  /** Where editors find the JSON Schema, seen from the file; undefined for no such line. */
  schema?: string;
}

type Mapping = Record<string, unknown>;

/** Names of the databases that berth.yaml has. */
export function databaseEngines(): string[] {
  const { properties } = configJsonSchema() as { properties: { databases: { properties: object } } };
  return Object.keys(properties.databases.properties);
}

/**
 * Makes a first berth.yaml of what another file says. What the schema does not accept is left out and named, so that the
 * result is always accepted.
 */
export function firstConfig(draft: Draft, options: FirstConfigOptions): FirstConfig {
  const notes = [...draft.notes];
  const projectId = projectIdOf(draft.name ?? options.name);
  const value: Mapping = {
    projectId,
    app: { port: draft.port, healthPath: draft.healthPath },
    image: { repository: draft.repository },
    env: Object.fromEntries(Object.entries(draft.env).map(([name, { value: text }]) => [name, text])),
    writableDirs: [...new Set(draft.writableDirs.map(({ path }) => withoutSlash(path)))],
    databases: databasesOf(draft, notes),
  };
  const config = withoutWhatIsRefused(value, draft, options, notes);
  value["app"] = { port: config.app.port, healthPath: config.app.healthPath };
  noteWhatIsMissing(draft, config, options, notes);
  const text = textOf(value, draft, options, projectId);
  return { text, config: parseConfigText(text), notes };
}

/** A project identifier from any name; `app` where nothing is left of it. */
function projectIdOf(name: string): string {
  const id = name
    .normalize("NFKD")
    .toLowerCase()
    .replace(/\p{M}/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 20)
    .replace(/^-+|-+$/g, "");
  return PROJECT_ID_PATTERN.test(id) ? id : "app";
}

/** The databases, each with the most exact version that the schema accepts. */
function databasesOf({ databases }: Draft, notes: Note[]): Mapping {
  return Object.fromEntries(
    Object.entries(databases).map(([engine, { versions, place }]) => {
      const forms = versions.map((version) => ({ enabled: true, version }));
      const accepted = forms.find((form) => "config" in examine({ projectId: "any", databases: { [engine]: form } }));
      if (accepted !== undefined) {
        notes.push({ kind: "remark", place, text: `${engine} ${accepted.version}: the platform has to offer it` });
      } else if (forms.length > 0) {
        notes.push({
          kind: "left out",
          place,
          text: `version ${String(versions[0])} of ${engine}: the platform's default is used`,
        });
      }
      return [engine, accepted ?? true];
    }),
  );
}

/** Takes out of a config what is refused, with a note on each, until the rest is accepted. */
function withoutWhatIsRefused(value: Mapping, draft: Draft, { from = "" }: FirstConfigOptions, notes: Note[]): Config {
  for (;;) {
    const result = examine(value);
    if ("config" in result) return result.config;
    const before = JSON.stringify(value);
    for (const { path, value: what, accepted } of result.findings.toReversed()) {
      const [field, name] = path.map(String);
      const place =
        (field === "env" ? draft.env[name ?? ""]?.place : undefined) ??
        (field === "writableDirs" ? dirPlace(draft, value, path[1]) : undefined) ??
        from;
      notes.push({ kind: "left out", place, text: `${formatPath(path)}, which is ${what}; accepted: ${accepted}` });
      remove(value, path);
    }
    if (JSON.stringify(value) === before) {
      throw new Error(`${result.findings.map(({ path }) => formatPath(path)).join(", ")} cannot be left out`);
    }
  }
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

function dirPlace(draft: Draft, value: Mapping, index: PropertyKey | undefined): string | undefined {
  const dir = (value["writableDirs"] as string[])[Number(index)];
  return draft.writableDirs.find(({ path }) => withoutSlash(path) === dir)?.place;
}

/** Removes what stands at a path, and where nothing does, the nearest thing around it. */
function remove(value: Mapping, path: readonly PropertyKey[]): void {
  const [key, ...rest] = path;
  const inner = key === undefined ? undefined : value[String(key)];
  if (rest.length > 0 && typeof inner === "object" && inner !== null) remove(inner as Mapping, rest);
  else if (Array.isArray(value)) value.splice(Number(key), 1);
  else Reflect.deleteProperty(value, String(key));
}

function noteWhatIsMissing(
  draft: Draft,
  { app, projectId, writableDirs }: Config,
  { from }: FirstConfigOptions,
  notes: Note[],
): void {
  const place = from ?? "";
  if (draft.port === undefined) {
    notes.push({ kind: "warning", place, text: `no port is named; app.port is the usual ${app.port}` });
  }
  if (draft.healthPath === undefined) {
    notes.push({
      kind: "warning",
      place,
      text: `no health check over HTTP is named; the app has to answer at ${app.healthPath}`,
    });
  }
  for (const path of draft.writableDirs.filter((dir) => writableDirs.includes(withoutSlash(dir.path)))) {
    notes.push({
      kind: "remark",
      place: path.place,
      text: `${path.path} is empty at each start of the app: no data stays in it`,
    });
  }
  if (draft.secrets.length > 0) {
    notes.push({
      kind: "left out",
      place,
      text:
        `${draft.secrets.join(", ")}: ${draft.secrets.length === 1 ? "it looks like a secret" : "they look like secrets"}, so that ` +
        `no value is copied; put values made for previews into a Secret ${projectId}-secrets of the project's preview secrets ` +
        "(previewSecrets of the platform), and name it in envFrom, as the file's last lines show",
    });
  }
}

function textOf(value: Mapping, { secrets }: Draft, { from, schema }: FirstConfigOptions, projectId: string): string {
  const filled = Object.fromEntries(
    // Through JSON, which leaves out what is undefined.
    Object.entries(JSON.parse(JSON.stringify(value)) as Mapping).filter(
      ([, part]) => typeof part !== "object" || part === null || Object.keys(part).length > 0,
    ),
  );
  const head = [
    ...(schema === undefined ? [] : [`# yaml-language-server: $schema=${schema}`]),
    `# Written by \`berth config init\`${from === undefined ? "" : ` from ${from.replace(/\p{Cc}/gu, "")}`}.`,
    "",
  ];
  const tail =
    secrets.length === 0
      ? []
      : [
          "",
          "# What looks like a secret is not written here. Put these into a Secret of the project's preview secrets and name it:",
          `# ${secrets.filter((name) => /^\w+$/.test(name)).join(", ")}`,
          "# envFrom:",
          "#   - secretRef:",
          `#       name: ${projectId}-secrets`,
          "",
        ];
  return `${head.join("\n")}${new Document(filled).toString({ lineWidth: 0 })}${tail.join("\n")}`;
}
