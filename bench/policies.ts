import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/analyzer_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct, type JavaScriptValue } from "google-protobuf/google/protobuf/struct_pb";
import { cacheDir } from "../local/paths";
import { golden, registrationsOf } from "../policies/golden";
import type { Given } from "../policies/testing";
import { median } from "./statistics";

/*
 * What the policy pack adds to a preview: the start of its process and the analysis of a stack of 200 resources. The pack runs as the
 * engine runs it, in a process of its own that is asked over gRPC: for each resource once for remediations and once for violations, one
 * after another, then once for the whole stack. In a preview the start happens while the program starts, so this is the most that it adds.
 */

const root = resolve(__dirname, "..");
const pack = join(root, "policies");

/** Seconds that the pack may add to a preview. */
const GOAL = 3;

/** Objects of environments, as often as it takes: their graphs are the example stacks'. */
function resourcesOf(count: number): Given[] {
  const files = readdirSync(golden).filter((file) => file.startsWith("pr-"));
  const all = files.flatMap(registrationsOf);
  return Array.from({ length: count }, (_, index) => {
    const given = all[index % all.length];
    if (given === undefined) throw new Error(`${golden} has no graph of an environment`);
    return { ...given, name: `${given.name ?? ""}-${index}` };
  });
}

/** A pack that runs. */
interface Running {
  readonly child: ChildProcess;
  readonly client: AnalyzerClient;
}

async function startPack(): Promise<Running> {
  const runner = require.resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");
  // The address is the engine's, which a pack only calls to log. Berth's commands have Node keep what it has compiled, too.
  const env = { ...process.env, NODE_COMPILE_CACHE: join(cacheDir(), "node-compile") };
  const child = spawn(process.execPath, [runner, "127.0.0.1:9", pack], {
    cwd: pack,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const [port] = (await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(([code]) => {
      throw new Error(`the pack ended with exit code ${String(code)}; node scripts/build.mjs compiles it`);
    }),
  ])) as [string];
  return { child, client: new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure()) };
}

/** One call, as a promise. */
function call<Response>(
  start: (done: (error: ServiceError | null, response: Response) => void) => void,
): Promise<Response> {
  return new Promise((done, fail) => {
    start((error, response) => {
      if (error) fail(error);
      else done(response);
    });
  });
}

const urnOf = ({ type, name = "" }: Given) => `urn:pulumi:pr-shop-7::berth::${type}::${name}`;
const propertiesOf = ({ props }: Given) => Struct.fromJavaScript(props as Record<string, JavaScriptValue>);

/** Gives every rule its defaults, as the engine does where no config is given. */
async function configure(client: AnalyzerClient): Promise<number> {
  const info = await call<proto.AnalyzerInfo>((done) => client.getAnalyzerInfo(new Empty(), done));
  const request = new proto.ConfigureAnalyzerRequest();
  for (const policy of info.getPoliciesList()) {
    const schema = policy.getConfigschema()?.getProperties()?.toJavaScript() as Record<
      string,
      { default?: JavaScriptValue }
    >;
    const defaults = Object.entries(schema).flatMap(([key, { default: value }]) =>
      value === undefined ? [] : [[key, value]],
    );
    const config = new proto.PolicyConfig();
    config.setEnforcementlevel(policy.getEnforcementlevel());
    config.setProperties(Struct.fromJavaScript(Object.fromEntries(defaults) as Record<string, JavaScriptValue>));
    request.getPolicyconfigMap().set(policy.getName(), config);
  }
  await call((done) => client.configure(request, done));
  return info.getPoliciesList().length;
}

/** Judges every resource and then the stack; the number of diagnostics. */
async function analyse(client: AnalyzerClient, resources: readonly Given[]): Promise<number> {
  let found = 0;
  for (const given of resources) {
    const request = new proto.AnalyzeRequest();
    request
      .setType(given.type)
      .setUrn(urnOf(given))
      .setName(given.name ?? "")
      .setProperties(propertiesOf(given));
    request.setOptions(new proto.AnalyzerResourceOptions());
    await call<proto.RemediateResponse>((done) => client.remediate(request, done));
    found += (await call<proto.AnalyzeResponse>((done) => client.analyze(request, done))).getDiagnosticsList().length;
  }
  const request = new proto.AnalyzeStackRequest();
  request.setResourcesList(
    resources.map((given) =>
      new proto.AnalyzerResource()
        .setType(given.type)
        .setUrn(urnOf(given))
        .setName(given.name ?? "")
        .setProperties(propertiesOf(given))
        .setOptions(new proto.AnalyzerResourceOptions()),
    ),
  );
  return (
    found +
    (await call<proto.AnalyzeResponse>((done) => client.analyzeStack(request, done))).getDiagnosticsList().length
  );
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ result: Result; seconds: number }> {
  const begin = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - begin) / 1000 };
}

async function main(): Promise<void> {
  const options = { rounds: { type: "string", default: "5" }, resources: { type: "string", default: "200" } } as const;
  const { values } = parseArgs({ options });
  const [rounds, count] = [values.rounds, values.resources].map(Number) as [number, number];
  for (const [name, value] of Object.entries({ rounds, resources: count })) {
    if (!Number.isInteger(value) || value < 1 || value > 10_000) {
      throw new Error(`--${name} is ${value}: accepted is a whole number from 1 to 10000`);
    }
  }
  const resources = resourcesOf(count);
  const starts: number[] = [];
  const analyses: number[] = [];
  let rules = 0;
  let found = 0;
  // The first round fills Node's cache and is not counted.
  for (let round = -1; round < rounds; round++) {
    const started = await timed(startPack);
    const { child, client } = started.result;
    try {
      const configured = await timed(() => configure(client));
      const analysed = await timed(() => analyse(client, resources));
      rules = configured.result;
      found = analysed.result;
      if (round < 0) continue;
      starts.push(started.seconds + configured.seconds);
      analyses.push(analysed.seconds);
    } finally {
      client.close();
      child.kill();
      await once(child, "exit");
    }
  }
  const total = median(starts.map((seconds, round) => seconds + (analyses[round] ?? 0)));
  console.log(
    `the policy pack: ${rules} rules on ${count} resources, ${found} diagnostics, medians of ${rounds} rounds`,
  );
  for (const [name, seconds] of [
    ["start", median(starts)],
    ["analysis", median(analyses)],
    ["both", total],
  ] as const) {
    console.log(`  ${name.padEnd(9)} ${seconds.toFixed(2)} s`);
  }
  console.log(`  goal: at most ${GOAL} s added to a preview: ${total <= GOAL ? "met" : "missed"}`);
  if (total > GOAL) process.exitCode = 1;
}

void main();
