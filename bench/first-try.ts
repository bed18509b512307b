import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { stringify } from "yaml";
import { ENGINES, ENGINE_TITLES } from "../config/databases";
import { environment, loadImage, up } from "../local";
import { ensureImages } from "../local/images";
import { locateToolchain } from "../local/toolchain";
import { outcomeOf, restartsOf, type Attempt, type Outcome, type PodRestarts } from "./attempts";

/*
 * Deploys in a row, each of a fresh environment of the example app with every database, first data and a migration that is not
 * retried: how many fail at the first attempt, and how many containers are restarted on the way.
 */

const root = resolve(__dirname, "..");
const execute = promisify(execFile);
const project = "first-try";
/** Number of the first pull request; each deploy has the next one. */
const firstNumber = 1000;

/** Fails unless PostgreSQL answers, by the variables and the library of the app. */
const migration = `
const { Client } = require("pg");
(async () => {
  const client = new Client({ connectionString: process.env.DATABASE_URL });
  await client.connect();
  await client.query("CREATE TABLE IF NOT EXISTS migrated (at timestamptz DEFAULT now())");
  await client.query("INSERT INTO migrated DEFAULT VALUES");
  await client.end();
})().catch((error) => { console.error(error); process.exit(1); });
`;

/** First data, for the engines that take them. */
const seeds: Record<string, readonly string[]> = {
  postgresql: ["CREATE TABLE seeded (who text)", "INSERT INTO seeded VALUES ('Ann')"],
  mariadb: ["CREATE TABLE seeded (who varchar(20))", "INSERT INTO seeded VALUES ('Ann')"],
  redis: ["SET who Ann"],
};

const config = {
  projectId: project,
  app: { port: 3000, healthPath: "/health" },
  databases: Object.fromEntries(ENGINES.map((engine) => [engine, seeds[engine] ? { seed: seeds[engine] } : true])),
  jobs: [{ name: "migrate", command: ["node", "-e", migration], retries: 0 }],
};

interface Bench {
  cluster: string;
  kubeconfig: string;
  kubectl: string;
  image: string;
  config: string;
}

async function run(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execute(file, [...args], { maxBuffer: 1 << 28, timeout: 900_000 });
  return stdout;
}

function berth({ cluster }: Bench, ...args: string[]): Promise<string> {
  return run(process.execPath, [join(root, "bin/berth.mjs"), "--cluster", cluster, "--json", ...args]);
}

async function attempt(bench: Bench, number: number): Promise<Attempt> {
  const started = performance.now();
  const error = await berth(
    bench,
    "deploy",
    ...["--pr", String(number), "--config", bench.config, "--image", bench.image],
    ...["--commit", "0".repeat(40), "--branch", "bench", "--owner", "bench"],
  ).then(
    () => undefined,
    (failed: unknown) => messageOf(failed),
  );
  const seconds = (performance.now() - started) / 1000;
  const pods = await run(bench.kubectl, [
    ...["--kubeconfig", bench.kubeconfig, "--namespace", `${project}-pr-${number}`],
    ...["get", "pods", "--output", "json"],
  ]);
  const restarts = restartsOf((JSON.parse(pods) as { items: PodRestarts[] }).items);
  await remove(bench, number);
  return { seconds, restarts, ...(error === undefined ? {} : { error }) };
}

async function remove(bench: Bench, number: number): Promise<void> {
  await berth(bench, "destroy", "--project", project, "--pr", String(number));
}

/** What a command says of its failure: with `--json` an object on standard output. */
function messageOf(error: unknown): string {
  const { stdout = "", message = String(error) } = error as { stdout?: string; message?: string };
  try {
    return (JSON.parse(stdout) as { error: { message: string } }).error.message;
  } catch {
    return message;
  }
}

function render({ deploys, failed, restarts, seconds, errors }: Outcome): string {
  const time = seconds
    ? `${seconds.median.toFixed(1)} s each (${seconds.min.toFixed(1)} to ${seconds.max.toFixed(1)})`
    : "none went well";
  return [
    `deploys in a row, each of a fresh environment with ${ENGINES.map((engine) => ENGINE_TITLES[engine]).join(", ")}, first data and a migration`,
    `  ${deploys} deploys, ${failed} failed at the first attempt, ${restarts} restarts; ${time}`,
    ...errors.map((error) => `  ${error.replaceAll("\n", "\n  ")}`),
  ].join("\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      deploys: { type: "string", default: "100" },
      cluster: { type: "string", default: "bench" },
      output: { type: "string", default: join(root, "bench/results/first-try.json") },
    },
  });
  const deploys = Number(values.deploys);
  if (!Number.isInteger(deploys) || deploys < 1 || deploys > 1000) {
    throw new Error(`--deploys is ${values.deploys}: accepted is a whole number from 1 to 1000`);
  }
  await up({ name: values.cluster, nodes: "real", install: true });
  const { kubeconfig } = await environment(values.cluster);
  const toolchain = await locateToolchain();
  if (!toolchain) throw new Error("the toolchain is gone although the cluster is up; run `berth local up` again");
  const { guestbook } = await ensureImages(["guestbook"], { guestbook: { version: "bench-1" } });
  await loadImage(values.cluster, guestbook);
  const folder = await mkdtemp(join(tmpdir(), "berth-bench-"));
  try {
    const bench: Bench = {
      cluster: values.cluster,
      kubeconfig,
      kubectl: toolchain.kubectl,
      image: guestbook.ref,
      config: join(folder, "berth.yaml"),
    };
    await writeFile(bench.config, stringify(config));
    const attempts: Attempt[] = [];
    // A run that was killed may have left some.
    const left = JSON.parse(await berth(bench, "list", "--project", project)) as { pr: number }[];
    for (const { pr } of left) await remove(bench, pr);
    for (let index = 0; index < deploys; index++) {
      const made = await attempt(bench, firstNumber + index);
      attempts.push(made);
      const what = made.error === undefined ? "well" : "failed";
      console.error(
        `${index + 1}/${deploys}  ${made.seconds.toFixed(1).padStart(5)} s  ${what}, ${made.restarts} restarts`,
      );
    }
    const outcome = outcomeOf(attempts);
    console.log(`\n${render(outcome)}\n`);
    const machine = { cores: availableParallelism(), memoryBytes: totalmem() };
    await mkdir(dirname(values.output), { recursive: true });
    await writeFile(
      values.output,
      JSON.stringify({ at: new Date().toISOString(), machine, outcome, attempts }, null, 2) + "\n",
    );
    console.error(`written: ${values.output}`);
    if (outcome.failed > 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
