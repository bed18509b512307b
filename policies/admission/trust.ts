import { NAMESPACE_NAME } from "../egress-rules";
import {
  COPIED_FROM,
  OUTSIDE_NAMES,
  SECRET_GROUPS,
  tierImages,
  tierPrivileges,
  tierQuota,
  tierWithoutEgress,
  tierWithoutSecrets,
  TRUST,
} from "../trust";
import { changed, check, field, literal, parameter, writes, type AdmissionGroup, type Policy } from "./cel";
import { BEYOND, everyRule, HOST_POLICIES, HOST_SPECS } from "./network";
import { IS_DEPLOYERS_BINDING, labels } from "./objects";
import { MAKES_PODS, podLabels, podSpec } from "./pods";

/*
 * What environments may have by how much their code is trusted, which the labels of their namespaces say. Who is judged for every tier alike, such as tokens of the API
 * server, is in pods.ts.
 */

/** A rule's tiers, under a name of their own since the platform may name others for each rule, and whether the object is in one's namespace. */
function about(policy: Policy, name: string): Pick<AdmissionGroup, "parameters" | "variables"> {
  const tier = `${labels("namespaceObject")}[?${literal(TRUST)}].orValue("")`;
  return {
    parameters: [parameter(policy, "tiers", name)],
    variables: [{ name: "judged", expression: `${tier} in variables.${name}` }],
  };
}

/** Annotations of an object, as a mapping. */
const annotations = (object: string) => `${object}.metadata.?annotations.orValue({})`;

const secrets = about(tierWithoutSecrets, "tiersWithoutSecrets");

/** Objects that bring secrets, or data of others. */
const secretObjects: AdmissionGroup = {
  name: "trust-secrets",
  about: "Environments of forks have no secrets and data but their own.",
  scope: "environments",
  matched: [writes("", "secrets", "configmaps"), ...SECRET_GROUPS.map((group) => writes(group, "*"))],
  conditions: [changed(annotations)],
  parameters: secrets.parameters,
  variables: [
    ...secrets.variables,
    { name: "brings", expression: `request.resource.group in ${literal(SECRET_GROUPS)}` },
    { name: "origin", expression: `${annotations("object")}[?${literal(COPIED_FROM)}].orValue("")` },
  ],
  checks: [
    check(
      tierWithoutSecrets,
      '!variables.judged || (!variables.brings && variables.origin == "")',
      'variables.brings ? "a " + string(object.kind) + " brings what others own into it" : "it is a copy of " + string(variables.origin)',
    ),
  ],
};

/** The containers of a pod, in whatever makes pods. */
const CONTAINERS = {
  name: "containers",
  expression: ["initContainers", "containers", "ephemeralContainers"]
    .map((one) => `${podSpec("object")}.?${one}.orValue([])`)
    .join(" + "),
};

/** Pods that take Secrets which are not the environment's own. */
const secretPods: AdmissionGroup = {
  name: "trust-secret-variables",
  about: "Pods of forks' environments take no Secrets but those of its databases and log-in, and none as a whole.",
  scope: "environments",
  matched: MAKES_PODS,
  conditions: [changed(podSpec)],
  parameters: [...secrets.parameters, parameter(tierWithoutSecrets, "names")],
  variables: [
    ...secrets.variables,
    CONTAINERS,
    { name: "volumes", expression: `${podSpec("object")}.?volumes.orValue([])` },
    {
      name: "taking",
      expression: "variables.containers.filter(c, c.?envFrom.orValue([]).exists(one, one.?secretRef.hasValue()))",
    },
    {
      name: "byVariable",
      expression:
        'variables.containers.map(c, c.?env.orValue([]).map(one, one.?valueFrom.?secretKeyRef.hasValue(), string(one.valueFrom.secretKeyRef.?name.orValue("")))).map(names, names.filter(one, !(one in variables.names))).filter(names, size(names) > 0).map(names, names.join(", "))',
    },
    {
      name: "byVolume",
      expression:
        '(variables.volumes.map(one, one.?secret.hasValue(), string(one.secret.?secretName.orValue(""))) + ' +
        'variables.volumes.filter(one, one.?projected.hasValue()).map(one, one.projected.?sources.orValue([]).map(source, source.?secret.hasValue(), string(source.secret.?name.orValue("")))).filter(names, names.exists(one, !(one in variables.names))).map(names, names.filter(one, !(one in variables.names)).join(", "))).filter(one, !(one in variables.names))',
    },
    { name: "drivers", expression: "variables.volumes.filter(one, one.?csi.hasValue())" },
    {
      name: "wrong",
      expression:
        'variables.taking.map(c, string(c.name) + " takes all of a Secret") + (variables.byVariable + variables.byVolume).map(one, "it takes the Secret " + one) + variables.drivers.map(one, "the volume " + string(one.name) + " is a driver\'s, which may bring secrets")',
    },
  ],
  checks: [check(tierWithoutSecrets, "!variables.judged || size(variables.wrong) == 0", 'variables.wrong.join(", ")')],
};

