import type { Input } from "@pulumi/pulumi";
import type { Statement } from "../iam/document";
import { globalArn } from "./context";
import type { Site } from "./context";

/** Days between asking for a key's deletion and it: the most that KMS gives to change one's mind ("Deleting AWS KMS keys"). */
export const DELETION_WINDOW_DAYS = 30;

/** What encrypting and reading a volume takes ("Required key policy for use with encrypted volumes", EC2 Auto Scaling user guide). */
export const USE_KEY = [
  "kms:Encrypt",
  "kms:Decrypt",
  "kms:ReEncryptFrom",
  "kms:ReEncryptTo",
  "kms:GenerateDataKey",
  "kms:GenerateDataKeyWithoutPlaintext",
  "kms:DescribeKey",
];

/**
 * Policy of the key that encrypts Secrets: IAM policies of the account decide. EKS itself uses the key by a grant that it asks for with the
 * rights of whoever creates the cluster ("Encrypt Kubernetes secrets with KMS on existing clusters", EKS user guide).
 */
export function secretsKeyStatements(site: Site): Statement[] {
  return [leaveToIam(site)];
}

/**
 * Policy of the key that encrypts volumes: IAM policies decide, and the given roles may use it.
 *
 * The roles are conditions, not principals: KMS refuses a key policy with a principal that is not there (yet), and the service-linked role of
 * Auto Scaling appears with the account's first group only. A role that is made anew under its name keeps its right.
 *
 * @param roleArns who makes, reads and attaches volumes
 */
export function volumesKeyStatements(site: Site, roleArns: Input<string>[]): Statement[] {
  const roles = { StringEquals: { "kms:CallerAccount": site.accountId }, ArnEquals: { "aws:PrincipalArn": roleArns } };
  return [
    leaveToIam(site),
    {
      sid: "UseForVolumes",
      principal: { aws: "*" },
      actions: USE_KEY,
      resources: ["*"],
      conditions: roles,
    },
    {
      sid: "GrantToVolumes",
      principal: { aws: "*" },
      actions: ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
      resources: ["*"],
      conditions: { ...roles, Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  ];
}

/** The role with which Auto Scaling groups, and so managed node groups, start instances with encrypted volumes. */
export function autoscalingRoleArn(site: Site): string {
  return globalArn(site, "iam", "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling");
}

/** The role with which EC2 starts spot instances; Karpenter's come without a group. */
export function spotRoleArn(site: Site): string {
  return globalArn(site, "iam", "role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot");
}

/** Without this statement a key could become one that nobody can change ("Default key policy", KMS developer guide). */
function leaveToIam(site: Site): Statement {
  return {
    sid: "LeaveToIam",
    principal: { aws: globalArn(site, "iam", "root") },
    actions: ["kms:*"],
    resources: ["*"],
  };
}
