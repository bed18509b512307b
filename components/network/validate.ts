import { ZONE_LETTERS, isRegion, isZoneOf, regionOf } from "../../config/aws-regions";
import { PRIVATE_RANGES, contains, firstFree, isCidr, overlaps, parseCidr } from "../../config/cidr";
import { validatePlace } from "../aws-place";
import { under } from "../problems";
import type { InvalidProperty } from "../problems";
import { INTERFACE_ENDPOINTS } from "./args";
import type { ExistingNetwork, NetworkArgs } from "./args";
import { DEFAULT_CIDR, controlPlaneZones } from "./plan";
import { VPC_PREFIXES } from "./subnets";

/** Days for which CloudWatch Logs keeps events (PutRetentionPolicy, Amazon CloudWatch Logs API Reference). */
export const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

/** Zones in which EKS wants subnets of a cluster at least ("Amazon EKS networking requirements"). */
const MIN_ZONES = 2;

/** Finds what is wrong with the arguments of a network, all of it. Pure; only plain values are looked at. */
export function validate(args: Omit<NetworkArgs, "transform">): InvalidProperty[] {
  const { existing } = args;
  return [
    ...validatePlace(args),
    ...validateZones("zones", args.zones, args.region),
    ...(args.controlPlaneZones ? validateZones("controlPlaneZones", args.controlPlaneZones, args.region) : []),
    ...(existing ? [] : validateCidr(args)),
    ...(args.avoidCidrs ?? []).flatMap((cidr, index) => validateAvoided(cidr, index)),
    ...validateEndpoints(args.interfaceEndpoints ?? []),
    ...validateFlowLogs(args.flowLogs),
    ...(existing ? [...validateConflicts(args), ...under("existing", validateExisting(existing, args))] : []),
  ];
}

function validateZones(path: string, zones: readonly string[], region: string): InvalidProperty[] {
  const problems = zones.flatMap((zone, index): InvalidProperty[] => {
    const propertyPath = `${path}[${index}]`;
    if (zones.indexOf(zone) < index) {
      return [{ propertyPath, reason: `"${zone}" is listed twice; accepted: each zone once. Remove it.` }];
    }
    // Of an unknown region nothing more can be said than whether it is a zone at all.
    if (isRegion(region) ? isZoneOf(region, zone) : regionOf(zone) !== undefined) return [];
    const accepted = isRegion(region)
      ? `the zones of ${region}, ${region}${ZONE_LETTERS[0]} to ${region}${ZONE_LETTERS.at(-1) ?? ""}`
      : "a region and a letter, such as eu-central-1a";
    return [{ propertyPath, reason: `"${zone}" is not known; accepted: ${accepted}. Correct or remove it.` }];
  });
  const count = new Set(zones).size;
  if (count >= MIN_ZONES) return problems;
  const reason = `there ${count === 1 ? "is 1 zone" : "are 0 zones"}; accepted: ${MIN_ZONES} or more, as EKS asks for subnets in ${MIN_ZONES} zones. Add zones.`;
  return [...problems, { propertyPath: path, reason }];
}

function validateCidr({ cidr = DEFAULT_CIDR, avoidCidrs = [] }: Pick<NetworkArgs, "cidr" | "avoidCidrs">) {
  const { widest, narrowest } = VPC_PREFIXES;
  const accepted = `accepted: a private IPv4 range from /${widest} to /${narrowest}, such as ${DEFAULT_CIDR}`;
  const range = parseCidr(cidr);
  const problem = (reason: string): InvalidProperty[] => [{ propertyPath: "cidr", reason }];
  if (!range) return problem(`"${cidr}" is not an IPv4 range; ${accepted}. Correct it.`);
  const prefix = Math.min(Math.max(range.prefix, widest), narrowest);
  return [
    ...(range.prefix > narrowest
      ? problem(
          `"${cidr}" is too small: a /${range.prefix} has no room for each zone's pods; ${accepted}. Take a /${prefix} or a larger one.`,
        )
      : []),
    ...(range.prefix < widest
      ? problem(
          `"${cidr}" is too large: AWS makes no VPC with a /${range.prefix}; ${accepted}. Take a /${prefix} of it.`,
        )
      : []),
    ...(isPrivate(cidr) ? [] : problem(notPrivate(cidr))),
    ...avoidCidrs
      .filter((avoided) => isCidr(avoided) && overlaps(cidr, avoided))
      .flatMap((avoided) => {
        const free = firstFree("10.0.0.0/8", prefix, avoidCidrs.filter(isCidr));
        const fix = free === undefined ? "Take another." : `Take another, such as ${free}.`;
        return problem(`"${cidr}" overlaps ${avoided} of avoidCidrs; accepted: a range apart from all of them. ${fix}`);
      }),
  ];
}

/** Environments are kept from private ranges; a VPC anywhere else would lie open to them. */
function notPrivate(cidr: string): string {
  return `"${cidr}" is not private; accepted: a range in ${PRIVATE_RANGES.join(", ")}, which environments are kept from. Take one of these.`;
}

function isPrivate(cidr: string): boolean {
  return PRIVATE_RANGES.some((range) => contains(range, cidr));
}

function validateAvoided(cidr: string, index: number): InvalidProperty[] {
  if (isCidr(cidr)) return [];
  const reason = `"${cidr}" is not an IPv4 range; accepted: one such as 192.168.0.0/24. Correct it.`;
  return [{ propertyPath: `avoidCidrs[${index}]`, reason }];
}

