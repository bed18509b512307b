import {
  endpointsByCluster,
  ENVIRONMENT_IN_LABEL,
  hostUnderDomain,
  ingressTls,
  noDoorOfItsOwn,
  noWildcardHost,
  routedByIngress,
  ROUTES,
} from "../exposure";
import { namespaceLabelled } from "../hygiene";
import {
  ENVIRONMENT_BINDING,
  ESCALATING,
  previewsTouchNoPlatform,
  rbacNoEscalation,
  rbacNoWildcards,
} from "../identity";
import { FORK, namespaceHasTier, TRUST } from "../trust";
import { namespaceEnforcesRestricted } from "../workloads";
import { changed, check, field, literal, parameter, writes, type AdmissionGroup, type Variable } from "./cel";

/*
 * What else environments consist of: their namespaces, ways in, and rights.
 */

/** Labels of an object, as a mapping. */
export const labels = (object: string) => `${object}.metadata.?labels.orValue({})`;

/** By what an environment's namespace is known, and what takes every other group of rules to it. */
export const ENVIRONMENT = { key: "app.kubernetes.io/managed-by", value: "berth", name: "berth.dev/environment" };

function isEnvironment(object: string): string {
  return `(${labels(object)}[?${literal(ENVIRONMENT.key)}].orValue("") == ${literal(ENVIRONMENT.value)} && ${literal(ENVIRONMENT.name)} in ${labels(object)})`;
}

/** Namespaces of environments, also by way of `namespaces/status` and `namespaces/finalize`, which can change labels too. */
export const namespaces: AdmissionGroup = {
  name: "namespaces",
  about: "Namespaces of environments stay marked as such, and confine their pods.",
  scope: "namespaces",
  matched: [writes("", "namespaces", "namespaces/status", "namespaces/finalize")],
  conditions: [
    {
      name: "is-an-environment",
      expression: `${isEnvironment("object")} || (oldObject != null && ${isEnvironment("oldObject")})`,
    },
    changed((object) => labels(object)),
  ],
  parameters: [parameter(namespaceLabelled, "labels"), parameter(namespaceHasTier, "tiers")],
  variables: [
    { name: "given", expression: labels("object") },
    { name: "tier", expression: `variables.given[?${literal(TRUST)}].orValue("")` },
    {
      name: "tierBefore",
      expression: `oldObject == null ? variables.tier : ${labels("oldObject")}[?${literal(TRUST)}].orValue("")`,
    },
    {
      name: "unmarked",
      expression:
        `(variables.given[?${literal(ENVIRONMENT.key)}].orValue("") == ${literal(ENVIRONMENT.value)} ? [] : [${literal(`${ENVIRONMENT.key}=${ENVIRONMENT.value}`)}]) + ` +
        `(${literal(ENVIRONMENT.name)} in variables.given ? [] : [${literal(ENVIRONMENT.name)}])`,
    },
    { name: "missing", expression: 'variables.labels.filter(one, variables.given[?one].orValue("") == "")' },
    {
      name: "level",
      expression: 'variables.given[?"pod-security.kubernetes.io/enforce"].orValue("nothing")',
    },
    {
      name: "version",
      expression: 'variables.given[?"pod-security.kubernetes.io/enforce-version"].orValue("latest")',
    },
  ],
  checks: [
    check(
      namespaceEnforcesRestricted,
      'variables.level == "restricted" && variables.version == "latest"',
      '"the namespace enforces " + variables.level + " of version " + variables.version',
    ),
    // By these labels every other rule is bound to the namespace.
    {
      ...check(
        namespaceLabelled,
        "size(variables.unmarked) == 0",
        '"the namespace of an environment lacks the labels " + variables.unmarked.map(one, string(one)).join(", ")',
      ),
      always: true,
    },
    check(
      namespaceLabelled,
      "size(variables.missing) == 0",
      '"the namespace of an environment lacks the labels " + variables.missing.map(one, string(one)).join(", ")',
    ),
    check(
      namespaceHasTier,
      "variables.tier in variables.tiers",
      `"its label ${TRUST} is " + (variables.tier == "" ? "missing" : string(variables.tier)) + "; accepted: " + variables.tiers.map(one, string(one)).join(", ")`,
    ),
    // Not from or to a fork's: what one side has left in volumes would meet the rights of the other.
    {
      ...check(
        namespaceHasTier,
        `(variables.tier == ${literal(FORK)}) == (variables.tierBefore == ${literal(FORK)})`,
        `"its tier goes from " + (variables.tierBefore == "" ? "none" : string(variables.tierBefore)) + " to " + (variables.tier == "" ? "none" : string(variables.tier)) + ", and that of a fork never changes"`,
      ),
      always: true,
    },
  ],
};

