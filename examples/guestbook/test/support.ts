import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The example's folder. */
export const exampleFolder = resolve(__dirname, "..");

/** Debian's user for what should own nothing; PostgreSQL refuses to run as root. */
const nobody = 65534;

/** Something that a test started and has to stop. */
export interface Running {
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** A PostgreSQL server for one test file: own data in a temporary folder, on a loopback port of its own. */
export interface PrivatePostgres extends Running {
  url: string;
  port: number;
  password: string;
  /** Starts the server again, with its data and on its port. Does nothing when it runs. */
  start(): Promise<void>;
  /** Stops the server for good and removes its data. */
  remove(): Promise<void>;
}

/** A free loopback port. Somebody may take it before it is used, so a test that loses it fails, and does not hang. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((done) => server.close(done));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** Waits until a condition holds. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  milliseconds = 30_000,
): Promise<void> {
  for (const end = Date.now() + milliseconds; Date.now() < end; await new Promise((done) => setTimeout(done, 50))) {
    if (await condition()) return;
  }
  throw new Error(`${what}: not within ${milliseconds} ms`);
}

/** Folder of the newest PostgreSQL server programs from Debian packages. */
export function postgresPrograms(): string {
  const base = "/usr/lib/postgresql";
  const versions = existsSync(base)
    ? readdirSync(base).filter((name) => existsSync(join(base, name, "bin/initdb")))
    : [];
  const newest = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (newest === undefined) {
    throw new Error(
      `there is no PostgreSQL server in ${base}: run apt-get install --no-install-recommends postgresql-15`,
    );
  }
  return join(base, newest, "bin");
}

/** Runs a program to its end and gives its output; throws with the output when it fails. */
export async function runProgram(program: string, args: string[], asNobody = false): Promise<string> {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: "/",
    ...(asNobody ? unprivileged() : {}),
  });
  const output = collect(child);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${program} ended with ${code ?? "a signal"}:\n${output()}`);
  return output();
}

function unprivileged(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
}

function collect(child: ChildProcess): () => string {
  let text = "";
  child.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  return () => text;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
}

/** Makes and starts a PostgreSQL server with a database `guestbook` of the user `app`. */
export async function startPostgres(): Promise<PrivatePostgres> {
  const programs = postgresPrograms();
  const folder = mkdtempSync(join(tmpdir(), "guestbook-pg-"));
  const data = join(folder, "data");
  const passwordFile = join(folder, "password");
  const password = "s3cret-for-one-test";
  const port = await freePort();
  writeFileSync(passwordFile, password);
  if (process.getuid?.() === 0) for (const path of [folder, passwordFile]) chownSync(path, nobody, nobody);
  const auth = ["--auth=scram-sha-256", "--username=app", `--pwfile=${passwordFile}`];
  await runProgram(
    join(programs, "initdb"),
    [`--pgdata=${data}`, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", ...auth],
    true,
  );

  let server: ChildProcess | undefined;
  const start = async (): Promise<void> => {
    if (server !== undefined && isRunning(server)) return;
    const settings = ["listen_addresses=127.0.0.1", `port=${port}`, `unix_socket_directories=${folder}`, "fsync=off"];
    const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
    const started = spawn(join(programs, "postgres"), args, { stdio: ["ignore", "pipe", "pipe"], ...unprivileged() });
    server = started;
    const output = collect(started);
    await until("PostgreSQL starts", () => {
      if (!isRunning(started)) throw new Error(`PostgreSQL ended:\n${output()}`);
      return output().includes("ready to accept connections");
    });
  };
  await start();
  const admin = `postgresql://app:${password}@127.0.0.1:${port}`;
  await runProgram(join(programs, "psql"), ["--quiet", "--command=CREATE DATABASE guestbook", `${admin}/postgres`]);
  const stop = async (signal: NodeJS.Signals = "SIGINT"): Promise<void> => {
    if (server !== undefined) await end(server, signal);
  };
  return {
    url: `${admin}/guestbook`,
    port,
    password,
    start,
    stop,
    async remove() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The app, run from its sources. */
export interface RunningApp extends Running {
  url: string;
  /** Everything it has written so far. */
  output(): string;
  /** Its exit code, null while it runs or when a signal ended it. */
  exitCode(): number | null;
}

/**
 * Starts the app on a free loopback port.
 *
 * @param env its whole environment, apart from PORT, HOST and PATH.
 */
export async function startApp(env: Record<string, string>): Promise<RunningApp> {
  const child = spawn(process.execPath, [join(exampleFolder, "src/server.js")], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOST: "127.0.0.1", PORT: "0", ...env },
  });
  const output = collect(child);
  let port: string | undefined;
  await until("the app listens", () => {
    if (child.exitCode !== null) throw new Error(`the app ended:\n${output()}`);
    port = /"message":"listening","port":(\d+)/.exec(output())?.[1];
    return port !== undefined;
  });
  return {
    url: `http://127.0.0.1:${port ?? ""}`,
    output,
    exitCode: () => child.exitCode,
    stop: (signal = "SIGTERM") => end(child, signal),
  };
}

/** Installs the example's packages when they are missing, with the repository's own installer. */
export async function ensureExamplePackages(): Promise<void> {
  const path = resolve(exampleFolder, "../../scripts/dependencies.mjs");
  const installer = (await import(path)) as { ensureDependencies(folder: string): void };
  installer.ensureDependencies(exampleFolder);
}
