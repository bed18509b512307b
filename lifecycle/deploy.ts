import { createHash } from "node:crypto";
import { planDates, type Dates } from "../config/dates";
import { ANNOTATION, LABEL, MANAGED_BY } from "../config/labels";
import { PLATFORM_STACK } from "../config/names";
import { deploySeconds } from "../config/workloads";
import type { Config } from "../config/load";
import { parsePr, type PrConfig } from "../config/pr";
import { assertSafe, awaitGrowth, findDataChanges, type Growth } from "./data";
import { moveDates } from "./dates";
import { dryRun } from "./dry-run";
import type { EngineResult } from "./engine";
import { BerthError, ExitCode } from "./errors";
import { updateFailure } from "./failure";
import { pause, type Kube, type KubeObject } from "./kube";
import { environmentName, pulumiProject, type EnvironmentName } from "./naming";
import { ensurePlatform } from "./platform";
import {
  assertJudged,
  judgedKey,
  judgedPrint,
  openPack,
  packArguments,
  refusedByPolicies,
  type Pack,
  type PoliciesLeftOut,
  type PolicyChoice,
} from "./policies";
import { withPlatform } from "./policy-facts";
import { PolicyCollector, summarise, type PolicyReport, type PolicySummary } from "./policy-report";
import { silent, type Progress, type Stops } from "./progress";
import { recorded, Recorder } from "./records";
import type { StackState } from "./recovery";
import { haveRights, lacksRights } from "./rights";
import { acquire, interrupted, leaseLost, superseded, type Held, type StopReason } from "./state";
import { connect, type Target } from "./target";
import { withTrust } from "./trust";
import { createStack, prepareStack, runStack, type StackRun } from "./update";
import { explain, Waiting } from "./waiting";
import { readStackConfig, shareEncryption, writeProject, writeStackConfig } from "./workspace";

/** What to deploy. */
export interface DeployRequest extends Omit<PrConfig, "generation" | "asleep"> {
  /** The parsed berth.yaml. */
  readonly config: Config;
  /**
   * What asks for it without saying whose code it is, as errors name it. Without a tier, nothing but what is a fork's already is then
   * deployed.
   *
   * @default a person, who leaves the tier to the environment and the platform
   */
  readonly unclear?: string;
}

/** How to deploy it. */
export interface DeployOptions extends Stops {
  /** Who asks for it, for the record. */
  readonly who: string;
  readonly progress?: Progress;
  /** Seconds until the deploy is given up. @default what its slowest app or service may take, see `deploySeconds` */
  readonly timeout?: number;
  /** Seconds to wait for another command that works on the same environment. @default 900 */
  readonly patience?: number;
  /**
   * Whether no person asked for this deploy, but an event such as a push. A config with `trigger: on-demand` then gets no new
   * environment.
   *
   * @default false
   */
  readonly automatic?: boolean;
  /** Whether to compare with the cluster before the update, at the cost of reading every object. @default false */
  readonly refresh?: boolean;
  /** Whether the app may lose data that it has: of a database that the config drops or gives another version. @default false */
  readonly allowDataLoss?: boolean;
  /** The rules that judge it, before and while it is changed. @default none */
  readonly policies?: PolicyChoice | PoliciesLeftOut;
}

/** The same, with the right to work on the environment in hand. */
export interface HeldOptions extends Omit<DeployOptions, "who" | "policies"> {
  /** The rules that judge it. @default none */
  readonly pack?: Pack;
}

/** A deployed environment. */
export interface DeployResult {
  readonly environment: string;
  readonly namespace: string;
  /** URL of the app; empty when it has none. */
  readonly url: string;
  /** URLs of the public services, by name. */
  readonly serviceUrls: Readonly<Record<string, string>>;
  /** Who may open the URL, such as `public`. */
  readonly access: string;
  /** How much its code is trusted: `trusted`, `internal` or `fork`. Empty when it was not deployed. */
  readonly trust: string;
  readonly commit: string;
  readonly image: string;
  readonly generation: number;
  readonly databases: readonly string[];
  /** Whether anything had to be changed; `skipped` when the config leaves it to a person to create the environment. */
  readonly outcome: "done" | "unchanged" | "skipped";
  /** Resources created, updated, deleted, left alone. */
  readonly changes: Readonly<Record<string, number>>;
  /** How it was judged, or why it was not. */
  readonly policies?: PolicySummary | PoliciesLeftOut;
  /** Seconds by phase. */
  readonly durations: Readonly<Record<string, number>>;
}

