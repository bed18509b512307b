import { planNetwork } from "../components/network/plan";
import { planNodeGroups } from "../components/node-groups/plan";
import type { ClusterConfig } from "../config/cluster";
import { HOURS_PER_MONTH, instancePrice, unitPrice } from "../config/prices";
import type { Price, PriceBasis, PricedUnit } from "../config/prices";
import { argsOf } from "./cluster-args";

/*
 * What a cluster costs in a month, computed from the plans that the stack is made from. What depends on use rather than on the plan comes from
 * assumptions that one can change.
 */

/** Use of a cluster in a month, in GB. */
export interface Use {
  /** Logs of the control plane, all types. */
  controlPlaneLogsGB: number;
  /** Flow logs of the VPC. */
  flowLogsGB: number;
  /** Traffic to the internet and to services without an endpoint, through NAT. */
  natGB: number;
  /** Images in the registry. */
  imagesGB: number;
  /** Volumes of environments' databases, at once. */
  environmentVolumesGB: number;
}

/** Use that is assumed where none is given: ten environments of a small team, two hundred of a large company. Guesses, not measurements. */
export const ASSUMED_USE: Record<ClusterConfig["size"], Use> = {
  small: { controlPlaneLogsGB: 5, flowLogsGB: 1, natGB: 50, imagesGB: 20, environmentVolumesGB: 20 },
  large: { controlPlaneLogsGB: 60, flowLogsGB: 100, natGB: 1000, imagesGB: 500, environmentVolumesGB: 400 },
};

/** One line of the estimate. */
export interface PriceLine {
  what: string;
  /** Units in a month, with every node group at its lower and at its upper bound. */
  quantity: { min: number; max: number };
  unit: string;
  /** US dollars for one unit. */
  usdPerUnit: number;
  /** US dollars a month. */
  monthly: { min: number; max: number };
  /** `use` for what depends on assumed use, else how sure the price is. */
  basis: PriceBasis | "use";
  /** Where the unit price was read. */
  source: { document: string; date: string };
}

/** A month's estimate, in US dollars. */
export interface PricePlan {
  cluster: string;
  region: string;
  lines: PriceLine[];
  /** All node groups at their lower bound, and all at their upper. */
  monthly: { min: number; max: number };
  use: Use;
  /** What is left out or assumed, in sentences. */
  notes: string[];
}

/**
 * Estimates a month of a cluster.
 *
 * @param config one that has passed `validateConfig`
 * @param use changes what is assumed
 */
export function planPrice(config: ClusterConfig, use: Partial<Use> = {}): PricePlan {
  const assumed = { ...ASSUMED_USE[config.size], ...use };
  const notes: string[] = [];
  const lines = [
    ...controlPlane(config),
    ...network(config, assumed),
    ...nodes(config, notes),
    ...storage(config, assumed),
    ...logs(config, assumed),
  ];
  const sum = (bound: "min" | "max") => cents(lines.reduce((total, line) => total + line.monthly[bound], 0));
  return {
    cluster: config.name,
    region: config.region,
    lines,
    monthly: { min: sum("min"), max: sum("max") },
    use: assumed,
    notes: [...notes, ...remarks(config)],
  };
}

function controlPlane(config: ClusterConfig): PriceLine[] {
  const keys = keyCount(config);
  return [
    hourly(config, "EKS control plane", "controlPlaneHour", 1),
    line(`KMS keys (${keys})`, same(keys), "keys", unitPrice("kmsKeyMonth", config.region)),
  ];
}

/** Keys that the components make: of the cluster's secrets and volumes, of the registry and of the exported metrics unless they are given one. */
export function keyCount({ registry, metrics }: ClusterConfig): number {
  return 2 + [registry, metrics].filter((part) => part !== undefined && part.kmsKeyArn === undefined).length;
}

function network(config: ClusterConfig, use: Use): PriceLine[] {
  if (config.network.existing !== undefined) return [];
  const { zones, natZones, interfaceEndpoints, flowLogs } = planNetwork(argsOf(config).network);
  const count = Object.keys(zones).length;
  const endpoints = interfaceEndpoints.length * count;
  // Traffic of zones without a NAT gateway of their own crosses to the one that has, and is counted where it leaves and where it comes in.
  const crossing = (2 * use.natGB * (count - natZones.length)) / count;
  return [
    hourly(config, `NAT gateways (${natZones.length})`, "natGatewayHour", natZones.length),
    hourly(config, `public IPv4 addresses (${natZones.length})`, "publicAddressHour", natZones.length),
    ...(endpoints === 0
      ? []
      : [
          hourly(
            config,
            `interface endpoints (${interfaceEndpoints.length} in ${count} zones)`,
            "interfaceEndpointHour",
            endpoints,
          ),
        ]),
    used(config, "traffic through NAT", "natGatewayGB", use.natGB),
    ...(crossing === 0 ? [] : [used(config, "traffic to the NAT gateway of another zone", "betweenZonesGB", crossing)]),
    ...(flowLogs === undefined
      ? []
      : [
          used(config, "flow logs, taken in", "logsGB", use.flowLogsGB),
          used(config, "flow logs, kept", "logsGBMonth", use.flowLogsGB * months(flowLogs.retentionDays), "GB-month"),
        ]),
  ];
}

