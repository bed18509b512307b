import type { Stored } from "../../account";
import { inner, inners, text, type Call, type Reference, type Values } from "../../behaviour";
import { fail } from "../../errors";
import { findRole } from "../iam";
import { allows } from "../policies";
import { CLUSTER } from "./types";

export const ofCluster: Reference = { property: "clusterName", to: CLUSTER, deletion: "goes" };

/** The cluster that a resource belongs to. References make sure that it is there. */
export function clusterOf(call: Call): Stored {
  const name = text(call.inputs, "clusterName");
  return (
    call.account.find(CLUSTER, call.region, name) ??
    fail("ResourceNotFoundException", `No cluster found for name: ${name}.`)
  );
}

/** Whether EKS Auto Mode makes the nodes. */
export function isAutoMode(cluster: Stored): boolean {
  return inner(cluster.inputs, "computeConfig")["enabled"] === true;
}

/** Minor versions as numbers, for example 35. */
export function minorOf(version: string): number {
  return Number(/^1\.(\d+)/.exec(version)?.[1] ?? Number.NaN);
}

/** Asks for a role of this account that a service may take. */
export function requireRole(
  call: Call,
  roleArn: string,
  service: string,
  actions: readonly string[] = ["sts:AssumeRole"],
): void {
  if (!roleArn.includes(`:${call.accountId}:`)) return;
  const role = findRole(call, roleArn);
  if (!role) return fail("InvalidParameterException", `roleArn, ${roleArn}, does not exist`);
  const lacking = actions.filter((action) => !allows(text(role.inputs, "assumeRolePolicy"), service, action));
  if (lacking.length > 0)
    fail(
      "InvalidParameterException",
      `Role ${roleArn} could not be assumed because the trusted entity is not correct: ${service} may not ${lacking.join(", ")}`,
    );
}

/** Everything of one type in the cluster of a call. */
export function inCluster(call: Call, type: string): Stored[] {
  return call.account.all(type, call.region).filter((one) => one.inputs["clusterName"] === call.inputs["clusterName"]);
}

/** True when some taint keeps ordinary pods off a node group. */
export function isTainted(inputs: Values): boolean {
  return inners(inputs, "taints").some(
    ({ key, effect }) => key !== "CriticalAddonsOnly" && effect !== "PREFER_NO_SCHEDULE",
  );
}