/** How long a namespace that is on its way out may take before a deploy gives up waiting for it. Milliseconds. */
const leavingPatience = 120_000;

/**
 * Brings an environment to a commit: creates it, updates it in place, or finds that nothing is to be done. Safe to repeat
 * and safe to kill: the next deploy or destroy goes on from whatever state this one leaves.
 *
 * @throws BerthError
 */
export async function deploy(target: Target, request: DeployRequest, options: DeployOptions): Promise<DeployResult> {
  const name = environmentName(request.config.projectId, request.number);
  const recorder = new Recorder("deploy", name, options.who);
  const { commit, branch, image } = request;
  Object.assign(recorder.details, { commit, branch, image });
  const work = () => deployRecorded(target, name, request, options, recorder);
  return recorded(target, recorder, work, ({ outcome }) => outcome);
}

async function deployRecorded(
  target: Target,
  name: EnvironmentName,
  request: DeployRequest,
  options: DeployOptions,
  recorder: Recorder,
): Promise<Omit<DeployResult, "durations">> {
  const progress = options.progress ?? silent;
  const pack = await openRecorded(options.policies, recorder);
  const { unclear, ...asked } = request;
  const values = stackValues(asked);
  const print = fingerprint(values);
  const kube = await recorder.phase("connect", () => connect(target));
  const isThere = await assertOwned(kube, name, request.repository);
  if (options.automatic === true && request.config.trigger === "on-demand" && !isThere) return skipped(name, request);
  // Asked again once the environment is in hand: before, only so that what cannot be changes nothing.
  await withTrust(target, kube, name, values["berth:pr"], unclear);
  await writeProject(target);
  await recorder.phase("platform", () => ensurePlatform(target, kube, progress, options));

  progress({ kind: "phase", text: `deploying ${name.namespace} at ${request.commit.slice(0, 12)}` });
  const lease = await recorder.phase("lease", () =>
    acquire(
      kube,
      name.namespace,
      { desired: "present", commit: request.commit, fingerprint: print },
      {
        patience: options.patience === undefined ? undefined : options.patience * 1000,
        signal: options.signal,
        onWait: (holder, doing) => {
          progress({
            kind: "detail",
            text: `waiting for ${holder}, who ${doing === "absent" ? "destroys" : "deploys"} it`,
          });
        },
      },
    ),
  );
  if (lease === undefined) throw platformLost(name);
  try {
    const settle = () => withTrust(target, kube, name, values["berth:pr"], unclear);
    return await deployHeld(target, kube, name, values, settle, print, lease, { ...options, pack }, recorder);
  } finally {
    await lease.release();
  }
}

/**
 * Brings the stack to what its configuration will say, with the right to do so in hand.
 *
 * @param settle gives the values' `berth:pr` the tier that the environment gets
 * @param print fingerprint of the values; the same as that of the last deploy keeps its generation
 */
export async function deployHeld(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  values: StackValues,
  settle: () => Promise<PrConfig>,
  print: string,
  lease: Held,
  options: HeldOptions,
  recorder: Recorder,
): Promise<Omit<DeployResult, "durations">> {
  const progress = options.progress ?? silent;
  let generation = lease.generation;
  let growths: readonly Growth[] = [];
  const configure = async (state: StackState | undefined) => {
    if (state?.exists === false) {
      await shareEncryption(target, PLATFORM_STACK, name.stack);
      await createStack(target, name.stack);
    }
    await assertStateKnown(kube, name, state);
    const settled = await settle();
    const changes = await findDataChanges(target, kube, name, values["berth:config"]);
    assertSafe(name, changes, options.allowDataLoss ?? false);
    for (const { path, message } of changes.losses) progress({ kind: "warning", text: `${path}: ${message}` });
    growths = changes.growths;
    generation = await nextGeneration(target, name, print, lease.generation);
    const pr = { ...settled, generation };
    recorder.details.generation = generation;
    if (settled.trust) recorder.details.trust = settled.trust;
    return { ...values, "berth:pr": pr, [fingerprintKey]: print };
  };
  const limit = options.timeout ?? deploySeconds(values["berth:config"]);
  const limited = { ...options, timeout: limit };
  let result: EngineResult;
  try {
    result = await updateHeld(target, kube, name, lease, limited, recorder, configure);
  } finally {
    // What failed half-way expires too.
    if (!lease.stop.aborted) await moveDates(kube, name.namespace, datesOf(values, kube.now()));
  }
  await recorder.phase("volumes", () => awaitGrowth(kube, name, growths, progress, options.signal));
  return resultOf(name, values["berth:pr"], generation, result, recorder);
}

