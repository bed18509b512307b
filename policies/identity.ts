import type { Policies, PolicyConfigSchema } from "@pulumi/policy";
import { namespaceOf, type KubeObject } from "./kubernetes";
import { matches, PREVIEWS, resourcePolicy } from "./rule";

/*
 * Who may do what, in AWS and in Kubernetes.
 */

type OneOrMany<Value> = Value | readonly Value[];

/** A statement of an IAM policy document. */
interface Statement {
  readonly Sid?: string;
  readonly Effect?: string;
  readonly Principal?: string | Record<string, OneOrMany<string>>;
  readonly NotPrincipal?: unknown;
  readonly Action?: OneOrMany<string>;
  readonly NotAction?: unknown;
  readonly Resource?: OneOrMany<string>;
  readonly NotResource?: unknown;
  readonly Condition?: Record<string, Record<string, OneOrMany<string>>>;
}

function many<Value>(value: OneOrMany<Value> | undefined): Value[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? [...(value as readonly Value[])] : [value as Value];
}

/** The statements that allow something, of a document in text or already read. Text that is no JSON has none: AWS refuses it. */
function allowing(document: unknown): { place: string; statement: Statement }[] {
  let read = document;
  if (typeof document === "string") {
    try {
      read = JSON.parse(document);
    } catch {
      return [];
    }
  }
  const statements = many((read as { Statement?: OneOrMany<Statement> } | undefined)?.Statement);
  return statements.flatMap((statement, index) =>
    statement.Effect === "Allow" ? [{ place: statement.Sid ?? `Statement[${index}]`, statement }] : [],
  );
}

const IDENTITY_DOCUMENTS = /^aws:iam\/\w+:(Policy|RolePolicy|UserPolicy|GroupPolicy)$/;
const IAM_DOCS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html#grant-least-privilege";

/** What may be done is named. */
export const iamNoWildcardActions = resourcePolicy<{ policy?: unknown }>({
  name: "iam-no-wildcard-actions",
  description: "Checks that IAM policies name each action: no wildcards, no NotAction.",
  severity: "critical",
  remediation: "list the actions that are needed.",
  url: IAM_DOCS,
  types: IDENTITY_DOCUMENTS,
  check: ({ props, report }) => {
    for (const { place, statement } of allowing(props.policy)) {
      const wide = many(statement.Action).filter((action) => /[*?]/.test(action));
      if (wide.length > 0) report(`${place} allows ${wide.join(", ")}`);
      if (statement.NotAction !== undefined) report(`${place} allows everything but some actions`);
    }
  },
});

/**
 * Actions that take no resource: IAM has them on "*" only (AWS Service Authorization Reference, actions without a resource type). Those of other services are added in the
 * pack's config.
 */
const WITHOUT_RESOURCE = [
  "autoscaling:Describe*",
  "ec2:Describe*",
  "ec2:GetInstanceTypesFromInstanceRequirements",
  "ecr:GetAuthorizationToken",
  "pricing:GetProducts",
  "ssm:DescribeParameters",
  "sts:GetCallerIdentity",
];

/** What it may be done to is named. */
export const iamNoWildcardResources = resourcePolicy<{ policy?: unknown }, { withoutResource: readonly string[] }>({
  name: "iam-no-wildcard-resources",
  description: 'Checks that IAM policies allow actions on "*" only where an action takes no resource.',
  severity: "critical",
  remediation: "name the ARNs, or add an action that takes no resource to `withoutResource`.",
  url: IAM_DOCS,
  types: IDENTITY_DOCUMENTS,
  parameters: {
    withoutResource: {
      type: "array",
      items: { type: "string" },
      default: WITHOUT_RESOURCE,
      description: "Actions that IAM has no resource for; `*` for any text.",
    },
  },
  check: ({ props, config, report }) => {
    for (const { place, statement } of allowing(props.policy)) {
      if (statement.NotResource !== undefined) report(`${place} allows everything but some resources`);
      if (!many(statement.Resource).some((resource) => resource === "*")) continue;
      const scoped = many(statement.Action).filter(
        (action) => !config.withoutResource.some((pattern) => matches(pattern, action)),
      );
      if (scoped.length > 0) report(`${place} allows ${scoped.join(", ")} on every resource`);
    }
  },
});

