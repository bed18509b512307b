import { PRIVATE_RANGES } from "../../config/cidr";
import { repositoryOf } from "../../config/image";
import { LABEL, MANAGED_BY } from "../../config/labels";
import { subjectText, type PlatformConfig, type PlatformFacts } from "../../config/platform";
import { ConfigError, toProblem } from "../../config/problems";
import { TRUST_TIERS } from "../../config/trust";
import generated from "../../policies/admission/groups.json";
// Types only: of the policy pack the program uses nothing but these data.
import type { AdmissionGroup } from "../../policies/admission/cel";
import { PROXY_COMMAND } from "../pr-environment/egress/plan";
import type { AdmissionPlan } from "./admission";
import { clusterMetadata } from "./context";

const groups = generated as readonly AdmissionGroup[];

/**
 * Plans the policy pack's rules on environments as the API server checks them, by name, so that neither kubectl nor an operator gets around
 * them. Each is a refusal, also when it cannot be decided.
 *
 * What the platform knows takes the place of the rules' own defaults: its domain, the class of its Ingresses, image and command of its
 * egress proxy, what enforces rules by host name, who deploys, where its operators run and find the API server, private ranges and which
 * of them it opens, and what it lets environments of each tier have.
 *
 * @throws ConfigError when `withoutRules` names what is no rule
 */
export function planEnvironmentRules(
  config: PlatformConfig,
  { deployers, domain, ingressClass, trust }: Pick<PlatformFacts, "deployers" | "domain" | "ingressClass" | "trust">,
): Record<string, AdmissionPlan> {
  const { operators, egressHosts, egressProxy, privateEgress, withoutRules } = config;
  const { images, quota } = trust.limits.fork;
  const known: Record<string, unknown> = {
    domains: [domain],
    classes: [ingressClass],
    repositories: egressProxy ? [repositoryOf(egressProxy.image)] : [],
    cni: egressHosts === "proxy" ? "none" : egressHosts,
    deployers: deployers.subjects.map(subjectText),
    command: PROXY_COMMAND,
    internal: PRIVATE_RANGES,
    permitted: privateEgress,
    apiServer: operators.cloudnativePg?.apiServerCidrs ?? [],
    operatorNamespaces: Object.values(operators).map(({ namespace }) => namespace),
    tiersWithoutSecrets: TRUST_TIERS.filter((tier) => !trust.limits[tier].secrets),
    tiersWithoutEgress: TRUST_TIERS.filter((tier) => !trust.limits[tier].egress),
    prefixes: [...(images ?? []), ...ownRepositories(config)],
    ...(quota && {
      hard: { "limits.cpu": quota.cpu, "limits.memory": quota.memory, "requests.storage": quota.storage },
    }),
  };
  assertKnown(Object.keys(withoutRules));
  return Object.fromEntries(
    groups.flatMap((group) => {
      const checks = group.checks.filter(({ rule, always }) => always === true || !(rule in withoutRules));
      return checks.length === 0 ? [] : [[group.name, planGroup({ ...group, checks }, known)]];
    }),
  );
}

/** Repositories of the images that the platform puts into environments. */
function ownRepositories({ images, egressProxy, egressCanary, s3Client, oauth }: PlatformConfig): string[] {
  const all = [
    ...Object.values(images).flatMap((versions) => Object.values(versions)),
    egressProxy?.image,
    egressCanary?.image,
    s3Client?.image,
    oauth?.oidc?.proxyImage,
  ];
  return [...new Set(all.flatMap((image) => (image === undefined ? [] : (repositoryOf(image) ?? []))))];
}

function assertKnown(names: readonly string[]): void {
  const rules = [...new Set(groups.flatMap(({ checks }) => checks.map(({ rule }) => rule)))].sort();
  const unknown = names.filter((name) => !rules.includes(name));
  if (unknown.length === 0) return;
  const problems = unknown.map((name) =>
    toProblem({
      path: ["withoutRules", name],
      atKey: true,
      value: "no rule that the API server checks",
      accepted: rules.join(", "),
      fix: "Correct the name, or leave it out.",
    }),
  );
  throw new ConfigError("berth:platform", problems);
}

function planGroup(group: AdmissionGroup, known: Record<string, unknown>): AdmissionPlan {
  const { conditions, parameters, variables, checks, requires } = group;
  // A selector of namespaces skips nothing that has none, such as the ClusterSecretStores of everybody.
  const matched =
    group.scope === "environments" ? group.matched.map((rule) => ({ ...rule, scope: "Namespaced" })) : group.matched;
  const { labels, ...named } = clusterMetadata(`berth-${group.name}`);
  const metadata = { ...named, labels, annotations: { "kubernetes.io/description": group.about } };
  return {
    policy: {
      metadata,
      spec: {
        failurePolicy: "Fail",
        ...(requires ? { paramKind: { apiVersion: requires.apiVersion, kind: requires.kind } } : {}),
        matchConstraints: { resourceRules: matched },
        ...(conditions.length > 0 ? { matchConditions: conditions } : {}),
        variables: [
          ...parameters.map(({ name, default: usual }) => ({ name, expression: JSON.stringify(known[name] ?? usual) })),
          ...variables,
        ],
        validations: checks.map(({ expression, message, messageExpression }) => ({
          expression,
          message,
          messageExpression,
          reason: "Forbidden",
        })),
      },
    },
    binding: {
      metadata,
      spec: {
        policyName: metadata.name,
        validationActions: ["Deny", "Audit"],
        ...(group.scope === "environments" ? { matchResources: { namespaceSelector: ENVIRONMENTS } } : {}),
        ...(requires ? { paramRef: { name: requires.name, parameterNotFoundAction: "Deny" } } : {}),
      },
    },
  };
}

/** Namespaces of environments. */
const ENVIRONMENTS = {
  matchLabels: { [LABEL.managedBy]: MANAGED_BY },
  matchExpressions: [{ key: LABEL.environment, operator: "Exists" }],
};
