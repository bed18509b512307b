import { execFile } from "node:child_process";
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir, totalmem } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { ensureImages } from "../local/images";
import { environment, loadImage, up } from "../local";
import { locateToolchain } from "../local/toolchain";
import { buildHelm } from "./helm";
import { environmentKinds, manifestsOf, writeChart, writeManifests, type LiveObject } from "./manifests";
import { summarise, type Series, type Summary } from "./statistics";

/*
 * How long Berth takes beside the tools that people would use by hand, on the same cluster, with the same objects and with the
 * images present. Each round runs every subject of a case once, one after another.
 */

const root = resolve(__dirname, "..");
const execute = promisify(execFile);
const pullRequest = 900;
const project = "guestbook";
const environmentNamespace = `${project}-pr-${pullRequest}`;

/** Who is measured: how it gets an environment up, to another image, through a run with nothing changed, and away. */
interface Subject {
  name: string;
  create(): Promise<void>;
  update(): Promise<void>;
  unchanged(): Promise<void>;
  remove(): Promise<void>;
}

interface Bench {
  kubeconfig: string;
  kubectl: string;
  helm: string;
  cluster: string;
  images: readonly [string, string];
  folder: string;
}

async function run(file: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { stdout } = await execute(file, [...args], {
    env: { ...process.env, ...env },
    maxBuffer: 1 << 28,
    timeout: 300_000,
  });
  return stdout;
}

function berthSubject({ cluster, images }: Bench): Subject {
  const berth = (...args: string[]) =>
    run(process.execPath, [join(root, "bin/berth.mjs"), "--cluster", cluster, "--json", ...args]).then(() => undefined);
  const deploy = (image: string) =>
    berth(
      "deploy",
      ...["--pr", String(pullRequest), "--config", join(root, "examples/guestbook/berth.yaml"), "--image", image],
      // The image is all that an update changes, as in the manifests of the others.
      ...["--commit", "0".repeat(40), "--branch", "bench", "--owner", "bench"],
      // Nothing judges what the others make; what the rules take is the case of bench/policies.ts.
      ...["--without-policies", "the peers have none"],
    );
  return {
    name: "berth",
    create: () => deploy(images[0]),
    update: () => deploy(images[1]),
    unchanged: () => deploy(images[1]),
    remove: () => berth("destroy", "--project", project, "--pr", String(pullRequest)),
  };
}

async function exportManifests(bench: Bench): Promise<LiveObject[]> {
  const args = ["--kubeconfig", bench.kubeconfig, "--namespace", environmentNamespace, "get", "-o", "json"];
  const [first, ...namespaced] = environmentKinds;
  const space = JSON.parse(await run(bench.kubectl, [...args, first, environmentNamespace])) as LiveObject;
  const rest = JSON.parse(await run(bench.kubectl, [...args, namespaced.join(",")])) as { items: LiveObject[] };
  return [space, ...rest.items];
}

async function kubectlSubject(bench: Bench, objects: readonly LiveObject[]): Promise<Subject> {
  const namespace = "bench-kubectl";
  const kubectl = (...args: string[]) => run(bench.kubectl, ["--kubeconfig", bench.kubeconfig, ...args]);
  const files = await Promise.all(
    bench.images.map(async (image, index) => {
      const file = join(bench.folder, `kubectl-${index}.yaml`);
      const manifests = manifestsOf(objects, environmentNamespace, namespace);
      await writeManifests(file, withImage(manifests, bench.images, image));
      return file;
    }),
  );
  const apply = async (file: string) => {
    await kubectl("apply", "--filename", file);
    for (const kind of ["statefulset", "deployment"]) {
      const found = await kubectl("--namespace", namespace, "get", kind, "--output", "name");
      for (const name of found.trim().split("\n")) {
        await kubectl("--namespace", namespace, "rollout", "status", name, "--timeout", "240s");
      }
    }
  };
  const [first = "", second = ""] = files;
  return {
    name: "kubectl apply, rollout status",
    create: () => apply(first),
    update: () => apply(second),
    unchanged: () => apply(second),
    remove: () => kubectl("delete", "namespace", namespace, "--wait").then(() => undefined),
  };
}

