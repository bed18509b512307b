import { regionOf } from "../../config/aws-regions";
import { under } from "../problems";
import type { InvalidProperty } from "../problems";
import type { NodeGroupsArgs, NodePoolSpec, Taint } from "./args";
import { architectureOf, isAccelerated, isInstanceType, isNitro } from "./instance-types";
import { FALLBACK, MAX_GROUP_NAME, POOL_LABEL, boundsOf, groupName, planNodeGroups } from "./plan";

/** Nodes of a managed node group at the most ("Amazon EKS endpoints and quotas", AWS General Reference). */
const MAX_NODES = 450;

/** GiB: AL2023's image for EKS needs the first; gp3 volumes have the second in every region ("Amazon EBS volume types"). */
const ROOT_VOLUME = { min: 20, max: 16384 };

/** Pods of a node: DaemonSets take a handful; managed node groups refuse more than the second. */
const MAX_PODS = { min: 10, max: 250 };

/** Taints of a managed node group at the most ("Place Kubernetes Pods on specific nodes", Amazon EKS User Guide). */
const MAX_TAINTS = 50;

/** Longest key of a label or taint in the EKS API, prefix included (shapes labelKey and taintKey of botocore's service model). */
const MAX_KEY = 63;

/** Domains whose labels Kubernetes and EKS keep for themselves. */
const RESERVED_DOMAINS = ["kubernetes.io", "k8s.io", "eks.amazonaws.com"];

const POOL_NAME = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;
const KEY = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;

/** What {@link validate} looks at; the rest may be there. */
export type CheckedArgs = Partial<NodeGroupsArgs> &
  Pick<NodeGroupsArgs, "pool" | "kubernetesVersion" | "subnetIds" | "spec" | "autoscaling">;

/** Finds what is wrong with the arguments of a pool, all of it. Pure; only plain values are looked at. */
export function validate(args: CheckedArgs): InvalidProperty[] {
  const zones = Object.keys(args.subnetIds);
  return [
    ...validateZones(zones),
    ...validatePool(args.pool),
    ...validateNames(args, zones),
    ...validateAutoscaling(args),
    ...validateRelease(args),
    ...under("spec", [
      ...validateInstanceTypes(args.spec),
      ...validateBounds(args.spec, zones),
      ...validateFallback(args.spec),
      ...(args.autoscaling === "karpenter" ? validateBase(args.spec) : []),
      ...validateRange("rootVolumeGiB", args.spec.rootVolumeGiB, ROOT_VOLUME, "GiB"),
      ...validateRange("maxPodsPerNode", args.spec.maxPodsPerNode, MAX_PODS, "pods"),
      ...validateRange("maxUnavailablePercentage", args.spec.maxUnavailablePercentage, { min: 1, max: 100 }, "percent"),
      ...validateLabels(args.spec.labels ?? {}),
      ...validateTaints(args.spec.taints ?? []),
    ]),
  ];
}

function validateZones(zones: readonly string[]): InvalidProperty[] {
  if (zones.length === 0) {
    return [
      { propertyPath: "subnetIds", reason: "there is no zone; accepted: one or more. Give the subnet of each zone." },
    ];
  }
  return zones
    .filter((zone) => regionOf(zone) === undefined)
    .map((zone) => ({
      propertyPath: `subnetIds.${zone}`,
      reason: `"${zone}" is not known; accepted: a region and a letter, such as eu-central-1a. Correct or remove it.`,
    }));
}

function validatePool(pool: string): InvalidProperty[] {
  if (!POOL_NAME.test(pool)) {
    const reason = `"${pool}" is not accepted: lower-case letters, digits and dashes, a letter first and no dash last. Rename the pool, such as "previews".`;
    return [{ propertyPath: "pool", reason }];
  }
  if (!`-${pool}-`.includes(`-${FALLBACK}-`)) return [];
  const reason = `"${pool}" has "${FALLBACK}" in it, by which fallback groups are told from others; accepted: any other name. Rename the pool.`;
  return [{ propertyPath: "pool", reason }];
}

function validateNames({ pool, spec }: CheckedArgs, zones: readonly string[]): InvalidProperty[] {
  const longest = planNodeGroups(zones, spec)
    .map((group) => groupName(pool, group))
    .reduce((long, name) => (name.length > long.length ? name : long), "");
  const excess = longest.length - MAX_GROUP_NAME;
  if (excess <= 0) return [];
  const reason = `"${pool}" gives the node group name "${longest}" with ${longest.length} characters; accepted: at most ${MAX_GROUP_NAME}. Shorten it to ${pool.length - excess} characters.`;
  return [{ propertyPath: "pool", reason }];
}

