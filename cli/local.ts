import { spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { parse } from "yaml";
import { parseProvider, type ProviderInput } from "../config/platform";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { readIfThere } from "../lifecycle/workspace";
import {
  cloudEnvironment,
  defaultName,
  down,
  environment,
  gatewayAuthority,
  listClusters,
  status,
  up,
  type ClusterStatus,
  type UpOptions,
} from "../local";
import { buildProgress } from "./build-progress";
import { action, command, type Session } from "./command";
import { renderClusters, renderClusterStatus, renderDown, renderExports, renderUp } from "./local-render";
import { positiveCount } from "./options";
import { seconds } from "./render";
import { readSettings } from "./settings";

/** Reads an option with a TCP port. */
function port(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > 65535) {
    throw new InvalidArgumentError("give a whole number from 1 to 65535.");
  }
  return value;
}

interface NameOption {
  readonly name?: string;
}

function named(create: Command): Command {
  return create.option("--name <name>", `name of the cluster (default: the global --cluster, else "${defaultName}")`);
}

function nameOf({ globals }: Session, options: NameOption): string {
  return options.name ?? globals.cluster ?? defaultName;
}

/** The cluster, or an error that says how to make it. */
async function existing(name: string): Promise<ClusterStatus> {
  const found = await status(name);
  if (found !== null) return found;
  throw new BerthError(`there is no embedded cluster ${name}`, {
    fix: `start it with \`berth local up --name ${name}\`; \`berth local list\` shows those that exist.`,
    exitCode: ExitCode.noCluster,
  });
}

interface UpFlags extends NameOption {
  readonly nodes?: "real" | "simulated";
  readonly nodeCount?: number;
  readonly gateway?: boolean;
  readonly gatewayPort?: number;
  readonly gatewayTlsPort?: number;
  readonly internet?: boolean;
  readonly install?: boolean;
  readonly systemTools?: boolean;
  readonly databases?: boolean;
  readonly plugins?: "official" | "stand-in";
  /** Path of a file. */
  readonly settings?: string;
  readonly oidc?: string;
}

function upCommand(): Command {
  return named(
    command("up", "Start the embedded cluster, or repair it; what it lacks is built first.", [
      "berth local up",
      "berth local up --install             also installs missing Debian packages",
      "berth local up --nodes simulated     without root and containers",
    ]),
  )
    .addOption(new Option("--nodes <kind>", "what nodes are (default: real)").choices(["real", "simulated"]))
    .option("--node-count <count>", "number of simulated nodes (default: 1)", positiveCount)
    .option("--gateway-tls-port <port>", "port on 127.0.0.1 for HTTPS (default: 8443, or a free one)", port)
    .option("--gateway-port <port>", "port on 127.0.0.1 that redirects to it (default: 8080, or a free one)", port)
    .option("--no-gateway", "run no gateway")
    .option("--gateway", "run a gateway (default: with real nodes only)")
    .option("--internet", "let pods reach the real network through this machine's connection")
    .option("--no-internet", "close that way again")
    .option("--install", "install missing Debian packages; takes root")
    .option("--system-tools", "use pulumi and kubectl of this machine when their versions fit")
    .option(
      "--settings <file>",
      "further settings of the platform, such as previewSecrets; kept until others are given",
    )
    .option("--no-databases", "make no image of a database before an environment needs it")
    .option(
      "--oidc <file>",
      "OpenID provider for environments with access.mode: oidc; fields as in oauth.oidc of berth:platform",
    )
    .addOption(
      new Option("--plugins <source>", "plugins of the engine (default: official ones if there)").choices([
        "official",
        "stand-in",
      ]),
    )
    .action(
      action<UpFlags>(async (session, { oidc, ...flags }) => {
        const { stops, colors } = session;
        const provider = oidc === undefined ? {} : { provider: await readProvider(oidc) };
        try {
          const { settings, ...rest } = flags;
          const result = await up({
            ...rest,
            ...(settings === undefined ? {} : { settings: readSettings(settings) }),
            ...provider,
            ...progressOf(session),
            name: nameOf(session, flags),
            signal: stops.signal,
          });
          return { value: result, text: renderUp(result, colors) };
        } catch (error) {
          if (!stops.signal.aborted) throw error;
          throw new BerthError("interrupted; what had been started is stopped again", {
            fix: "run the command again: finished builds are kept.",
            exitCode: ExitCode.interrupted,
            cause: error,
          });
        }
      }),
    );
}

