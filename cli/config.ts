import { existsSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import type { Command } from "commander";
import { readCompose } from "../config/compose";
import { readDockerfile } from "../config/dockerfile";
import { explainConfig, explanationYaml } from "../config/explain";
import { databaseEngines, firstConfig } from "../config/init";
import { emptyDraft, type Draft } from "../config/init-draft";
import { ConfigError, loadConfig, readConfigFile, type Problem } from "../config/load";
import { configJsonSchema } from "../config/reference";
import { BerthError, ExitCode, hasCode, messageOf } from "../lifecycle/errors";
import { action, command } from "./command";
import { renderNotes, renderProblems } from "./config-render";
import { berthRoot } from "./context";
import { configPath } from "./deploy";

/** `berth config`. */
export function configCommand(): Command {
  const config = command("config", "Write, check and explain a berth.yaml. Needs no cluster.", [
    "berth config init --from compose.yaml",
    "berth config check",
    "berth config show",
    "berth config schema > berth.schema.json",
  ]);
  for (const make of [checkCommand, showCommand, schemaCommand, initCommand]) config.addCommand(make());
  return config;
}

const FILE = "config file (default: berth.yaml, else k8s-ee.yaml)";

function checkCommand(): Command {
  return command(
    "check",
    "Tell every problem of a config file with its line and column; exit code 2 if there is one.",
    ["berth config check", "berth config check deploy/berth.yaml --json"],
  )
    .argument("[file]", FILE)
    .action(
      // eslint-disable-next-line @typescript-eslint/require-await -- an action may wait, this one need not
      action(async ({ colors }, _options, [named]) => {
        const file = configPath(named);
        const problems = problemsOf(file);
        return problems.length === 0
          ? { value: { file, ok: true, problems }, text: `ok: ${file}` }
          : {
              value: { file, ok: false, problems },
              text: renderProblems(file, problems, colors),
              exitCode: ExitCode.usage,
            };
      }),
    );
}

function problemsOf(file: string): readonly Problem[] {
  try {
    loadConfig(file);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

function showCommand(): Command {
  return command(
    "show",
    "Print the config that is in effect, with where each value comes from: a line, or the default.",
    ["berth config show", "berth config show k8s-ee.yaml", "berth config show --reveal --json"],
  )
    .argument("[file]", FILE)
    .option("--reveal", "show what may be a secret too: the values of env, and what looks like one")
    .action(
      // eslint-disable-next-line @typescript-eslint/require-await -- an action may wait, this one need not
      action<{ reveal?: boolean }>(async (_session, { reveal = false }, [named]) => {
        const file = configPath(named);
        const explanation = explainConfig(readConfigFile(file), file, { reveal });
        return { value: { file, ...explanation }, text: explanationYaml(explanation) };
      }),
    );
}

function schemaCommand(): Command {
  return command(
    "schema",
    "Write the JSON Schema of berth.yaml to standard output; editors complete and check with it.",
    ["berth config schema > berth.schema.json"],
  ).action(
    // eslint-disable-next-line @typescript-eslint/require-await -- an action may wait, this one need not
    action(async () => {
      const schema = configJsonSchema();
      return { value: schema, text: JSON.stringify(schema, null, 2) };
    }),
  );
}

/** Names of files that `init` looks for, in this order: a compose file says more, and leads to its Dockerfile. */
const SOURCES = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml", "Dockerfile"];

/** Name of the schema that `init` writes beside the config, for the editor. */
const SCHEMA_FILE = "berth.schema.json";

interface InitOptions {
  from?: string;
  service?: string;
  project?: string;
  output: string;
  schema: boolean;
  force?: boolean;
}

function initCommand(): Command {
  return command("init", "Write a first berth.yaml from a Dockerfile or a compose file. It asks nothing.", [
    "berth config init",
    "berth config init --from compose.yaml --service web",
    "berth config init --from deploy/Dockerfile --output deploy/berth.yaml",
  ])
    .option("--from <file>", `Dockerfile or compose file (default: ${SOURCES.join(", else ")}, else none)`)
    .option(
      "--service <name>",
      "service of the compose file that is the app (default: one that is built and has ports)",
    )
    .option("--project <id>", "projectId (default: the compose file's name, else the folder's)")
    .option("--output <file>", "file to write", "berth.yaml")
    .option("--no-schema", `write neither ${SCHEMA_FILE} beside the file nor the line that leads editors to it`)
    .option("--force", "write even if the file exists")
    .action(
      // eslint-disable-next-line @typescript-eslint/require-await -- an action may wait, this one need not
      action<InitOptions>(async ({ colors }, options) => {
        const { output, force = false } = options;
        const from = options.from ?? SOURCES.find((file) => existsSync(file));
        const folder = dirname(resolve(output));
        const schema = options.schema ? schemaFor(folder) : undefined;
        const draft = from === undefined ? emptyDraft() : readSource(from, options.service);
        if (options.project !== undefined) draft.name = options.project;
        const { text, config, notes } = firstConfig(draft, {
          ...(from === undefined ? {} : { from }),
          name: basename(realpath(folder)),
          ...(schema === undefined ? {} : { schema: schema.path }),
        });
        if (schema?.text !== undefined) checkSchemaFile(join(folder, schema.path), force);
        write(output, text, force);
        if (schema?.text !== undefined) write(join(folder, schema.path), schema.text, true);
        const origin = from === undefined ? "" : ` from ${from}`;
        return {
          value: { file: output, from: from ?? null, config, notes },
          text: [`wrote ${output}${origin}`, renderNotes(notes, colors)].filter((part) => part !== "").join("\n"),
        };
      }),
    );
}

function readSource(path: string, service: string | undefined): Draft {
  const read = (file: string) => readConfigFile(file, "Give an existing Dockerfile or compose file with --from.");
  const text = read(path);
  if (!/\.ya?ml$/i.test(path)) {
    if (service === undefined) return readDockerfile(text, path);
    throw new BerthError(`--service ${service} is given, and ${path} is no compose file`, {
      fix: "leave --service out, or give a compose file (*.yaml or *.yml) with --from.",
      exitCode: ExitCode.usage,
    });
  }
  return readCompose(text, path, {
    engines: databaseEngines(),
    ...(service === undefined ? {} : { service }),
    dockerfile: (context, name) => {
      const file = join(dirname(path), context, name);
      return existsSync(file) ? { text: read(file), source: file } : undefined;
    },
  });
}

/** Where the schema is, seen from a folder: in Berth's own checkout the one of the documents, else a copy that is to be written. */
function schemaFor(folder: string): { path: string; text?: string } {
  const inBerth = relative(berthRoot, folder);
  if (inBerth !== ".." && !inBerth.startsWith(`..${sep}`)) {
    return {
      path: relative(folder, join(berthRoot, "docs", SCHEMA_FILE))
        .split(sep)
        .join("/"),
    };
  }
  return { path: SCHEMA_FILE, text: `${JSON.stringify(configJsonSchema(), null, 2)}\n` };
}

/** A file of that name is replaced when it is an older schema of Berth's, else only on request. */
function checkSchemaFile(path: string, force: boolean): void {
  if (force || !existsSync(path)) return;
  let title: unknown;
  try {
    ({ title } = JSON.parse(readConfigFile(path)) as { title?: unknown });
  } catch {
    title = undefined;
  }
  if (title === (configJsonSchema() as { title?: unknown }).title) return;
  throw new BerthError(`${path} exists and is not Berth's schema`, {
    fix: "move it away, write no schema with --no-schema, or replace it with --force.",
    exitCode: ExitCode.usage,
  });
}

/** Writes a file as a whole. Without force, one that exists is left as it is, whoever made it in the meantime. */
function write(path: string, text: string, force: boolean): void {
  const fresh = `${path}.${process.pid}.tmp`;
  try {
    if (!force) {
      writeFileSync(path, text, { flag: "wx" });
      return;
    }
    // A file takes the other's place only when it is complete; a link keeps leading where it did.
    writeFileSync(fresh, text, { flag: "wx" });
    renameSync(fresh, existsSync(path) ? realpathSync(path) : path);
  } catch (error) {
    rmSync(fresh, { force: true });
    if (hasCode(error, "EEXIST")) {
      throw new BerthError(`${path} exists`, {
        fix: "write another file with --output FILE, or replace this one with --force.",
        exitCode: ExitCode.usage,
      });
    }
    throw new BerthError(`cannot write ${path}: ${messageOf(error)}`, {
      fix: "give a file in a folder that exists and can be written with --output FILE.",
      exitCode: ExitCode.usage,
      cause: error,
    });
  }
}

function realpath(folder: string): string {
  try {
    return realpathSync(folder);
  } catch {
    return folder;
  }
}