/**
 * Brings an environment whose Lease is held to what its stack's configuration will say, and waits until it is ready. The file with the
 * configuration only ever holds what the rules have let through, so that a sleep or a wake, which repeat it, bring nothing else.
 *
 * @param configure Returns the configuration, once the state is in order. Gets the state as far as it can be read.
 * @throws BerthError with the reason why it did not become ready, or (policy) when it breaks a mandatory rule.
 */
export async function updateHeld(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  lease: Held,
  options: HeldOptions & { readonly timeout: number },
  recorder: Recorder,
  configure: (state: StackState | undefined) => Promise<Record<string, unknown>>,
): Promise<EngineResult> {
  const progress = options.progress ?? silent;
  const timeout = AbortSignal.timeout(options.timeout * 1000);
  const waiting = new Waiting(kube, name.namespace, (trouble) => {
    void explain(kube, name.namespace, { ...trouble, log: undefined }).then((text) => {
      progress({ kind: "warning", text });
    });
  });
  const signal = AbortSignal.any(
    [lease.stop, timeout, waiting.hopeless, options.signal].filter((each) => each !== undefined),
  );
  const run = { stack: name.stack, progress, leaseExpired: lease.expired, signal, kill: options.kill };
  const pack = options.pack && (await withPlatform(target, options.pack));
  const { unsure, config, before } = await recorder.phase("prepare", async () => {
    const { state, recovered } = await prepareStack(target, run, kube);
    const config = await configure(state);
    const before = await readStackConfig(target, name.stack);
    return { unsure: recovered || hasUnreadyJob(state), config, before };
  });
  const judged =
    pack && (await recorder.phase("policies", () => judge(target, name, config, before, pack, run, recorder)));
  await writeStackConfig(target, name.stack, judged ?? config);

  waiting.start();
  let result: EngineResult;
  const collector = new PolicyCollector(pack?.rules ?? []);
  try {
    const args = ["up", ...(unsure || options.refresh === true ? ["--refresh"] : []), ...packArguments(pack)];
    const update = () =>
      runStack(target, args, run, (event) => {
        collector.add(event);
      });
    result = await recorder.phase("engine", async () => {
      const first = await update();
      const isEarly = lacksRights(first, name.namespace) && (await haveRights(kube, name.namespace, signal));
      return isEarly ? update() : first;
    });
  } finally {
    await waiting.stop();
  }
  recorder.details.changes = result.summary.changes;
  if (options.signal?.aborted) throw interrupted();
  if (lease.stop.aborted) throw stopped(name, lease.stop.reason as StopReason);
  if (pack) {
    assertJudged(collector, result, pack);
    const report = collector.report("update", pack.disabled);
    if (report.worst === "mandatory") await writeStackConfig(target, name.stack, before ?? {});
    conclude(name, report, pack, recorder);
  }
  const timedOutAfter = timeout.aborted ? options.timeout : undefined;
  if (result.code !== 0) throw await updateFailure(target, kube, name, result, waiting, timedOutAfter);
  return result;
}

/** Opens the chosen pack, or notes why there is none. */
export async function openRecorded(
  choice: PolicyChoice | PoliciesLeftOut | undefined,
  recorder: Recorder,
): Promise<Pack | undefined> {
  if (choice !== undefined && "leftOut" in choice) recorder.details.policies = { leftOut: choice.leftOut };
  return openPack(choice);
}

/**
 * Has the rules judge a configuration before anything is changed, unless the last deploy had the same one judged by the same rules. A
 * preview that fails for another reason judges nothing: the update, which is judged too, fails for it as well and says more.
 *
 * @param before The configuration of the last deploy.
 * @returns The configuration with a note that it has been let through.
 * @throws BerthError (policy) when it breaks a mandatory rule.
 */
