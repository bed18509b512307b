import * as pulumi from "@pulumi/pulumi";
import { policyDocument } from "./document";
import type { Statement } from "./document";

export { policyDocument } from "./document";
export type { Conditions, PolicyDocument, Principal, Statement } from "./document";
export { partitionOf } from "./partition";
export { assertLeastPrivilege, findTooBroad } from "./least-privilege";
export {
  AWS_AUDIENCE,
  GITHUB_ISSUER_URL,
  assumeByGitHub,
  assumeByGitHubJobs,
  assumeByPodIdentity,
  assumeByService,
  gitHubSubject,
  validateGitHubTrust,
} from "./trust";
export type { GitHubTrust, PodIdentity } from "./trust";

/**
 * A policy as the JSON that AWS takes. Unknown while one of its values is.
 *
 * @example
 * ```ts
 * new Role("writer", { assumeRolePolicy: policyJson(assumeByPodIdentity()) });
 * ```
 * @throws RangeError as {@link policyDocument}
 */
export function policyJson(...statements: Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify(policyDocument(statements));
}