/** Whom GitHub's tokens stand for. */
const GITHUB = "token.actions.githubusercontent.com";
const OIDC_DOCS = "https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws";

/** Trust of a role in tokens from outside, by statement: values of `aud` and `sub` and how they are compared. */
function webIdentity(document: unknown) {
  return allowing(document)
    .filter(({ statement }) =>
      many(statement.Action).some((action) => /^sts:(AssumeRoleWithWebIdentity|\*)$/.test(action)),
    )
    .map(({ place, statement }) => {
      const conditions = Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
        Object.entries(keys).map(([key, values]) => ({ operator, key, values: many(values) })),
      );
      return {
        place,
        audience: conditions.filter(({ key }) => key.endsWith(":aud")),
        subject: conditions.filter(({ key }) => key.endsWith(":sub")),
      };
    });
}

/** A token from outside is trusted for one audience and one subject. */
export const trustIsExact = resourcePolicy<{ assumeRolePolicy?: unknown }>({
  name: "trust-exact-audience-and-subject",
  description:
    "Checks that roles trust web identities only by an exact audience and a subject that names the repository.",
  severity: "critical",
  remediation: `compare \`${GITHUB}:aud\` and \`:sub\` by StringEquals, with the environment in the subject.`,
  url: OIDC_DOCS,
  types: /^aws:iam\/role:Role$/,
  check: ({ props, report }) => {
    for (const { place, audience, subject } of webIdentity(props.assumeRolePolicy)) {
      const exact = audience.some(({ operator }) => operator === "StringEquals");
      if (!exact) report(`${place} does not compare the audience exactly`);
      if (subject.length === 0) report(`${place} trusts every subject`);
      for (const { operator, values } of subject) {
        if (operator !== "StringEquals" && operator !== "StringLike")
          report(`${place} compares the subject by ${operator}`);
        for (const value of values) {
          const wide = operator === "StringLike" && /[*?]/.test(value);
          // Everything before the third part of `repo:OWNER/NAME:…` says whose token it is.
          if (wide && /[*?]/.test(value.split(":").slice(0, 2).join(":"))) report(`${place} trusts ${value}`);
          else if (wide && /^[*?]+$/.test(value.split(":").slice(2).join(":")))
            report(`${place} trusts ${value}: every workflow`);
        }
      }
    }
  },
});

/** The subject of pull requests has no number: whoever opens one has it. */
export const noPullRequestRole = resourcePolicy<{ assumeRolePolicy?: unknown; name?: string }>({
  name: "no-pull-request-wide-role",
  description: "Checks that no role trusts all pull requests of a repository, whose workflows anybody may write.",
  severity: "critical",
  remediation: "trust an environment of the repository, `repo:OWNER/NAME:environment:ENVIRONMENT`.",
  url: "https://docs.github.com/en/actions/reference/security/oidc#example-subject-claims",
  types: /^aws:iam\/role:Role$/,
  check: ({ props, report }) => {
    for (const { place, subject } of webIdentity(props.assumeRolePolicy)) {
      const wide = subject.flatMap(({ values }) => values).filter((value) => /:pull_request$/.test(value));
      if (wide.length > 0) report(`${place} trusts ${wide.join(", ")}`);
    }
  },
});

/** A role or a binding of Kubernetes. */
export interface Role extends KubeObject {
  readonly rules?: readonly {
    readonly apiGroups?: readonly string[];
    readonly resources?: readonly string[];
    readonly resourceNames?: readonly string[];
    readonly verbs?: readonly string[];
    readonly nonResourceURLs?: readonly string[];
  }[];
  readonly roleRef?: { readonly kind?: string; readonly name?: string };
  readonly subjects?: readonly { readonly kind?: string; readonly name?: string; readonly namespace?: string }[];
}

const ROLES = /^kubernetes:rbac\.authorization\.k8s\.io\/v1(beta1)?:(Cluster)?Role(Patch)?$/;
const RBAC_DOCS = "https://kubernetes.io/docs/concepts/security/rbac-good-practices/";