async function judge(
  target: Target,
  name: EnvironmentName,
  config: Record<string, unknown>,
  before: Record<string, unknown> | undefined,
  pack: Pack,
  run: StackRun,
  recorder: Recorder,
): Promise<Record<string, unknown>> {
  const values = Object.fromEntries(Object.entries(config).filter(([key]) => key !== judgedKey));
  const print = await judgedPrint(target, JSON.stringify(values), pack);
  if (before?.[judgedKey] !== print) {
    run.progress({ kind: "detail", text: "asking the rules" });
    const { result, report } = await dryRun(target, name, values, pack, run);
    if (report?.worst === "mandatory") conclude(name, report, pack, recorder);
    if (result.code !== 0) return values;
  }
  return { ...values, [judgedKey]: print };
}

/** Notes how it was judged, and refuses it if it breaks a mandatory rule. */
function conclude(name: EnvironmentName, report: PolicyReport, pack: Pack, recorder: Recorder): void {
  recorder.details.policies = summarise(report, pack.configured);
  if (report.worst === "mandatory") throw refusedByPolicies(name, report);
}

/** What comes of a deploy that is left to a person. */
function skipped(name: EnvironmentName, { commit, image }: DeployRequest): Omit<DeployResult, "durations"> {
  const { namespace } = name;
  return {
    environment: namespace,
    namespace,
    url: "",
    serviceUrls: {},
    access: "",
    trust: "",
    commit,
    image,
    generation: 0,
    databases: [],
    outcome: "skipped",
    changes: {},
  };
}

/** An environment that sleeps has no date to fall asleep at. */
function datesOf(values: StackValues, now: number): Dates {
  const dates = planDates(values["berth:config"], now);
  return values["berth:pr"].asleep === true ? { ...dates, sleepAt: undefined } : dates;
}

/** The stack's configuration; the generation in it is 1 until it is known. */
export interface StackValues {
  readonly "berth:role": "pr";
  readonly "berth:pr": PrConfig;
  readonly "berth:config": Config;
  readonly "berth:platformStack": string;
}

/** The configuration that a deploy would give the environment's stack now. */
export async function configuredAs(
  target: Target,
  kube: Kube,
  name: EnvironmentName,
  request: DeployRequest,
): Promise<Record<string, unknown>> {
  const { unclear, ...asked } = request;
  const values = stackValues(asked);
  const pr = await withTrust(target, kube, name, values["berth:pr"], unclear);
  const generation = await nextGeneration(target, name, fingerprint(values), 1);
  return { ...values, "berth:pr": { ...pr, generation } };
}

/** Where the fingerprint of the last deploy stands in the stack's configuration; the program does not read it. */
export const fingerprintKey = "berth:fingerprint";

function stackValues({ config, ...pr }: Omit<DeployRequest, "unclear">): StackValues {
  // Checked here so that a wrong value is a usage error with a fix, before anything is touched.
  return {
    "berth:role": "pr",
    "berth:pr": parsePr({ ...pr, generation: 1 }),
    "berth:config": config,
    "berth:platformStack": `organization/${pulumiProject}/${PLATFORM_STACK}`,
  };
}

function fingerprint(values: StackValues): string {
  return createHash("sha256").update(JSON.stringify(values)).digest("hex").slice(0, 32);
}

/** Whether a job had not ended well when the last deploy did: what became of it since is known to the cluster only. */
function hasUnreadyJob(state: StackState | undefined): boolean {
  return (
    state?.resources.some(({ type, initErrors }) => type === "kubernetes:batch/v1:Job" && hasItems(initErrors)) ?? false
  );
}

function hasItems(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0;
}

/** A repeated deploy keeps its generation, so that it finds nothing to change. */
async function nextGeneration(target: Target, name: EnvironmentName, print: string, fresh: number): Promise<number> {
  const last = await readStackConfig(target, name.stack);
  const generation = (last?.["berth:pr"] as PrConfig | undefined)?.generation ?? 0;
  return last?.[fingerprintKey] === print ? generation : Math.max(fresh, generation + 1);
}

interface NamespaceObject extends KubeObject {
  status?: { phase?: string };
}