const egress = about(tierWithoutEgress, "tiersWithoutEgress");

/** Policies by host name. */
const hostPolicies: AdmissionGroup = {
  name: "trust-egress-hosts",
  about: "Environments of forks reach no hosts.",
  scope: "environments",
  matched: HOST_POLICIES,
  conditions: [],
  parameters: egress.parameters,
  variables: [...egress.variables, HOST_SPECS],
  checks: [
    check(
      tierWithoutEgress,
      `!variables.judged || ${everyRule(
        `has(rule.toEndpoints) && ${["toFQDNs", ...BEYOND].map((name) => `!has(rule.${name})`).join(" && ")} || ` +
          "size(rule.?to.orValue([])) > 0 && rule.to.all(peer, !has(peer.ipBlock) && !has(peer.domainNames) && !has(peer.namespaceSelector))",
      )}`,
      '"spec.egress opens more than pods"',
    ),
  ],
};

/** NetworkPolicies. */
const networkPolicies: AdmissionGroup = {
  name: "trust-egress",
  about: "Environments of forks reach their own pods, the resolver and the log-in, and no addresses.",
  scope: "environments",
  matched: [writes("networking.k8s.io", "networkpolicies")],
  conditions: [changed(field("spec"))],
  parameters: [...egress.parameters, parameter(tierWithoutEgress, "peers")],
  variables: [
    ...egress.variables,
    { name: "rules", expression: "object.spec.?egress.orValue([])" },
    {
      name: "foreign",
      expression:
        `variables.rules.filter(rule, rule.?to.orValue([]).exists(peer, has(peer.namespaceSelector) && !variables.peers.exists(name, peer.namespaceSelector.?matchLabels[?${literal(NAMESPACE_NAME)}].orValue("") == name && ` +
        'variables.peers[name].all(key, peer.?podSelector.?matchLabels[?key].orValue("") == variables.peers[name][key]))))',
    },
    { name: "ranges", expression: "variables.rules.map(rule, rule.?to.orValue([]).filter(peer, has(peer.ipBlock)))" },
    {
      name: "wrong",
      expression:
        'variables.rules.filter(rule, size(rule.?to.orValue([])) == 0).map(rule, "an egress rule opens every address") + variables.ranges.filter(peers, size(peers) > 0).map(peers, "an egress rule opens " + peers.map(peer, peer.ipBlock.cidr).join(", ")) + variables.foreign.map(rule, "an egress rule opens pods of others")',
    },
  ],
  checks: [check(tierWithoutEgress, "!variables.judged || size(variables.wrong) == 0", 'variables.wrong.join(", ")')],
};

/** Pods for which the cluster's resolver would ask outside; labels can be changed by way of `pods/status` too. */
const outsideNames: AdmissionGroup = {
  name: "trust-names",
  about: "Pods of forks' environments resolve names of the cluster alone.",
  scope: "environments",
  matched: [...MAKES_PODS, writes("", "pods/status")],
  conditions: [
    { name: "has-the-label", expression: `${literal(OUTSIDE_NAMES)} in ${podLabels("object")}` },
    changed(podLabels),
  ],
  parameters: egress.parameters,
  variables: egress.variables,
  checks: [
    check(tierWithoutEgress, "!variables.judged", `"its pods may resolve names outside by the label ${OUTSIDE_NAMES}"`),
  ],
};

const bounds = about(tierQuota, "tiersWithQuota");

