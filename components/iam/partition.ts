/**
 * Partition of a region, the second part of its ARNs (AWS general reference, "Amazon Resource Names"): `aws`, `aws-cn`, `aws-us-gov`.
 */
export function partitionOf(region: string): string {
  if (region.startsWith("cn-")) return "aws-cn";
  return region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
}