/** Rights are named. */
export const rbacNoWildcards = resourcePolicy<Role>({
  name: "rbac-no-wildcards",
  description: "Checks that roles of Kubernetes name API groups, resources and verbs without wildcards.",
  severity: "critical",
  remediation: "list what is needed.",
  url: `${RBAC_DOCS}#least-privilege`,
  exceptions: {
    "platform-role-deployer":
      "lists, and only lists, every kind of the groups that it names, for the receipt that nothing of an environment is left; Secrets are of none of them",
    "platform-role-environment":
      "lists, and only lists, every kind of object, for the same receipt; it is bound in the namespaces of environments and nowhere else",
  },
  types: ROLES,
  check: ({ props, report, attempt }) => {
    (props.rules ?? []).forEach((rule, index) => {
      for (const field of ["apiGroups", "resources", "verbs", "nonResourceURLs"] as const) {
        attempt(() => {
          const wide = (rule[field] ?? []).filter((value) => value.includes("*"));
          if (wide.length > 0) report(`rules[${index}].${field} has ${wide.join(", ")}`);
        });
      }
    });
  },
});

/** Verbs by which a right gives others. */
export const ESCALATING: readonly string[] = ["escalate", "bind", "impersonate"];

/** No right that gives others. */
export const rbacNoEscalation = resourcePolicy<Role>({
  name: "rbac-no-escalation",
  description: "Checks that no role of Kubernetes may escalate, bind or impersonate.",
  severity: "critical",
  remediation: "take the verb away; let an administrator bind roles.",
  url: `${RBAC_DOCS}#escalate-verb`,
  exceptions: {
    "platform-role-deployer":
      "binds one role by its name, its own in environments; the admission policy berth-deployer refuses it any other place, subject or role",
  },
  types: ROLES,
  check: ({ props, report, attempt }) => {
    (props.rules ?? []).forEach((rule, index) => {
      attempt(() => {
        const verbs = (rule.verbs ?? []).filter((verb) => ESCALATING.includes(verb));
        if (verbs.length > 0) report(`rules[${index}].verbs has ${verbs.join(", ")}`);
      });
    });
  },
});

/** Nobody reads all secrets. */
export const rbacNoClusterWideSecrets = resourcePolicy<Role>({
  name: "rbac-no-cluster-wide-secrets",
  description: "Checks that no ClusterRole reads the Secrets of all namespaces.",
  severity: "critical",
  remediation: "use a Role in the namespace, or name the Secrets in resourceNames.",
  url: `${RBAC_DOCS}#listing-secrets`,
  exceptions: {
    "platform-role-environment":
      "no ClusterRoleBinding binds it: a RoleBinding in each environment's namespace does, which the deployer makes there",
    "platform-role-gateway": "Traefik reads the certificates that any Ingress may name",
  },
  types: /^kubernetes:rbac\.authorization\.k8s\.io\/v1(beta1)?:ClusterRole(Patch)?$/,
  check: ({ props, report, attempt }) => {
    (props.rules ?? []).forEach((rule, index) => {
      attempt(() => {
        const core = (rule.apiGroups ?? []).some((group) => group === "" || group === "*");
        const secrets = (rule.resources ?? []).some((resource) => resource === "secrets" || resource === "*");
        const verbs = (rule.verbs ?? []).filter((verb) => ["get", "list", "watch", "*"].includes(verb));
        if (core && secrets && verbs.length > 0 && (rule.resourceNames ?? []).length === 0) {
          report(`rules[${index}] may ${verbs.join(", ")} the Secrets of every namespace`);
        }
      });
    });
  },
});

/** Kinds of Kubernetes without a namespace that a preview could make; Namespace is its own. */
const CLUSTER_SCOPED =
  /:(ClusterRole|ClusterRoleBinding|CustomResourceDefinition|PersistentVolume|StorageClass|PriorityClass|IngressClass|RuntimeClass|CSIDriver|APIService|(Validating|Mutating)(WebhookConfiguration|AdmissionPolicy|AdmissionPolicyBinding)|CiliumClusterwideNetworkPolicy|ClusterNetworkPolicy|Node)(Patch)?$/;