async function helmSubject(bench: Bench, objects: readonly LiveObject[]): Promise<Subject> {
  const namespace = "bench-helm";
  const charts = await Promise.all(
    bench.images.map(async (image, index) => {
      const folder = join(bench.folder, `chart-${index}`);
      const manifests = manifestsOf(objects, environmentNamespace, namespace);
      await writeChart(folder, "environment", withImage(manifests, bench.images, image));
      return folder;
    }),
  );
  const helm = (...args: string[]) =>
    run(bench.helm, [...args, "--namespace", namespace], {
      KUBECONFIG: bench.kubeconfig,
      HELM_CACHE_HOME: bench.folder,
    });
  const upgrade = (chart: string) =>
    helm("upgrade", "environment", chart, "--install", "--wait", "--create-namespace", "--timeout", "240s").then(
      () => undefined,
    );
  const [first = "", second = ""] = charts;
  return {
    name: "helm upgrade --install --wait",
    create: () => upgrade(first),
    update: () => upgrade(second),
    unchanged: () => upgrade(second),
    remove: () =>
      run(bench.kubectl, ["--kubeconfig", bench.kubeconfig, "delete", "namespace", namespace, "--wait"]).then(
        () => undefined,
      ),
  };
}

/** The same manifests with this one of the app's two images. */
function withImage(manifests: readonly LiveObject[], images: readonly string[], image: string): LiveObject[] {
  const text = images.reduce((all, other) => all.replaceAll(other, image), JSON.stringify(manifests));
  return JSON.parse(text) as LiveObject[];
}

const cases = [
  { key: "create", title: "deploy with images present", goal: "berth ≤ kubectl + 3 s" },
  { key: "update", title: "update to a new image digest", goal: undefined },
  { key: "unchanged", title: "deploy with nothing changed", goal: "berth ≤ 4 s" },
  { key: "remove", title: "delete the namespace and all in it", goal: "berth ≤ 1.25 × kubectl" },
] as const;

type CaseKey = (typeof cases)[number]["key"];

async function measure(subjects: readonly Subject[], rounds: number): Promise<Record<CaseKey, Summary[]>> {
  const series = Object.fromEntries(
    cases.map(({ key }) => [key, subjects.map(({ name }): Series => ({ name, seconds: [] }))]),
  ) as Record<CaseKey, Series[]>;
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      for (const { key, title } of cases) {
        const started = performance.now();
        await subject[key]();
        const seconds = (performance.now() - started) / 1000;
        series[key][index]?.seconds.push(seconds);
        console.error(`round ${round + 1}/${rounds}  ${seconds.toFixed(1).padStart(5)} s  ${subject.name}: ${title}`);
      }
    }
  }
  return Object.fromEntries(cases.map(({ key }) => [key, summarise(series[key])])) as Record<CaseKey, Summary[]>;
}

function render(results: Record<CaseKey, Summary[]>): string {
  return cases
    .map(({ key, title, goal }) => {
      const rows = results[key].map(
        ({ name, median, min, max, ratio, difference }) =>
          `  ${name.padEnd(32)} ${median.toFixed(2).padStart(6)} s  (${min.toFixed(2)} to ${max.toFixed(2)})` +
          `  ${ratio.toFixed(2)} ×  ${difference >= 0 ? "+" : ""}${difference.toFixed(2)} s`,
      );
      return [`${title}${goal ? ` — goal: ${goal}` : ""}`, ...rows].join("\n");
    })
    .join("\n\n");
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      cluster: { type: "string", default: "bench" },
      output: { type: "string", default: join(root, "bench/results/lifecycle.json") },
    },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 50) {
    throw new Error(`--rounds is ${values.rounds}: accepted is a whole number from 1 to 50`);
  }
  await up({ name: values.cluster, nodes: "real", install: true });
  const local = await environment(values.cluster);
  const toolchain = await locateToolchain();
  if (!toolchain) throw new Error("the toolchain is gone although the cluster is up; run `berth local up` again");
  const images: string[] = [];
  for (const version of ["bench-1", "bench-2"]) {
    const { guestbook } = await ensureImages(["guestbook"], { guestbook: { version } });
    await loadImage(values.cluster, guestbook);
    images.push(guestbook.ref);
  }
  const folder = await mkdtemp(join(tmpdir(), "berth-bench-"));
  try {
    const bench: Bench = {
      kubeconfig: local.kubeconfig,
      kubectl: toolchain.kubectl,
      helm: await buildHelm(),
      cluster: values.cluster,
      images: [images[0] ?? "", images[1] ?? ""],
      folder,
    };
    const berth = berthSubject(bench);
    // The first deploy also brings up the platform stack, and shows which objects an environment consists of.
    await berth.create();
    const objects = await exportManifests(bench);
    await berth.remove();
    const results = await measure(
      [await kubectlSubject(bench, objects), await helmSubject(bench, objects), berth],
      rounds,
    );
    console.log(`\n${render(results)}\n`);
    const machine = { cores: availableParallelism(), memoryBytes: totalmem() };
    await mkdir(dirname(values.output), { recursive: true });
    await writeFile(
      values.output,
      JSON.stringify({ at: new Date().toISOString(), rounds, machine, results }, null, 2) + "\n",
    );
    console.error(`written: ${values.output}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