function validateAutoscaling({ autoscaling, pool }: CheckedArgs): InvalidProperty[] {
  if (autoscaling !== "auto-mode") return [];
  const reason = `"auto-mode" does not go with node groups, as EKS makes its nodes itself; accepted: cluster-autoscaler, karpenter. Remove the pool ${pool}, or change autoscaling.`;
  return [{ propertyPath: "autoscaling", reason }];
}

function validateRelease({ releaseVersion, kubernetesVersion }: CheckedArgs): InvalidProperty[] {
  if (releaseVersion === undefined) return [];
  const version = /^(\d+\.\d+)\.\d+-\d{8}$/.exec(releaseVersion)?.[1];
  if (version === kubernetesVersion) return [];
  const what = version === undefined ? "is not a release of AL2023 for EKS" : `is for Kubernetes ${version}`;
  const reason = `"${releaseVersion}" ${what}; accepted: one for ${kubernetesVersion}, such as ${kubernetesVersion}.2-20251209. Take one from the release notes of amazon-eks-ami, or leave it out for the newest.`;
  return [{ propertyPath: "releaseVersion", reason }];
}

function validateInstanceTypes({ instanceTypes, capacity }: NodePoolSpec): InvalidProperty[] {
  const [first] = instanceTypes;
  if (first === undefined) {
    return [
      { propertyPath: "instanceTypes", reason: "it is empty; accepted: one or more, such as m7i.large. Add some." },
    ];
  }
  const problems = instanceTypes.flatMap((type, index) => {
    const reason = problemOf(type) ?? (instanceTypes.indexOf(type) < index ? twice(type) : mixed(type, first));
    return reason === undefined ? [] : [{ propertyPath: `instanceTypes[${index}]`, reason }];
  });
  if (capacity !== "spot" || new Set(instanceTypes).size > 1) return problems;
  const reason = `there is only ${first}, and AWS takes spot instances of one type all back at once; accepted with spot: two types or more. Add types of like vCPU and memory, or set capacity to on-demand.`;
  return [...problems, { propertyPath: "instanceTypes", reason }];
}

function problemOf(type: string): string | undefined {
  if (!isInstanceType(type)) {
    return `"${type}" is not an instance type of EC2; accepted: names such as m7i.large. Correct or remove it.`;
  }
  if (!isNitro(type)) {
    return `"${type}" runs on Xen, where the VPC CNI has no prefixes for pods; accepted: types on Nitro, such as m7i.large. Take a newer generation.`;
  }
  if (isAccelerated(type)) {
    return `"${type}" has an accelerator, whose drivers the image of these nodes does not have; accepted: types without, such as m7i.large. Take one of these.`;
  }
  return undefined;
}

function twice(type: string): string {
  return `"${type}" is listed twice; accepted: each type once. Remove it.`;
}

function mixed(type: string, first: string): string | undefined {
  const [own, wanted] = [architectureOf(type), architectureOf(first)];
  if (own === wanted || problemOf(first) !== undefined) return undefined;
  return `"${type}" is ${own}, and ${first} is ${wanted}; accepted: one architecture in a pool, as its nodes share an image. Make a pool of its own for it.`;
}

function validateBounds(spec: NodePoolSpec, zones: readonly string[]): InvalidProperty[] {
  const { minPerZone, maxPerZone, perZone = {} } = spec;
  const { min } = boundsOf(spec, "");
  return [
    ...validateRange("minPerZone", minPerZone, { min: 0, max: MAX_NODES }, "nodes"),
    ...validateRange("maxPerZone", maxPerZone, { min: 1, max: MAX_NODES }, "nodes"),
    ...validateOrder("minPerZone", "maxPerZone", min, maxPerZone),
    ...Object.entries(perZone).flatMap(([zone, own]): InvalidProperty[] => {
      const path = `perZone.${zone}`;
      if (!zones.includes(zone)) {
        const reason = `the pool has no subnet in it; accepted: ${zones.join(", ")}. Remove it, or add the zone.`;
        return [{ propertyPath: path, reason }];
      }
      const bounds = boundsOf(spec, zone);
      return [
        ...validateRange(`${path}.min`, own.min, { min: 0, max: MAX_NODES }, "nodes"),
        ...validateRange(`${path}.max`, own.max, { min: 1, max: MAX_NODES }, "nodes"),
        ...(own.min === undefined && own.max === undefined
          ? []
          : validateOrder(`${path}.min`, `${path}.max`, bounds.min, bounds.max)),
      ];
    }),
  ];
}

