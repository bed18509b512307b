import { isDeepStrictEqual } from "node:util";

import type { Account } from "./account";
import { text, type Values } from "./behaviour";
import { zonesOf } from "./behaviours/zones";
import type { Settings } from "./settings";

/** Functions of the package by token: what they answer. */
const functions: Record<string, (args: Values, account: Account, settings: Settings) => Values> = {
  "aws:index/getCallerIdentity:getCallerIdentity": (_args, _account, { accountId, partition }) => ({
    accountId,
    arn: `arn:${partition}:sts::${accountId}:assumed-role/deployer/stand-in`,
    id: accountId,
    userId: "AROAEXAMPLEDEPLOYER:stand-in",
  }),
  "aws:index/getPartition:getPartition": (_args, _account, { partition }) => ({
    dnsSuffix: partition === "aws-cn" ? "amazonaws.com.cn" : "amazonaws.com",
    id: partition,
    partition,
    reverseDnsPrefix: partition === "aws-cn" ? "cn.com.amazonaws" : "com.amazonaws",
  }),
  "aws:index/getRegion:getRegion": (args, _account, settings) => {
    const region = text(args, "region") || settings.region;
    return { description: region, endpoint: `ec2.${region}.amazonaws.com`, id: region, name: region, region };
  },
  "aws:index/getAvailabilityZones:getAvailabilityZones": (args, _account, settings) => {
    refuse("getAvailabilityZones", args, ["region", "state"]);
    const region = text(args, "region") || settings.region;
    const zones = zonesOf(region);
    return {
      groupNames: [region],
      id: region,
      names: zones.map(({ name }) => name),
      region,
      zoneIds: zones.map(({ id }) => id),
    };
  },
};

/**
 * Calls a function of the package.
 *
 * @throws Error for one that is not covered
 */
export function callFunction(token: string, args: Values, account: Account, settings: Settings): Values {
  const called = functions[token];
  if (!called)
    throw new Error(`the stand-in for AWS does not cover the function ${token} (local/plugins/aws/README.md)`);
  return called(args, account, settings);
}

/** Tokens of all functions. */
export const coveredFunctions = Object.keys(functions).sort();

function refuse(name: string, args: Values, known: readonly string[]): void {
  const others = Object.keys(args).filter((key) => !known.includes(key) && !isDeepStrictEqual(args[key], null));
  if (others.length > 0) throw new Error(`the stand-in for AWS does not cover ${others.join(", ")} of ${name}`);
}
