/** Names that everything else is found by. Functions of project and pull request only, so that destroy needs no config. */

/** Longest DNS label, hence longest namespace and first host label (RFC 1035). */
export const MAX_LABEL = 63;

/** Largest pull request number: GitHub's API types it as a 32-bit integer. */
export const MAX_PR_NUMBER = 2 ** 31 - 1;

/** Stack that holds what all environments share. */
export const PLATFORM_STACK = "platform";

/** Namespace of the platform: gateway, leases, deployer. */
export const PLATFORM_NAMESPACE = "berth-system";

/** Where the SealedSecrets controller is, when the platform has it: name of its objects, namespace, port of its Service. */
export const SEALED_SECRETS = { name: "sealed-secrets", namespace: "berth-sealed-secrets", port: 8080 } as const;

/** Project identifiers: a DNS label of at most 20 characters, as k8s-ee.yaml has it. */
export const PROJECT_ID_PATTERN = /^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/;

/**
 * Names of services: with the longest project, the largest number and the dashes between them, 20 characters make a host label of
 * 55 of the 63 that DNS allows. A Service's name begins with a letter (RFC 1035).
 */
export const SERVICE_NAME_PATTERN = /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/;

/** What in a service's name would let its host be read as that of another pull request's environment. */
export const ENVIRONMENT_IN_NAME = /(^|-)pr-\d+(-|$)/;

const STACK_PATTERN = /^pr-([a-z0-9](?:[a-z0-9-]{0,18}[a-z0-9])?)-([1-9]\d{0,9})$/;

/** One pull request of one project. */
export interface EnvironmentKey {
  projectId: string;
  number: number;
}

/**
 * Namespace of an environment, which is also its name everywhere: `{projectId}-pr-{number}`, as in k8s-ee.
 *
 * @throws RangeError when project or number do not give a DNS label
 */
export function environmentName({ projectId, number }: EnvironmentKey): string {
  check({ projectId, number });
  const name = `${projectId}-pr-${number}`;
  if (name.length > MAX_LABEL) {
    throw new RangeError(
      `"${name}" has ${name.length} characters, a DNS label has at most ${MAX_LABEL}; shorten projectId`,
    );
  }
  return name;
}

/**
 * Pulumi stack of an environment: `pr-{projectId}-{number}`.
 *
 * @throws RangeError as {@link environmentName}
 */
export function stackName(key: EnvironmentKey): string {
  environmentName(key);
  return `pr-${key.projectId}-${key.number}`;
}

/** Reads back what {@link stackName} wrote; undefined for any other stack. The last dash separates, as numbers have none. */
export function parseStackName(stack: string): EnvironmentKey | undefined {
  const match = STACK_PATTERN.exec(stack);
  if (!match?.[1] || !match[2]) return undefined;
  const key = { projectId: match[1], number: Number(match[2]) };
  return key.number <= MAX_PR_NUMBER ? key : undefined;
}

/** Host of an environment: one label under the wildcard domain, so that one wildcard certificate covers all of them. */
export function hostName(namespace: string, domain: string): string {
  return `${namespace}.${domain}`;
}

/**
 * Host of a public service: `{projectId}-pr-{number}-{service}`, one label too.
 *
 * No two environments or services share one as long as no service has {@link ENVIRONMENT_IN_NAME}: the last `pr-{number}` of a label
 * then always belongs to its environment.
 *
 * @throws RangeError when the label is longer than DNS allows
 */
export function serviceHostName(namespace: string, service: string, domain: string): string {
  const label = `${namespace}-${service}`;
  if (label.length > MAX_LABEL) {
    throw new RangeError(
      `"${label}" has ${label.length} characters, a DNS label has at most ${MAX_LABEL}; shorten projectId or the service's name`,
    );
  }
  return hostName(label, domain);
}

/** URL of a host behind the gateway. The port is left out where it is the scheme's own. */
export function url(scheme: "http" | "https", host: string, port: number): string {
  const usual = scheme === "http" ? 80 : 443;
  return port === usual ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

function check({ projectId, number }: EnvironmentKey): void {
  if (!PROJECT_ID_PATTERN.test(projectId)) {
    throw new RangeError(
      `projectId "${projectId}" is not accepted: 1 to 20 lower-case letters, digits and dashes, no dash at either end`,
    );
  }
  if (!Number.isInteger(number) || number < 1 || number > MAX_PR_NUMBER) {
    throw new RangeError(`pull request number ${number} is not accepted: a whole number from 1 to ${MAX_PR_NUMBER}`);
  }
}