function validateOrder(minPath: string, maxPath: string, min: number, max: number): InvalidProperty[] {
  if (min <= max) return [];
  const reason = `${min} is more than ${maxPath}, which is ${max}; accepted: 0 to ${max}. Lower it, or raise ${maxPath}.`;
  return [{ propertyPath: minPath, reason }];
}

function validateFallback(spec: NodePoolSpec): InvalidProperty[] {
  const { capacity, onDemandFallback } = spec;
  if (onDemandFallback === undefined) return [];
  if (capacity !== "spot") {
    const reason =
      "it is for spot, and the pool's instances are on-demand already; accepted: left out. Remove it, or set capacity to spot.";
    return [{ propertyPath: "onDemandFallback", reason }];
  }
  if (onDemandFallback === false) return [];
  const { minPerZone, maxPerZone } = onDemandFallback;
  return under("onDemandFallback", [
    ...validateRange("minPerZone", minPerZone, { min: 0, max: MAX_NODES }, "nodes"),
    ...validateRange("maxPerZone", maxPerZone, { min: 1, max: MAX_NODES }, "nodes"),
    ...validateOrder("minPerZone", "maxPerZone", minPerZone ?? 0, maxPerZone ?? spec.maxPerZone),
  ]);
}

/** With Karpenter, groups are the ground it stands on itself: of a fixed size, and not taken back by AWS. */
function validateBase(spec: NodePoolSpec): InvalidProperty[] {
  const problems: InvalidProperty[] = [];
  const { min, max } = boundsOf(spec, "");
  if (min < max) {
    const reason = `${min} is less than maxPerZone, which is ${max}, and with Karpenter nothing scales node groups; accepted: the same as maxPerZone. Make them equal.`;
    problems.push({ propertyPath: "minPerZone", reason });
  }
  if (spec.capacity === "spot") {
    const reason =
      '"spot" could be taken back under Karpenter itself, which runs on these nodes; accepted: on-demand. Change it; Karpenter buys spot by its own node pools.';
    problems.push({ propertyPath: "capacity", reason });
  }
  return problems;
}

function validateRange(
  propertyPath: string,
  value: number | undefined,
  { min, max }: { min: number; max: number },
  unit: string,
): InvalidProperty[] {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return [];
  const reason = `${value} is not accepted: a whole number of ${unit} from ${min} to ${max}. Change it.`;
  return [{ propertyPath, reason }];
}

function validateLabels(labels: Record<string, string>): InvalidProperty[] {
  return Object.entries(labels).flatMap(([key, value]): InvalidProperty[] => {
    const propertyPath = `labels["${key}"]`;
    const problem = problemOfKey(key) ?? reserved(key) ?? problemOfValue(value, 1);
    return problem === undefined ? [] : [{ propertyPath, reason: problem }];
  });
}

function validateTaints(taints: readonly Taint[]): InvalidProperty[] {
  const problems = taints.flatMap(({ key, value = "", effect }, index): InvalidProperty[] => {
    const first = taints.findIndex((other) => other.key === key && other.effect === effect);
    const checks = {
      key:
        problemOfKey(key) ??
        (first < index ? `"${key}" with ${effect} is there twice; accepted: each once. Remove it.` : undefined),
      value: problemOfValue(value, 0),
    };
    return Object.entries(checks).flatMap(([field, reason]) =>
      reason === undefined ? [] : [{ propertyPath: `taints[${index}].${field}`, reason }],
    );
  });
  if (taints.length <= MAX_TAINTS) return problems;
  const reason = `there are ${taints.length} taints; accepted: at most ${MAX_TAINTS} in a node group. Remove some.`;
  return [...problems, { propertyPath: "taints", reason }];
}

function problemOfKey(key: string): string | undefined {
  if (KEY.test(key) && key.length <= MAX_KEY) return undefined;
  return `"${key}" is not accepted: a name of letters, digits, dots, dashes and underscores, with a domain and a slash before it if wanted, at most ${MAX_KEY} characters in all. Rename it.`;
}

function reserved(key: string): string | undefined {
  if (key === POOL_LABEL) return `"${key}" is set to the pool's name; accepted: other keys. Remove it.`;
  const [domain = ""] = key.includes("/") ? key.split("/") : [];
  const owner = RESERVED_DOMAINS.find((one) => domain === one || domain.endsWith(`.${one}`));
  if (owner === undefined) return undefined;
  return `"${key}" belongs to ${owner}, whose labels nodes cannot be given; accepted: a domain of your own, such as berth.dev/team. Rename it.`;
}

function problemOfValue(value: string, shortest: number): string | undefined {
  if (VALUE.test(value) && value.length >= shortest) return undefined;
  return `"${value}" is not accepted: ${shortest} to 63 letters, digits, dots, dashes and underscores, a letter or digit first and last. Change it.`;
}