/** What makes a snapshot known has no namespace of its own, and says whose it is. */
const SNAPSHOT_CONTENT = /^kubernetes:snapshot\.storage\.k8s\.io\/[^:]+:VolumeSnapshotContent(Patch)?$/;

interface SnapshotContent {
  readonly spec?: {
    readonly deletionPolicy?: string;
    readonly volumeSnapshotRef?: { readonly namespace?: string };
  };
}

/** Name of the ClusterRole that deployers have in an environment, and of the RoleBinding there. */
export const ENVIRONMENT_BINDING = "berth-environment";

/** The parameter that says who deploys. */
export const DEPLOYERS = {
  deployers: {
    type: "array",
    items: { type: "string" },
    default: ["ServiceAccount berth-system/berth-deployer", "Group berth:deployers"],
    description: `Subjects that the RoleBinding ${ENVIRONMENT_BINDING} of an environment gives the ClusterRole ${ENVIRONMENT_BINDING}, all and no other: the platform's deployer and its deployerGroups.`,
  },
} satisfies PolicyConfigSchema["properties"];

/** Whether a RoleBinding is the one by which deployers may work on an environment. */
export function isDeployersBinding({ metadata, roleRef, subjects = [] }: Role, deployers: readonly string[]): boolean {
  const given = subjects.map(({ kind = "", name = "", namespace }) =>
    namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`,
  );
  return (
    metadata?.name === ENVIRONMENT_BINDING &&
    roleRef?.kind === "ClusterRole" &&
    roleRef.name === ENVIRONMENT_BINDING &&
    given.length === deployers.length &&
    given.every((subject) => deployers.includes(subject))
  );
}

/** A preview stays in its own namespace. */
export const previewsTouchNoPlatform = resourcePolicy<
  Role & SnapshotContent,
  { namespaces: readonly string[]; deployers: readonly string[] }
>({
  name: "previews-touch-no-platform",
  description:
    "Checks that a preview makes nothing in the platform's namespaces and nothing that has no namespace, but for what makes a snapshot of a volume known to it.",
  severity: "critical",
  remediation:
    "put it into the stack of the platform; where that has deployerGroups of its own, name them in `deployers` of the pack's config.",
  url: "https://kubernetes.io/docs/concepts/security/multi-tenancy/#namespaces",
  stacks: PREVIEWS,
  types: /^kubernetes:/,
  parameters: {
    namespaces: {
      type: "array",
      items: { type: "string" },
      default: ["berth-system", "default", "kube-*"],
      description: "Namespaces that no preview may change; `*` for any text.",
    },
    ...DEPLOYERS,
  },
  check: ({ type, props, config, report, attempt }) => {
    if (CLUSTER_SCOPED.test(type)) {
      report(`${type.split(":").at(-1) ?? type} holds for the whole cluster`);
      return;
    }
    attempt(() => {
      const isNamespace = /:Namespace(Patch)?$/.test(type);
      const namespace = isNamespace
        ? (props.metadata?.name ?? "")
        : SNAPSHOT_CONTENT.test(type)
          ? (props.spec?.volumeSnapshotRef?.namespace ?? "default")
          : namespaceOf(props);
      if (config.namespaces.some((pattern) => matches(pattern, namespace)))
        report(`it changes the namespace ${namespace}`);
    });
    attempt(() => {
      if (SNAPSHOT_CONTENT.test(type) && props.spec?.deletionPolicy !== "Retain")
        report("the snapshot that it is about would be deleted with it");
    });
    attempt(() => {
      if (props.roleRef?.kind !== "ClusterRole") return;
      if (!isDeployersBinding(props, config.deployers)) report(`it binds the ClusterRole ${props.roleRef.name ?? ""}`);
    });
  },
});

/** All rules on identity. */
export const identityPolicies: Policies = [
  iamNoWildcardActions,
  iamNoWildcardResources,
  trustIsExact,
  noPullRequestRole,
  rbacNoWildcards,
  rbacNoEscalation,
  rbacNoClusterWideSecrets,
  previewsTouchNoPlatform,
];