const RULES = "object.spec.?rules.orValue([])";
/** The first label of a host, and all that comes after it. */
const PARTS = 'host.split(".", 2)';

/** Ingresses. */
export const ingresses: AdmissionGroup = {
  name: "ingresses",
  about: "Under which hosts environments are reached.",
  scope: "environments",
  matched: [writes("networking.k8s.io", "ingresses")],
  conditions: [changed(field("spec"))],
  parameters: [parameter(hostUnderDomain, "domains"), parameter(ingressTls, "classes")],
  variables: [
    { name: "hosts", expression: `${RULES}.map(rule, string(rule.?host.orValue("")))` },
    {
      name: "foreignHosts",
      expression:
        `variables.hosts.filter(host, host != "" && !host.contains("*") && !(size(${PARTS}) == 2 && (size(variables.domains) == 0 || ${PARTS}[1] in variables.domains) && ` +
        `(${PARTS}[0] == request.namespace || (host.startsWith(request.namespace + "-") && !${PARTS}[0].substring(size(request.namespace) + 1).matches(${literal(ENVIRONMENT_IN_LABEL.source)})))))`,
    },
    { name: "wideHosts", expression: 'variables.hosts.filter(host, host == "" || host.contains("*"))' },
    {
      name: "bareHosts",
      expression:
        'object.spec.?ingressClassName.orValue("") in variables.classes ? [] : variables.hosts.filter(host, !object.spec.?tls.orValue([]).exists(one, host in one.?hosts.orValue([])))',
    },
  ],
  checks: [
    check(
      hostUnderDomain,
      "size(variables.foreignHosts) == 0",
      'variables.foreignHosts.join(", ") + " is not one label under " + (size(variables.domains) == 0 ? "a domain" : variables.domains.map(one, string(one)).join(" or ")) + ", namely " + request.namespace + " or " + request.namespace + "-SERVICE"',
    ),
    check(
      noWildcardHost,
      "size(variables.wideHosts) == 0 && !has(object.spec.defaultBackend)",
      'has(object.spec.defaultBackend) ? "spec.defaultBackend takes every host" : "spec.rules has the hosts [" + variables.wideHosts.join(", ") + "]: a wildcard, or none, which takes every host"',
    ),
    check(
      ingressTls,
      "size(variables.bareHosts) == 0",
      '"spec.tls has nothing for [" + variables.bareHosts.join(", ") + "]"',
    ),
  ],
};

/** Services. */
export const services: AdmissionGroup = {
  name: "services",
  about: "Environments have no doors beside the gateway, and lead it nowhere else.",
  scope: "environments",
  matched: [writes("", "services")],
  conditions: [changed(field("spec"))],
  parameters: [],
  variables: [
    { name: "type", expression: 'object.spec.?type.orValue("ClusterIP")' },
    { name: "addresses", expression: "object.spec.?externalIPs.orValue([])" },
  ],
  checks: [
    check(
      noDoorOfItsOwn,
      '!(variables.type in ["LoadBalancer", "NodePort"]) && size(variables.addresses) == 0',
      '"spec.type is " + variables.type + ", spec.externalIPs is [" + variables.addresses.map(one, string(one)).join(", ") + "]"',
    ),
    check(
      endpointsByCluster,
      'variables.type != "ExternalName"',
      '"the Service " + object.metadata.name + " stands for " + object.spec.?externalName.orValue("another name")',
    ),
  ],
};

/** Routes that are no Ingresses. */
export const routes: AdmissionGroup = {
  name: "routes",
  about: "Environments are reached by Ingresses alone.",
  scope: "environments",
  matched: Object.entries(ROUTES).map(([group, resources]) => writes(group, ...resources)),
  conditions: [changed(field("spec"))],
  parameters: [],
  variables: [],
  checks: [
    check(
      routedByIngress,
      "false",
      '"the " + object.kind + " " + object.metadata.name + " leads requests past Ingresses"',
    ),
  ],
};