/** ResourceQuotas; that there is one is a rule on every environment. */
const quotas: AdmissionGroup = {
  name: "trust-quota",
  about: "Environments of forks take little.",
  scope: "environments",
  matched: [writes("", "resourcequotas")],
  conditions: [changed(field("spec"))],
  parameters: [...bounds.parameters, parameter(tierQuota, "hard")],
  variables: [
    ...bounds.variables,
    { name: "given", expression: "dyn(object).?spec.?hard.orValue({})" },
    {
      name: "wrong",
      expression:
        "variables.hard.map(key, key).filter(key, !(key in variables.given) || quantity(string(variables.given[key])).isGreaterThan(quantity(string(variables.hard[key]))))",
    },
  ],
  checks: [
    check(
      tierQuota,
      "!variables.judged || size(variables.wrong) == 0",
      'variables.wrong.map(key, string(key) + (key in variables.given ? " is " + string(variables.given[key]) : " is not bounded") + "; accepted: at most " + string(variables.hard[key])).join(", ")',
    ),
  ],
};

const origins = about(tierImages, "tiersWithImages");

/** Images. Without a registry of the platform's, none is accepted. */
const images: AdmissionGroup = {
  name: "trust-images",
  about: "Environments of forks run what the build without rights has made.",
  scope: "environments",
  matched: MAKES_PODS,
  conditions: [changed(podSpec)],
  parameters: [...origins.parameters, parameter(tierImages, "prefixes")],
  variables: [
    ...origins.variables,
    CONTAINERS,
    {
      name: "foreign",
      expression:
        'variables.containers.filter(c, !variables.prefixes.exists(one, ["/", "@", ":"].exists(end, string(c.?image.orValue("")).startsWith(one + end))))',
    },
  ],
  checks: [
    check(
      tierImages,
      "!variables.judged || size(variables.foreign) == 0",
      'variables.foreign.map(c, string(c.name) + " has the image " + string(c.?image.orValue(""))).join(", ") + "; accepted: from " + variables.prefixes.map(one, string(one)).join(", ")',
    ),
  ],
};

const privileges = about(tierPrivileges, "tiersWithoutPrivileges");

/** Rights, and objects of operators. Only of those that Berth knows: a network plugin keeps objects of its own in every namespace. */
const rights: AdmissionGroup = {
  name: "trust-rights",
  about: "Environments of forks have no rights in the API server but their deployers', and nothing of operators.",
  scope: "environments",
  matched: [writes("rbac.authorization.k8s.io", "roles", "rolebindings"), writes("postgresql.cnpg.io", "*")],
  conditions: [],
  parameters: [...privileges.parameters, parameter(tierPrivileges, "deployers")],
  variables: [...privileges.variables, IS_DEPLOYERS_BINDING],
  checks: [
    check(
      tierPrivileges,
      "!variables.judged || variables.isDeployersBinding",
      '"a " + string(object.kind) + (request.resource.group == "rbac.authorization.k8s.io" ? " gives rights in the API server" : " has a controller act")',
    ),
  ],
};

/** What ingress controllers are told. */
const ingresses: AdmissionGroup = {
  name: "trust-annotations",
  about: "Environments of forks tell the ingress controller nothing.",
  scope: "environments",
  matched: [writes("networking.k8s.io", "ingresses")],
  conditions: [changed(annotations)],
  parameters: [...privileges.parameters, parameter(tierPrivileges, "annotations")],
  variables: [
    ...privileges.variables,
    {
      name: "foreign",
      expression: `${annotations("object")}.map(key, key).filter(key, !variables.annotations.exists(one, one.endsWith("*") ? key.startsWith(one.substring(0, size(one) - 1)) : key == one))`,
    },
  ],
  checks: [
    check(
      tierPrivileges,
      "!variables.judged || size(variables.foreign) == 0",
      '"the annotations " + variables.foreign.map(key, string(key)).join(", ") + " are not Berth\'s"',
    ),
  ],
};

/** Every group of rules on trust, but for that on namespaces, which judges them with the others on them. */
export const trustGroups: readonly AdmissionGroup[] = [
  secretObjects,
  secretPods,
  networkPolicies,
  hostPolicies,
  outsideNames,
  quotas,
  images,
  rights,
  ingresses,
];