/**
 * Refuses a namespace of the environment's name that is somebody else's, or another repository's environment.
 *
 * @returns whether the environment's namespace is there
 * @throws BerthError (usage)
 */
export async function assertOwned(kube: Kube, name: EnvironmentName, repository?: string): Promise<boolean> {
  const namespace = await kube.find<NamespaceObject>(`/api/v1/namespaces/${name.namespace}`);
  if (namespace === undefined) return false;
  const { labels = {}, annotations = {} } = namespace.metadata;
  if (labels[LABEL.managedBy] !== MANAGED_BY || labels[LABEL.environment] !== name.namespace) {
    throw new BerthError(
      `the namespace ${name.namespace} exists and is not Berth's (it lacks the label ${LABEL.environment}=${name.namespace})`,
      {
        fix: "choose another projectId in berth.yaml, or remove that namespace yourself if nobody needs it: Berth neither adopts nor deletes it.",
        exitCode: ExitCode.usage,
      },
    );
  }
  const other = annotations[ANNOTATION.repository];
  if (repository !== undefined && other !== undefined && other !== repository) {
    throw new BerthError(`${name.namespace} is an environment of ${other}, not of ${repository}`, {
      fix: "give one of the two repositories another projectId in its berth.yaml.",
      exitCode: ExitCode.usage,
    });
  }
  return true;
}

/** Waits for a namespace that is going away, and refuses one that the state does not know. */
async function assertStateKnown(kube: Kube, name: EnvironmentName, state: StackState | undefined): Promise<void> {
  const path = `/api/v1/namespaces/${name.namespace}`;
  const deadline = Date.now() + leavingPatience;
  for (;;) {
    const namespace = await kube.find<NamespaceObject>(path);
    if (namespace === undefined) return;
    if (namespace.metadata.deletionTimestamp === undefined) break;
    if (Date.now() > deadline) {
      throw new BerthError(`the namespace ${name.namespace} is being deleted and does not end`, {
        fix: `run \`berth destroy ${name.namespace}\`, which says what holds it, then deploy again.`,
        exitCode: ExitCode.environmentFailed,
      });
    }
    await pause(500);
  }
  const known = state?.resources.some(
    (resource) => resource.type === "kubernetes:core/v1:Namespace" && resource.id === name.namespace,
  );
  if (known === false) {
    throw new BerthError(`${name.namespace} exists on the cluster, but its state is lost (stack ${name.stack})`, {
      fix: `run \`berth destroy ${name.namespace}\`, which works without the state, then deploy again; or bring the state back (PULUMI_BACKEND_URL).`,
      exitCode: ExitCode.environmentFailed,
    });
  }
}

function stopped(name: EnvironmentName, reason: StopReason): BerthError {
  return reason === "superseded" ? superseded(name.namespace) : leaseLost(name.namespace);
}

function platformLost(name: EnvironmentName): BerthError {
  return new BerthError(`the platform's namespace vanished while ${name.namespace} was about to be deployed`, {
    fix: "run the command again: it brings the platform back first.",
  });
}

/** The stack's outputs; absent when the engine did not come to the end of the program. */
interface PrOutputs {
  readonly url?: string | null;
  readonly serviceUrls?: Record<string, string>;
  readonly access?: string;
  readonly trust?: string;
  readonly databases?: string[];
}

function resultOf(
  name: EnvironmentName,
  pr: PrConfig,
  generation: number,
  result: EngineResult,
  recorder: Recorder,
): Omit<DeployResult, "durations"> {
  const outputs = result.summary.outputs as PrOutputs;
  const url = outputs.url ?? "";
  const { changes } = result.summary;
  const { policies } = recorder.details;
  const serviceUrls = outputs.serviceUrls ?? {};
  const trust = outputs.trust ?? pr.trust ?? "";
  Object.assign(recorder.details, { url, serviceUrls, trust });
  const changed = Object.entries(changes).some(([op, count]) => op !== "same" && op !== "read" && count > 0);
  return {
    environment: name.namespace,
    namespace: name.namespace,
    url,
    serviceUrls,
    access: outputs.access ?? "",
    trust,
    commit: pr.commit,
    image: pr.image,
    generation,
    databases: outputs.databases ?? [],
    outcome: changed ? "done" : "unchanged",
    changes,
    ...(policies && { policies }),
  };
}