/**
 * Who keeps the addresses behind Services: Kubernetes' own controllers, under accounts of their own or, where the cluster gives them none
 * (`--use-service-account-credentials`), all under one name.
 */
const KEEPERS = [
  ...["endpoint-controller", "endpointslice-controller", "endpointslicemirroring-controller"].map(
    (account) => `system:serviceaccount:kube-system:${account}`,
  ),
  "system:kube-controller-manager",
];

/** Addresses behind Services. */
export const endpoints: AdmissionGroup = {
  name: "endpoints",
  about: "The addresses behind Services of environments are found by Kubernetes, and named by nobody.",
  scope: "environments",
  matched: [writes("", "endpoints"), writes("discovery.k8s.io", "endpointslices")],
  conditions: [
    { name: "is-not-by-the-cluster", expression: `!(request.userInfo.username in ${literal(KEEPERS)})` },
    {
      name: "changes-what-is-judged",
      expression:
        'request.operation != "UPDATE" || dyn(object).?subsets != dyn(oldObject).?subsets || dyn(object).?endpoints != dyn(oldObject).?endpoints || object.metadata.?labels != oldObject.metadata.?labels',
    },
  ],
  parameters: [],
  variables: [],
  checks: [
    check(
      endpointsByCluster,
      "false",
      '"the " + object.kind + " " + object.metadata.?name.orValue("") + " names addresses behind a Service"',
    ),
  ],
};

const ROLE_FIELDS = ["apiGroups", "resources", "verbs", "nonResourceURLs"];
const WIDE = `[${ROLE_FIELDS.map((one) => `rule.?${one}.orValue([]).exists(value, value.contains("*"))`).join(", ")}].exists(one, one)`;

/** Roles. */
export const roles: AdmissionGroup = {
  name: "roles",
  about: "Rights within environments are named, and give no others.",
  scope: "environments",
  matched: [writes("rbac.authorization.k8s.io", "roles")],
  conditions: [changed(field("rules"))],
  parameters: [],
  variables: [
    { name: "rules", expression: "dyn(object).?rules.orValue([])" },
    {
      name: "escalating",
      expression: `variables.rules.filter(rule, rule.?verbs.orValue([]).exists(verb, verb in ${literal(ESCALATING)}))`,
    },
  ],
  checks: [
    check(
      rbacNoWildcards,
      `!variables.rules.exists(rule, ${WIDE})`,
      `"the Role " + object.metadata.name + " has a wildcard"`,
    ),
    check(
      rbacNoEscalation,
      "size(variables.escalating) == 0",
      '"verbs of the Role " + object.metadata.name + ": " + variables.escalating.map(rule, rule.verbs.map(verb, string(verb)).join(", ")).join(", ")',
    ),
  ],
};

/**
 * Whether an object is the RoleBinding by which deployers may work on an environment. It needs the parameter `deployers`.
 */
export const IS_DEPLOYERS_BINDING: Variable = {
  name: "isDeployersBinding",
  expression: [
    'request.resource.resource == "rolebindings"',
    `object.metadata.?name.orValue("") == ${literal(ENVIRONMENT_BINDING)}`,
    'dyn(object).roleRef.kind == "ClusterRole"',
    `dyn(object).roleRef.name == ${literal(ENVIRONMENT_BINDING)}`,
    "size(dyn(object).?subjects.orValue([])) == size(variables.deployers)",
    'dyn(object).?subjects.orValue([]).all(subject, (string(subject.kind) + " " + (has(subject.namespace) && subject.namespace != "" ? string(subject.namespace) + "/" : "") + string(subject.name)) in variables.deployers)',
  ].join(" && "),
};

/** Bindings of roles. */
export const roleBindings: AdmissionGroup = {
  name: "role-bindings",
  about: "Nobody gets rights of the cluster by way of an environment.",
  scope: "environments",
  matched: [writes("rbac.authorization.k8s.io", "rolebindings")],
  conditions: [
    changed(field("subjects")),
    { name: "is-of-the-cluster", expression: 'object.roleRef.kind == "ClusterRole"' },
  ],
  parameters: [parameter(previewsTouchNoPlatform, "deployers")],
  variables: [IS_DEPLOYERS_BINDING],
  checks: [
    check(previewsTouchNoPlatform, "variables.isDeployersBinding", '"it binds the ClusterRole " + object.roleRef.name'),
  ],
};
