import type { Stored } from "../../account";
import { text } from "../../behaviour";
import type { Call, Reference, Values } from "../../behaviour";
import { parseRange } from "../../cidr";
import type { Range } from "../../cidr";
import { AwsError, fail } from "../../errors";
import { SUBNET, VPC } from "./types";

/**
 * Default quotas of an account and region ("Amazon VPC quotas", Amazon VPC User Guide; "Elastic IP address quota", Amazon EC2
 * User Guide).
 */
export const quotas = { vpcs: 5, internetGateways: 5, subnetsPerVpc: 200, addresses: 5, natGatewaysPerZone: 5 };

export const inVpc: Reference = { property: "vpcId", to: VPC };
export const inSubnet: Reference = { property: "subnetId", to: SUBNET };

export function dependencies(what: string) {
  return (resource: Stored, users: readonly Stored[]) =>
    new AwsError(
      "DependencyViolation",
      `The ${what} '${resource.id}' has dependencies and cannot be deleted: ${users.map(({ id }) => id).join(", ")}`,
    );
}

export function quota(code: string, what: string, count: number, most: number): void {
  if (count >= most) throw new AwsError(code, `The maximum number of ${what} has been reached: ${most}.`);
}

export function rangeOf(values: Values, name = "cidrBlock"): Range {
  return (
    parseRange(text(values, name)) ?? fail("InvalidParameterValue", `${text(values, name)} is not a valid CIDR block.`)
  );
}

export function siblings(call: Call, type: string, before: Stored | undefined): Stored[] {
  return call.account.all(type, call.region).filter((one) => one.id !== before?.id);
}

export function find(call: Call, type: string, id: string): Stored {
  return call.account.find(type, call.region, id) ?? fail("NotFound", `'${id}' does not exist`);
}
