import { REGIONS, isRegion } from "../config/aws-regions";
import { closest } from "../config/problems";
import type { InvalidProperty } from "./problems";

/** Where resources of AWS are made. */
export interface AwsPlace {
  /** AWS region. */
  region: string;
  /** AWS account, 12 digits. */
  accountId: string;
}

/** Finds what is wrong with region and account, under the names that every component gives them. Pure. */
export function validatePlace({ region, accountId }: AwsPlace): InvalidProperty[] {
  const problems: InvalidProperty[] = [];
  if (!isRegion(region)) {
    const near = closest(region, REGIONS);
    const fix = near === undefined ? `Take one of ${REGIONS.join(", ")}.` : `Did you mean ${near}?`;
    const reason = `"${region}" is not known; accepted: a region of AWS's commercial partition. ${fix}`;
    problems.push({ propertyPath: "region", reason });
  }
  if (!/^\d{12}$/.test(accountId)) {
    const reason = `"${accountId}" is not an AWS account; accepted: 12 digits. Take what "aws sts get-caller-identity" shows.`;
    problems.push({ propertyPath: "accountId", reason });
  }
  return problems;
}
