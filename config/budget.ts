import { enabledEngines, settingsOf } from "./databases";
import { hasEgressProxy } from "./egress";
import { filledEngines } from "./jobs";
import { DATABASE_RESOURCES, EGRESS_PROXY_RESOURCES, PROXY_RESOURCES, SEED_RESOURCES } from "./limits";
import { HOURS_PER_MONTH, instancePrice, unitPrice } from "./prices";
import type { Finding } from "./problems";
import { formatBytes, formatCpu, parseBytes, parseCpu } from "./quantity";
import type { Config } from "./schema";
import { appOf, workloadsOf } from "./workloads";

/** What an environment asks for while it is awake and nothing of it is being replaced. */
export interface Footprint {
  /** Thousandths of a core, at the most: while a job or the seeds run beside all else. */
  cpu: number;
  /** Bytes, likewise. */
  memory: number;
  /** Bytes. */
  storage: number;
  /** US dollars in a month of 730 hours, for what runs all the time: jobs take minutes of a commit. */
  monthlyUsd: number;
}

/** Region whose list prices a budget is held against: the one that all of {@link instancePrice} was read for. */
const REGION = "us-east-1";

/** Node that an environment is a share of, with what it has (EC2 instance types, m7i). */
const NODE = { type: "m7i.xlarge", cpu: 4000, memory: 16 * 2 ** 30 };

const GIGABYTE = 2 ** 30;

/** Pods that are alike. */
interface Pods {
  count: number;
  cpu: string;
  memory: string;
}

/** Adds up what the pods and volumes of a config ask for. */
export function planFootprint(config: Config): Footprint {
  const engines = enabledEngines(config.databases);
  const lasting: Pods[] = [
    ...workloadsOf(config).map(({ resources, replicas }) => ({ count: replicas, ...resources.requests })),
    ...engines.map((engine) => ({ count: 1, ...DATABASE_RESOURCES[engine].requests })),
    ...(config.access.mode === "oidc" ? [{ count: 1, ...PROXY_RESOURCES.requests }] : []),
    ...(hasEgressProxy(config) ? [{ count: 1, ...EGRESS_PROXY_RESOURCES.requests }] : []),
  ];
  // Seeds run side by side, then jobs one after another, each of them a pod like the app's.
  const passing: Pods[] = [
    { count: filledEngines(config.databases).length, ...SEED_RESOURCES.requests },
    { count: config.jobs.length > 0 ? 1 : 0, ...appOf(config).resources.requests },
  ];
  const [cpu, memory] = [sumOf(lasting, cpuOf), sumOf(lasting, memoryOf)];
  const storage = engines.reduce(
    (total, engine) => total + parseBytes(settingsOf(config.databases, engine).storage),
    0,
  );
  // A node is full when either runs out.
  const share = Math.max(cpu / NODE.cpu, memory / NODE.memory);
  const hour = instancePrice(NODE.type, "on-demand", REGION)?.usd ?? 0;
  const volumes = (storage / GIGABYTE) * unitPrice("gp3GBMonth", REGION).usd;
  return {
    cpu: cpu + Math.max(...passing.map(cpuOf)),
    memory: memory + Math.max(...passing.map(memoryOf)),
    storage,
    monthlyUsd: share * hour * HOURS_PER_MONTH + volumes,
  };
}

const cpuOf = ({ count, cpu }: Pods) => count * parseCpu(cpu);
const memoryOf = ({ count, memory }: Pods) => count * parseBytes(memory);

function sumOf(pods: readonly Pods[], amount: (pods: Pods) => number): number {
  return pods.reduce((total, each) => total + amount(each), 0);
}

/** Finds in what a config goes beyond its own budget. */
export function checkBudget(config: Config): Finding[] {
  const { budget } = config;
  const asked = planFootprint(config);
  const finding = (field: keyof Footprint, most: string, is: string, fix: string): Finding => ({
    path: ["budget", field],
    value: `${most}, and the environment asks for ${is}`,
    accepted: `${is} or more`,
    fix,
  });
  const findings: Finding[] = [];
  const requests = "Ask for less in resources, run less beside the app, or raise it.";
  if (budget.cpu !== undefined && asked.cpu > parseCpu(budget.cpu)) {
    findings.push(finding("cpu", budget.cpu, formatCpu(asked.cpu), requests));
  }
  if (budget.memory !== undefined && asked.memory > parseBytes(budget.memory)) {
    findings.push(finding("memory", budget.memory, formatBytes(asked.memory), requests));
  }
  if (budget.storage !== undefined && asked.storage > parseBytes(budget.storage)) {
    const fix = "Ask for smaller volumes in databases, enable fewer, or raise it.";
    findings.push(finding("storage", budget.storage, formatBytes(asked.storage), fix));
  }
  // To the cent, as it is shown.
  const usd = Math.ceil(asked.monthlyUsd * 100 - 1e-9) / 100;
  if (budget.monthlyUsd !== undefined && usd > budget.monthlyUsd) {
    findings.push(finding("monthlyUsd", String(budget.monthlyUsd), usd.toFixed(2), requests));
  }
  return findings;
}