function validateEndpoints(endpoints: readonly string[]): InvalidProperty[] {
  return endpoints.flatMap((endpoint, index): InvalidProperty[] => {
    const propertyPath = `interfaceEndpoints[${index}]`;
    if (endpoints.indexOf(endpoint) < index) {
      return [{ propertyPath, reason: `"${endpoint}" is listed twice; accepted: each service once. Remove it.` }];
    }
    if ((INTERFACE_ENDPOINTS as readonly string[]).includes(endpoint)) return [];
    const reason = `"${endpoint}" is not offered; accepted: ${INTERFACE_ENDPOINTS.join(", ")}. Choose of these, or remove it.`;
    return [{ propertyPath, reason }];
  });
}

function validateFlowLogs({ traffic, retentionDays, kmsKeyArn }: NonNullable<NetworkArgs["flowLogs"]> = {}) {
  const problems: InvalidProperty[] = [];
  if (retentionDays !== undefined && !(RETENTION_DAYS as readonly number[]).includes(retentionDays)) {
    const reason = `${retentionDays} is not a period that CloudWatch Logs has; accepted: ${RETENTION_DAYS.join(", ")}. Choose one of these.`;
    problems.push({ propertyPath: "flowLogs.retentionDays", reason });
  }
  if (traffic === "none") {
    for (const [key, value] of Object.entries({ retentionDays, kmsKeyArn })) {
      if (value === undefined) continue;
      const reason = `it has no effect while flowLogs.traffic is "none"; accepted: left out. Remove it, or record traffic.`;
      problems.push({ propertyPath: `flowLogs.${key}`, reason });
    }
  }
  return problems;
}

/** What only a new VPC can have. */
function validateConflicts(args: Omit<NetworkArgs, "transform">): InvalidProperty[] {
  return (["cidr", "avoidCidrs", "natGateways", "interfaceEndpoints", "flowLogs"] as const)
    .filter((key) => args[key] !== undefined)
    .map((propertyPath) => ({
      propertyPath,
      reason:
        "it is for a new VPC, and existing names one that is there; accepted: one of the two. Remove it, or existing.",
    }));
}

function validateExisting(existing: ExistingNetwork, args: Omit<NetworkArgs, "transform">): InvalidProperty[] {
  const problems: InvalidProperty[] = [];
  if (!/^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/.test(existing.vpcId)) {
    const reason = `"${existing.vpcId}" is not the ID of a VPC; accepted: vpc- and 8 or 17 digits from 0 to f. Correct it.`;
    problems.push({ propertyPath: "vpcId", reason });
  }
  if (!isCidr(existing.cidr)) {
    const reason = `"${existing.cidr}" is not an IPv4 range; accepted: the primary range of the VPC, such as ${DEFAULT_CIDR}. Correct it.`;
    problems.push({ propertyPath: "cidr", reason });
  } else if (!isPrivate(existing.cidr)) {
    problems.push({ propertyPath: "cidr", reason: notPrivate(existing.cidr) });
  }
  const { privateSubnetIds, publicSubnetIds, controlPlaneSubnetIds } = existing;
  const control = controlPlaneZones(args);
  return [
    ...problems,
    ...validateSubnets("privateSubnetIds", privateSubnetIds, args.zones, "zones"),
    ...(publicSubnetIds ? validateSubnets("publicSubnetIds", publicSubnetIds, args.zones, "zones") : []),
    ...(controlPlaneSubnetIds
      ? validateSubnets("controlPlaneSubnetIds", controlPlaneSubnetIds, control, "controlPlaneZones")
      : control
          .filter((zone) => !args.zones.includes(zone))
          .map((zone) => ({
            propertyPath: `controlPlaneSubnetIds.${zone}`,
            reason: `it is missing, and ${zone} of controlPlaneZones has no private subnet to take instead; accepted: the ID of a subnet. Add it.`,
          }))),
    ...validateApart({ privateSubnetIds, ...(publicSubnetIds ? { publicSubnetIds } : {}) }),
  ];
}

function validateSubnets(
  path: string,
  subnetIds: Record<string, string>,
  zones: readonly string[],
  listedIn: string,
): InvalidProperty[] {
  const missing = zones
    .filter((zone, index) => subnetIds[zone] === undefined && zones.indexOf(zone) === index)
    .map((zone) => ({
      propertyPath: `${path}.${zone}`,
      reason: `it is missing; accepted: the ID of a subnet in ${zone}, which ${listedIn} lists. Add it.`,
    }));
  const given = Object.entries(subnetIds).flatMap(([zone, id]): InvalidProperty[] => {
    const propertyPath = `${path}.${zone}`;
    if (!zones.includes(zone)) {
      const reason = `it is not in ${listedIn}; accepted: ${zones.join(", ")}. Remove it, or add the zone to ${listedIn}.`;
      return [{ propertyPath, reason }];
    }
    if (/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)) return [];
    const reason = `"${id}" is not the ID of a subnet; accepted: subnet- and 8 or 17 digits from 0 to f. Correct it.`;
    return [{ propertyPath, reason }];
  });
  return [...missing, ...given];
}

/** A subnet is in one zone, and either private or public. */
function validateApart(lists: Record<string, Record<string, string>>): InvalidProperty[] {
  const all = Object.entries(lists).flatMap(([path, subnetIds]) =>
    Object.entries(subnetIds).map(([zone, id]) => ({ propertyPath: `${path}.${zone}`, id })),
  );
  return all.flatMap(({ propertyPath, id }, index) => {
    const first = all.findIndex((other) => other.id === id);
    if (first === index) return [];
    const reason = `"${id}" is already ${all[first]?.propertyPath ?? ""}; accepted: each subnet once, as it is in one zone and private or public. Correct one of them.`;
    return [{ propertyPath, reason }];
  });
}