/**
 * Reads the settings of a provider.
 *
 * @throws BerthError when there is no such file; ConfigError with all that is wrong in it
 */
async function readProvider(file: string): Promise<ProviderInput> {
  const text = await readIfThere(file);
  if (text === undefined) {
    throw new BerthError(`there is no file ${file}`, {
      fix: "give --oidc a YAML file with issuer, clientId, clientSecret and allow.",
      exitCode: ExitCode.usage,
    });
  }
  return parseProvider(parse(text), file);
}

/** Progress of `up` as lines: each step when it ends, with its time. */
function progressOf({ reporter }: Session): Pick<UpOptions, "onStep" | "onInstall" | "onToolchain" | "onImage"> {
  return {
    ...buildProgress(reporter),
    onInstall: (names) => reporter.tell({ kind: "phase", text: `installing Debian packages: ${names.join(", ")}` }),
    onStep: ({ title, seconds: took }) => {
      if (took === undefined) reporter.tell({ kind: "detail", text: title });
      else if (took >= 0.1) reporter.tell({ kind: "phase", text: `${title} (${seconds(took)})` });
    },
  };
}

function downCommand(): Command {
  return named(
    command("down", "Stop the embedded cluster and remove all that it put into this machine; its data stay.", [
      "berth local down",
      "berth local down --delete-data       nothing of it stays",
      "berth local down --all --delete-data",
    ]),
  )
    .option("--delete-data", "delete its folder too: objects, volumes, images, Pulumi state")
    .option("--all", "every cluster of this user")
    .action(
      action<NameOption & { deleteData?: boolean; all?: boolean }>(async (session, options) => {
        const names =
          options.all === true ? (await listClusters()).map(({ name }) => name) : [nameOf(session, options)];
        const results = [];
        for (const name of names) {
          session.reporter.tell({ kind: "detail", text: `stopping ${name}` });
          results.push(await down(name, { deleteData: options.deleteData ?? false }));
        }
        return { value: results, text: renderDown(results, session.colors) };
      }),
    );
}

function statusCommand(): Command {
  return named(
    command("status", "Show the embedded cluster's parts: which are real, simulated or stand-ins, and how they are.", [
      "berth local status",
      "berth local status --json",
    ]),
  ).action(
    action<NameOption>(async (session, options) => {
      const value = await existing(nameOf(session, options));
      return { value, text: renderClusterStatus(value, session.colors, Date.now()) };
    }),
  );
}

function logsCommand(): Command {
  return named(
    command("logs", "Print the end of the logs of the cluster's parts.", [
      "berth local logs                     the last lines of each",
      "berth local logs kubelet --lines 200",
      "berth local logs kube-apiserver --follow",
    ]),
  )
    .argument("[part]", "one part, as `berth local status` names it, or audit")
    .option("--lines <count>", "how many lines of each (default: 20)", positiveCount, 20)
    .option("--follow", "go on printing what is added, until Ctrl-C")
    .action(
      action<NameOption & { lines: number; follow?: boolean }>(async (session, options, [part]) => {
        const { folder } = await existing(nameOf(session, options));
        const logs = await chooseLogs(join(folder, "logs"), part);
        if (options.follow === true) {
          await follow(logs, options.lines, session.stops.signal);
          return { value: logs, text: "" };
        }
        const value = Object.fromEntries(
          await Promise.all(
            logs.map(async (path) => [basename(path, ".log"), await lastLines(path, options.lines)] as const),
          ),
        );
        const text = Object.entries(value)
          .map(([title, lines]) =>
            logs.length === 1 ? lines.join("\n") : [session.colors.bold(`== ${title}`), ...lines].join("\n"),
          )
          .join("\n");
        return { value, text };
      }),
    );
}

