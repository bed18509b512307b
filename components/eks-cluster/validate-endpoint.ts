import { FORBIDDEN_RANGES, PRIVATE_RANGES, contains, overlaps, parseCidr } from "../../config/cidr";
import type { Range } from "../../config/cidr";
import type { InvalidProperty } from "../problems";
import type { EndpointArgs } from "./args";

/** Ranges that the public endpoint takes at most ("View and manage Amazon EKS and Fargate service quotas"). */
const MAX_PUBLIC_CIDRS = 40;

/**
 * Addresses of the internet that all public ranges together may have: as many as a /8, one in 256. More is the internet by another name, such
 * as 0.0.0.0/1 and 128.0.0.0/1.
 */
const MAX_PUBLIC_ADDRESSES = 2 ** 24;

const FIX = "List the addresses of your office, VPN or runners, such as 203.0.113.10/32, or leave publicCidrs out.";

/** Finds what is wrong with the endpoint. */
export function validateEndpoint({ publicCidrs = [], privateCidrs = [] }: EndpointArgs): InvalidProperty[] {
  const perCidr = publicCidrs.flatMap((cidr, index) =>
    publicProblems(cidr).map((reason) => ({ propertyPath: `publicCidrs[${index}]`, reason })),
  );
  return [
    ...perCidr,
    // Ranges that are refused on their own say so already.
    ...(perCidr.length === 0 ? validateTogether(publicCidrs) : []),
    ...privateCidrs.flatMap((cidr, index) =>
      privateProblems(cidr).map((reason) => ({ propertyPath: `privateCidrs[${index}]`, reason })),
    ),
  ];
}

function publicProblems(cidr: string): string[] {
  if (["0.0.0.0/0", "::/0"].includes(cidr)) {
    return [`"${cidr}" opens the API server to the whole internet; accepted: the ranges that need it. ${FIX}`];
  }
  const range = parseCidr(cidr);
  if (!range) return [`"${cidr}" is not an IPv4 range; accepted: CIDR notation without bits after the prefix. ${FIX}`];
  const closed = [...PRIVATE_RANGES, ...FORBIDDEN_RANGES].find((one) => contains(one, cidr));
  if (closed === undefined) return [];
  const fix = PRIVATE_RANGES.some((one) => one === closed) ? "Move it to privateCidrs." : "Remove it.";
  return [`"${cidr}" is in ${closed}, which no one comes from on the internet; accepted: public ranges. ${fix}`];
}

function validateTogether(publicCidrs: readonly string[]): InvalidProperty[] {
  const problems: InvalidProperty[] = [];
  const propertyPath = "publicCidrs";
  if (publicCidrs.length > MAX_PUBLIC_CIDRS) {
    const reason = `there are ${publicCidrs.length} ranges; accepted: at most ${MAX_PUBLIC_CIDRS}. Join neighbours, or reach the private endpoint by VPN.`;
    problems.push({ propertyPath, reason });
  }
  const addresses = countAddresses(publicCidrs);
  if (addresses > MAX_PUBLIC_ADDRESSES) {
    const share = Math.round((addresses / 2 ** 32) * 1000) / 10;
    const reason = `${publicCidrs.join(", ")} are ${share}% of the internet together; accepted: as much as a /8, which is 0.4%. ${FIX}`;
    problems.push({ propertyPath, reason });
  }
  return problems;
}

/** Addresses in at least one of the ranges. */
export function countAddresses(cidrs: readonly string[]): number {
  const ranges = cidrs
    .map(parseCidr)
    .filter((range): range is Range => range !== undefined)
    .sort((one, other) => one.first - other.first);
  let count = 0;
  let next = 0;
  for (const { first, last } of ranges) {
    count += Math.max(0, last - Math.max(first, next) + 1);
    next = Math.max(next, last + 1);
  }
  return count;
}

function privateProblems(cidr: string): string[] {
  if (!parseCidr(cidr)) {
    return [
      `"${cidr}" is not an IPv4 range; accepted: private ranges in CIDR notation, such as 10.8.0.0/16. Correct it.`,
    ];
  }
  if (PRIVATE_RANGES.some((range) => contains(range, cidr))) return [];
  const inPart = PRIVATE_RANGES.some((range) => overlaps(range, cidr)) ? " in all of it" : "";
  return [
    `"${cidr}" is not private${inPart}; accepted: ranges inside ${PRIVATE_RANGES.join(", ")}. Move what is public to publicCidrs.`,
  ];
}
