import type { FlowLogsArgs, InterfaceEndpoint, NetworkArgs } from "./args";
import { planSubnets } from "./subnets";
import type { ZoneRanges } from "./subnets";

/** Range of a VPC for which none is given. */
export const DEFAULT_CIDR = "10.0.0.0/16";

/** What a small team and a large company get where they do not say otherwise; {@link NetworkArgs} gives the prices. */
export const DEFAULTS = {
  small: { natGateways: "one", interfaceEndpoints: [], traffic: "rejected", retentionDays: 30 },
  large: {
    natGateways: "per-zone",
    interfaceEndpoints: ["ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "sts"],
    traffic: "all",
    retentionDays: 365,
  },
} as const satisfies Record<
  NetworkArgs["size"],
  Required<Pick<NetworkArgs, "natGateways" | "interfaceEndpoints">> & Required<Omit<FlowLogsArgs, "kmsKeyArn">>
>;

/** A network that is to be made. Plain values, the same for the same arguments. */
export interface NetworkPlan {
  cidr: string;
  /** Ranges of each zone that has nodes. */
  zones: Record<string, ZoneRanges>;
  /** The control plane's ranges, by zone. */
  controlPlane: Record<string, string>;
  /** Zones that have a NAT gateway. */
  natZones: string[];
  /** By zone: in which zone its NAT gateway is. */
  natZoneOf: Record<string, string>;
  interfaceEndpoints: InterfaceEndpoint[];
  /** Undefined when nothing is recorded. */
  flowLogs: { traffic: "ALL" | "REJECT"; retentionDays: number; group: string } | undefined;
}

/** What {@link planNetwork} reads. */
export type PlanArgs = Pick<
  NetworkArgs,
  "clusterName" | "zones" | "controlPlaneZones" | "size" | "cidr" | "natGateways" | "interfaceEndpoints" | "flowLogs"
>;

/**
 * Decides what a new network consists of.
 *
 * @throws RangeError when range or zones are none; arguments are otherwise taken to have passed `validate`
 */
export function planNetwork(args: PlanArgs): NetworkPlan {
  const { zones, size, cidr = DEFAULT_CIDR } = args;
  const { natGateways = DEFAULTS[size].natGateways, interfaceEndpoints = [...DEFAULTS[size].interfaceEndpoints] } =
    args;
  const natZones = natGateways === "one" ? zones.slice(0, 1) : [...zones];
  return {
    cidr,
    zones: planSubnets(cidr, zones),
    controlPlane: mapValues(planSubnets(cidr, controlPlaneZones(args)), (ranges) => ranges.controlPlane),
    natZones,
    natZoneOf: Object.fromEntries(zones.map((zone) => [zone, natZones.includes(zone) ? zone : (natZones[0] ?? zone)])),
    interfaceEndpoints,
    flowLogs: planFlowLogs(args),
  };
}

/** Zones of the control plane's subnets: those that are given, else the first two. */
export function controlPlaneZones(args: Pick<NetworkArgs, "zones" | "controlPlaneZones">): string[] {
  return args.controlPlaneZones ?? args.zones.slice(0, 2);
}

function planFlowLogs({ clusterName, size, flowLogs = {} }: PlanArgs): NetworkPlan["flowLogs"] {
  const { traffic = DEFAULTS[size].traffic, retentionDays = DEFAULTS[size].retentionDays } = flowLogs;
  if (traffic === "none") return undefined;
  return {
    traffic: traffic === "all" ? "ALL" : "REJECT",
    retentionDays,
    group: `/berth/${clusterName}/vpc-flow-logs`,
  };
}

/** The same keys with other values. */
export function mapValues<From, To>(record: Record<string, From>, change: (value: From, key: string) => To) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value, key)])) as Record<
    string,
    To
  >;
}