async function chooseLogs(folder: string, part: string | undefined): Promise<string[]> {
  const all = (await readdir(folder))
    .filter((file) => file.endsWith(".log") && !/-\d{4}-\d{2}-\d{2}T/.test(file))
    .sort();
  const chosen =
    part === undefined ? all.filter((file) => file !== "audit.log") : all.filter((file) => file === `${part}.log`);
  if (chosen.length > 0) return chosen.map((file) => join(folder, file));
  throw new BerthError(
    part === undefined ? `there are no logs in ${folder}` : `there is no log of ${part} in ${folder}`,
    {
      fix: `accepted are: ${all.map((file) => basename(file, ".log")).join(", ") || "none yet"}.`,
      exitCode: ExitCode.usage,
    },
  );
}

async function lastLines(path: string, count: number): Promise<string[]> {
  return (await readFile(path, "utf8")).trimEnd().split("\n").slice(-count);
}

async function follow(paths: readonly string[], lines: number, signal: AbortSignal): Promise<void> {
  // Of a group of its own: Ctrl-C reaches Berth, which ends it.
  const child = spawn("tail", ["-n", String(lines), "-F", ...paths], {
    stdio: ["ignore", "inherit", "ignore"],
    detached: true,
  });
  signal.addEventListener("abort", () => child.kill(), { once: true });
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => {
      resolve();
    });
  });
}

function kubeconfigCommand(): Command {
  return named(
    command("kubeconfig", "Print the path of the cluster's kubeconfig.", [
      "export KUBECONFIG=$(berth local kubeconfig)",
      "berth local kubeconfig --content > kubeconfig.yaml",
    ]),
  )
    .option("--content", "print the file itself; it holds a private key")
    .action(
      action<NameOption & { content?: boolean }>(async (session, options) => {
        const { kubeconfig } = await environment(nameOf(session, options));
        if (options.content !== true) return { value: { kubeconfig }, text: kubeconfig };
        const content = await readFile(kubeconfig, "utf8");
        return { value: { kubeconfig, content }, text: content.trimEnd() };
      }),
    );
}

function caCommand(): Command {
  return named(
    command("ca", "Print the path of the certificate that the gateway's HTTPS is checked against.", [
      'curl --cacert "$(berth local ca)" https://shop-pr-12.berth.localhost:8443/',
      "NODE_EXTRA_CA_CERTS=$(berth local ca) node test.js",
      "berth local ca --content > berth-ca.pem     to add it to a browser; it can sign names below localhost only",
    ]),
  )
    .option("--content", "print the certificate itself; it is no secret")
    .action(
      action<NameOption & { content?: boolean }>(async (session, options) => {
        const path = await gatewayAuthority(nameOf(session, options));
        if (options.content !== true) return { value: { path }, text: path };
        const content = await readFile(path, "utf8");
        return { value: { path, content }, text: content.trimEnd() };
      }),
    );
}

function envCommand(): Command {
  return named(
    command("env", "Print the variables for working by hand, with kubectl and pulumi.", [
      'eval "$(berth local env)"',
      'eval "$(berth local env --clouds)"',
      "berth local env --json",
    ]),
  )
    .option("--clouds", "also those that let the stack `cluster` run on the embedded cluster instead of on AWS")
    .action(
      action<NameOption & { clouds?: boolean }>(async (session, options) => {
        const name = nameOf(session, options);
        const { env } = await environment(name);
        const all = options.clouds === true ? { ...env, ...(await cloudEnvironment(name)) } : env;
        return { value: all, text: renderExports(all) };
      }),
    );
}

function listCommand(): Command {
  return command("list", "List the embedded clusters of this user.", [
    "berth local list",
    "berth local list --json",
  ]).action(
    action(async ({ colors }) => {
      const value = await listClusters();
      return { value, text: renderClusters(value, colors) };
    }),
  );
}

/** `berth local …`. */
export function localCommand(): Command {
  const local = command("local", "The embedded cluster: a Kubernetes node and a Pulumi engine on this machine.", [
    "berth local up",
    "berth local status",
    "berth local down --delete-data",
  ]);
  for (const make of [
    upCommand,
    downCommand,
    statusCommand,
    logsCommand,
    kubeconfigCommand,
    caCommand,
    envCommand,
    listCommand,
  ]) {
    local.addCommand(make());
  }
  return local;
}
