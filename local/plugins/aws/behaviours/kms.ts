import { randomUUID } from "node:crypto";

import type { Stored } from "../account";
import { arn, text, type Behaviour, type Behaviours, type Call } from "../behaviour";
import { AwsError, fail } from "../errors";
import { atMostOne, knownNumber, knownText } from "./fields";
import { allows, checkPolicy, policyKinds } from "./policies";

const KEY = "aws:kms/key:Key";
const ALIAS = "aws:kms/alias:Alias";

/** Days that a key waits for its deletion (KMS API reference, ScheduleKeyDeletion). */
const waitingDays = { least: 7, most: 30 };

const notFound = (value: string) => new AwsError("NotFoundException", `Key '${value}' does not exist`);

const key: Behaviour = {
  title: "KMS Key",
  notFound,
  check: (inputs) => {
    const days = knownNumber(inputs, "deletionWindowInDays");
    return [
      ...checkPolicy(inputs, "policy", policyKinds.key),
      ...(days !== undefined && (days < waitingDays.least || days > waitingDays.most)
        ? [{ property: "deletionWindowInDays", reason: `is ${days}; accepted are 7 to 30` }]
        : []),
    ];
  },
  verify: (call) => {
    const policy = text(call.inputs, "policy");
    // "The policy must allow the caller to make a subsequent PutKeyPolicy request" (KMS API reference, CreateKey).
    const owner = `arn:${call.partition}:iam::${call.accountId}:root`;
    const keepsOwner = policy === "" || [owner, call.accountId].some((one) => allows(policy, one, "kms:PutKeyPolicy"));
    if (!keepsOwner && call.inputs["bypassPolicyLockoutSafetyCheck"] !== true)
      fail(
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
      );
  },
  id: () => randomUUID(),
  describe: (call, id) => ({
    arn: arn(call, "kms", `key/${id}`),
    keyId: id,
    customerMasterKeySpec: call.inputs["customerMasterKeySpec"] ?? "SYMMETRIC_DEFAULT",
    description: call.inputs["description"] ?? "",
    enableKeyRotation: call.inputs["enableKeyRotation"] ?? false,
    isEnabled: call.inputs["isEnabled"] ?? true,
    keyUsage: call.inputs["keyUsage"] ?? "ENCRYPT_DECRYPT",
    multiRegion: call.inputs["multiRegion"] ?? false,
    policy: call.inputs["policy"] ?? defaultPolicy(call),
    rotationPeriodInDays: call.inputs["rotationPeriodInDays"] ?? (call.inputs["enableKeyRotation"] === true ? 365 : 0),
  }),
};

/** The policy of a key that is given none (KMS developer guide, "Default key policy"). */
function defaultPolicy(call: Call): string {
  const owner = { AWS: `arn:${call.partition}:iam::${call.accountId}:root` };
  const statement = {
    Sid: "Enable IAM User Permissions",
    Effect: "Allow",
    Principal: owner,
    Action: "kms:*",
    Resource: "*",
  };
  return JSON.stringify({ Version: "2012-10-17", Id: "key-default-1", Statement: [statement] });
}

const alias: Behaviour = {
  title: "KMS Alias",
  autoname: { property: "name", maximum: 250, form: (name) => `alias/${name}` },
  notFound: (value) => new AwsError("NotFoundException", `Alias ${value} is not found.`),
  check: (inputs) => {
    const name = knownText(inputs, "name");
    return [
      ...atMostOne(inputs, ["name", "namePrefix"]),
      ...(name !== undefined && !/^alias\/(?!aws\/)/.test(name)
        ? [{ property: "name", reason: `"${name}" must begin with alias/ and not with alias/aws/` }]
        : []),
    ];
  },
  verify: (call, before) => {
    const target = findKey(call, text(call.inputs, "targetKeyId"));
    if (!target) throw notFound(text(call.inputs, "targetKeyId"));
    const name = text(call.inputs, "name");
    if (!before && call.account.find(ALIAS, call.region, name))
      fail("AlreadyExistsException", `An alias with the name ${arn(call, "kms", name)} already exists`);
  },
  id: (call) => text(call.inputs, "name"),
  describe: (call, id) => {
    const target = findKey(call, text(call.inputs, "targetKeyId"));
    return {
      arn: arn(call, "kms", id),
      namePrefix: call.inputs["namePrefix"] ?? "",
      targetKeyArn: target?.outputs["arn"] ?? "",
      targetKeyId: target?.id ?? "",
    };
  },
};

/** A key by ID or ARN. */
export function findKey(call: Call, value: string): Stored | undefined {
  return call.account.all(KEY, call.region).find(({ id, outputs }) => id === value || outputs["arn"] === value);
}

/**
 * Asks that a key of this account is there and lets a service use it.
 *
 * @param value ID or ARN; an empty text or a key of another account is let through
 */
export function requireKey(call: Call, value: string, service: string, code: string): void {
  if (value === "" || !value.includes(`:${call.accountId}:`)) return;
  const found = findKey(call, value);
  if (!found) return fail(code, `The KMS key ${value} does not exist or is not enabled`);
  if (found.outputs["isEnabled"] === false) fail(code, `The KMS key ${value} is not enabled`);
  if (service !== "" && !allows(text(found.outputs, "policy"), service, "kms:GenerateDataKey"))
    fail(code, `The policy of KMS key ${value} does not let ${service} use it`);
}

/** Keys of KMS. A deleted key is gone at once, whereas AWS has it wait for its deletion. */
export const kms: Behaviours = { [KEY]: key, [ALIAS]: alias };