function nodes(config: ClusterConfig, notes: string[]): PriceLine[] {
  return Object.entries(config.pools).flatMap(([pool, spec]) => {
    const groups = planNodeGroups(config.zones, spec);
    const kinds = [...new Set(groups.map(({ capacity }) => capacity))];
    return kinds.flatMap((capacity) => {
      const ofKind = groups.filter((group) => group.capacity === capacity);
      const count = {
        min: ofKind.reduce((total, { min }) => total + min, 0),
        max: ofKind.reduce((total, { max }) => total + max, 0),
      };
      const [type = ""] = ofKind[0]?.instanceTypes ?? [];
      const what = `${pool}: ${type} ${capacity} (${range(count)})`;
      const volumes = ofKind[0]?.rootVolumeGiB ?? 0;
      const disks = line(
        `${pool}: root volumes of ${capacity} nodes (${volumes} GiB each)`,
        { min: count.min * volumes, max: count.max * volumes },
        "GB-month",
        unitPrice("gp3GBMonth", config.region),
      );
      const price = instancePrice(type, capacity, config.region);
      if (price === undefined) {
        notes.push(`Nodes of pool ${pool} are left out: config/prices.ts has no price of ${type}.`);
        return [disks];
      }
      return [line(what, times(count, HOURS_PER_MONTH), "hours", price), disks];
    });
  });
}

function storage(config: ClusterConfig, use: Use): PriceLine[] {
  return [
    used(config, "volumes of environments", "gp3GBMonth", use.environmentVolumesGB, "GB-month"),
    ...(config.registry === undefined
      ? []
      : [used(config, "images in the registry", "imagesGBMonth", use.imagesGB, "GB-month")]),
  ];
}

/** Days for which the control plane's logs are kept where the config does not say: the cluster component's default. */
const DEFAULT_LOG_RETENTION = 90;

function logs(config: ClusterConfig, use: Use): PriceLine[] {
  const kept = use.controlPlaneLogsGB * months(config.logRetentionDays ?? DEFAULT_LOG_RETENTION);
  return [
    used(config, "control plane logs, taken in", "logsGB", use.controlPlaneLogsGB),
    used(config, "control plane logs, kept", "logsGBMonth", kept, "GB-month"),
  ];
}

function remarks({ autoscaling, metrics, pools, network, size }: ClusterConfig): string[] {
  const spot = Object.values(pools).some(({ capacity }) => capacity === "spot");
  return [
    `Lines marked "use" depend on what the cluster does; the amounts are guesses for a ${size === "small" ? "small team" : "large company"}.`,
    "Left out: the gateway's load balancer (one, made by the platform stack), traffic out to the internet, KMS requests, snapshots, taxes, discounts and free tiers.",
    "Standard support of the Kubernetes version is assumed; in extended support the control plane costs six times as much.",
    "A group with several instance types is priced by its first.",
    ...(spot
      ? ["Spot is priced at 44 % of on-demand, as m7i.xlarge cost in us-east-1 on 2026-09-28. It changes hourly."]
      : []),
    ...(autoscaling === "auto-mode"
      ? [
          "Nodes of EKS Auto Mode are left out: which ones run follows from the pods, and each has a fee on top of its instance.",
        ]
      : []),
    ...(autoscaling === "karpenter"
      ? [
          "Nodes that Karpenter makes are left out: which ones run follows from the pods. Only its base pool is counted.",
        ]
      : []),
    ...(metrics ? ["The metrics bucket is left out: what it holds depends on the exporter."] : []),
    ...(network.existing ? ["The network is left out: the VPC was there before."] : []),
  ];
}

function hourly(config: ClusterConfig, what: string, unit: PricedUnit, count: number): PriceLine {
  return line(what, same(count * HOURS_PER_MONTH), "hours", unitPrice(unit, config.region));
}

function used(config: ClusterConfig, what: string, unit: PricedUnit, amount: number, per = "GB"): PriceLine {
  return { ...line(what, same(amount), per, unitPrice(unit, config.region)), basis: "use" };
}

function line(what: string, quantity: { min: number; max: number }, unit: string, price: Price): PriceLine {
  const { usd, basis, source } = price;
  return {
    what,
    quantity,
    unit,
    usdPerUnit: usd,
    monthly: { min: cents(quantity.min * usd), max: cents(quantity.max * usd) },
    basis,
    source,
  };
}

function same(count: number): { min: number; max: number } {
  return { min: count, max: count };
}

function times({ min, max }: { min: number; max: number }, factor: number): { min: number; max: number } {
  return { min: min * factor, max: max * factor };
}

function range({ min, max }: { min: number; max: number }): string {
  return min === max ? `${min}` : `${min} to ${max}`;
}

/** Retention as months, of which an average one has 8760 / 24 / 12 days. */
function months(days: number): number {
  return (days * 24) / HOURS_PER_MONTH;
}

function cents(usd: number): number {
  return Math.round(usd * 100) / 100;
}

/** Words for {@link PriceLine.basis}. */
const BASIS: Record<PriceLine["basis"], string> = {
  listed: "listed",
  factor: "by region factor",
  assumed: "assumed",
  use: "use",
};

/** The estimate as a Markdown table, with what it leaves out below. */
export function priceTable({ lines, monthly, region, notes }: PricePlan): string {
  const rows = lines.map(
    (one) =>
      `| ${one.what} | ${amount(one.quantity)} ${one.unit} | ${usd(one.usdPerUnit)} | ${dollars(one.monthly)} | ${BASIS[one.basis]} |`,
  );
  return [
    "| what | a month | USD each | USD a month | price |",
    "| --- | ---: | ---: | ---: | --- |",
    ...rows,
    `| **all, in ${region}** | | | **${dollars(monthly)}** | |`,
    "",
    ...notes.map((note) => `- ${note}`),
  ].join("\n");
}

function amount(quantity: { min: number; max: number }): string {
  return range({ min: Math.round(quantity.min), max: Math.round(quantity.max) });
}

function usd(value: number): string {
  return value.toFixed(4).replace(/0{1,2}$/, "");
}

function dollars({ min, max }: { min: number; max: number }): string {
  return min === max ? min.toFixed(2) : `${min.toFixed(2)} to ${max.toFixed(2)}`;
}
