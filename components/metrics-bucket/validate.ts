import { validatePlace } from "../aws-place";
import type { InvalidProperty } from "../problems";
import type { MetricsBucketArgs } from "./args";
import { writerRoleName } from "./plan";

/** Longest name of a role (IAM API reference, CreateRole). */
const MAX_ROLE = 64;

/** What the names of a role and of a key's alias can both begin with. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/** Names of namespaces (RFC 1123 label) and of service accounts (RFC 1123 subdomain), as Kubernetes has them. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const SUBDOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/**
 * Paths that mean in a policy what they mean in S3: letters, digits and safe special characters (Amazon S3 user guide, "Naming Amazon S3
 * objects") without `*`, which a policy reads as a pattern, and without `.` and `..` as parts, which some clients resolve.
 */
const PREFIX = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9!_.'()-]+(?:\/[A-Za-z0-9!_.'()-]+)*$/;

/** Longest prefix taken: an object's key has at most 1,024 bytes (same guide), and half is left for what the exporter adds. */
const MAX_PREFIX = 512;

/** Finds what is wrong with the arguments of a metrics bucket, all of it. Pure; only plain values are looked at. */
export function validate(args: Omit<MetricsBucketArgs, "transform">): InvalidProperty[] {
  const { prefix, writer } = args;
  return [
    ...validateName(args.name),
    ...validatePlace(args),
    ...validatePrefix(prefix),
    ...check(
      "writer.namespace",
      LABEL.test(writer.namespace),
      `"${writer.namespace}" is not a namespace; accepted: one name of 1 to 63 lower-case letters, digits and dashes, no pattern. Name the exporter's namespace.`,
    ),
    ...check(
      "writer.serviceAccount",
      SUBDOMAIN.test(writer.serviceAccount),
      `"${writer.serviceAccount}" is not a service account; accepted: one name of lower-case letters, digits, dashes and dots, no pattern. Name the exporter's service account.`,
    ),
    ...check(
      "writer.serviceAccount",
      writer.serviceAccount !== "default",
      '"default" is what every pod of the namespace without a service account of its own runs as, so all of them could write. Give the exporter one of its own.',
    ),
    ...validateKey(args),
    ...validateDays("expireAfterDays", args.expireAfterDays),
    ...validateDays("keepOverwrittenDays", args.keepOverwrittenDays),
  ];
}

function validateName(name: string): InvalidProperty[] {
  const role = writerRoleName(name);
  return [
    ...check(
      "name",
      NAME.test(name),
      `"${name}" cannot begin the name of a role; accepted: letters, digits, dashes and underscores, a letter or digit first. Rename it, such as acme-previews.`,
    ),
    ...check(
      "name",
      !NAME.test(name) || role.length <= MAX_ROLE,
      `the role would be called "${role}", ${role.length} characters; IAM accepts ${MAX_ROLE}. Shorten it.`,
    ),
  ];
}

function validatePrefix(prefix: string): InvalidProperty[] {
  const fits = PREFIX.test(prefix) && prefix.length <= MAX_PREFIX;
  const reason =
    prefix === ""
      ? "it is empty, so the whole bucket could be written to. Name a path, such as metrics/previews."
      : `"${prefix}" is not one path; accepted: up to ${MAX_PREFIX} letters, digits and !_.'()- in parts separated by single slashes, none at the ends, no pattern. Change it, such as metrics/previews.`;
  return check("prefix", fits, reason);
}

function validateKey({ kmsKeyArn, region }: Omit<MetricsBucketArgs, "transform">): InvalidProperty[] {
  if (typeof kmsKeyArn !== "string") return [];
  const fits = new RegExp(`^arn:[a-z-]+:kms:${region}:\\d{12}:key/[0-9a-z-]+$`).test(kmsKeyArn);
  const reason = `"${kmsKeyArn}" is not the ARN of a key in ${region}; accepted: arn:aws:kms:${region}:…:key/…, no alias. Take what "aws kms describe-key" shows as Arn, or leave it out for a key of its own.`;
  return check("kmsKeyArn", fits, reason);
}

function validateDays(propertyPath: string, days: number | undefined): InvalidProperty[] {
  const fits = days === undefined || (Number.isSafeInteger(days) && days >= 1);
  return check(propertyPath, fits, `${days ?? ""} is not accepted by S3: a whole number of days from 1. Correct it.`);
}

function check(propertyPath: string, fits: boolean, reason: string): InvalidProperty[] {
  return fits ? [] : [{ propertyPath, reason }];
}
