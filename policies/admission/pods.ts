import { egressProxyImage, PROBES, PROXY_LABELS } from "../egress-proxy";
import {
  capabilitiesDropped,
  imageByDigest,
  IMAGE_WITH_DIGEST,
  noDefaultServiceAccount,
  noHostNamespaces,
  noHostPath,
  noHostPort,
  noPrivilegedContainers,
  noPrivilegeEscalation,
  noTokenAutomount,
  resourcesBounded,
  runAsNonRoot,
  SAFE_SYSCTLS,
  safeSysctls,
  seccompProfile,
  SECCOMP_PROFILES,
  TOKEN_SECRET,
  VOLUMES,
} from "../workloads";
import {
  changed,
  check,
  field,
  literal,
  parameter,
  writes,
  type AdmissionGroup,
  type Check,
  type Policy,
  type Variable,
} from "./cel";

/*
 * What pods may be: judged on the pods themselves, whoever makes them, and on what makes pods, where people see the refusal.
 */

/** The pod's spec in whatever makes pods, as an optional. */
export function podSpec(object: string): string {
  const whole = `dyn(${object})`;
  return (
    `(${object}.kind == "Pod" ? ${whole}.?spec : ` +
    `${object}.kind == "PodTemplate" ? ${whole}.?template.?spec : ` +
    `${object}.kind == "CronJob" ? ${whole}.?spec.?jobTemplate.?spec.?template.?spec : ` +
    `${whole}.?spec.?template.?spec)`
  );
}

/** Everything that makes pods, and pods. */
export const MAKES_PODS = [
  writes("", "pods", "pods/ephemeralcontainers", "pods/resize", "podtemplates", "replicationcontrollers"),
  writes("apps", "deployments", "statefulsets", "daemonsets", "replicasets"),
  writes("batch", "jobs", "cronjobs"),
];

/** Who makes pods of Jobs: the controller's own account, or where the cluster gives controllers none, the name of all. */
const JOB_CONTROLLERS = ["system:serviceaccount:kube-system:job-controller", "system:kube-controller-manager"];

/**
 * Whether an operator of the platform made the object: it names images and tokens of its own. Pods of its Jobs are made by Kubernetes; the label is theirs, and a Job
 * of somebody else with that label has been judged when it was made.
 */
export const BY_OPERATOR: Variable = {
  name: "byOperator",
  expression:
    'variables.operatorNamespaces.exists(one, request.userInfo.username.startsWith("system:serviceaccount:" + one + ":")) || ' +
    `(size(variables.operatorNamespaces) > 0 && request.userInfo.username in ${literal(JOB_CONTROLLERS)} && ` +
    '"cnpg.io/cluster" in object.metadata.?labels.orValue({}))',
};

/** Namespaces of the platform's operators; the platform knows them. */
export const OPERATOR_NAMESPACES = { name: "operatorNamespaces", rule: noTokenAutomount.name, default: [] };

const CONTEXT = "securityContext";

/** A rule on each container: `ok` and `says` are about `c`. */
function eachContainer(policy: Policy, ok: string, says: string, unless?: string): Check {
  const list = "variables.containers";
  return check(
    policy,
    `${unless === undefined ? "" : `${unless} || `}${list}.all(c, ${ok})`,
    `${list}.filter(c, !(${ok})).map(c, string(c.name) + ${says}).join(", ")`,
  );
}

/** A rule on the pod: the entries of a list that are wrong. */
function noneOf(policy: Policy, list: string, says: string): Check {
  return check(policy, `size(${list}) == 0`, `${list}.map(one, ${says}).join(", ")`);
}

const ADDED = `c.?${CONTEXT}.?capabilities.?add.orValue([])`;
const SECCOMP = `c.?${CONTEXT}.?seccompProfile.?type.orValue(variables.security.?seccompProfile.?type.orValue("of the node"))`;
const NO_ACCOUNT = 'variables.pod.?serviceAccountName.orValue("default") == "default"';
const MISSING =
  '["requests.cpu", "requests.memory", "limits.memory"].filter(one, !(one.split(".")[1] in c.?resources[?one.split(".")[0]].orValue({})))';

/** Pods, and what makes them. */
export const pods: AdmissionGroup = {
  name: "pods",
  about: "What pods of environments may be.",
  scope: "environments",
  matched: MAKES_PODS,
  conditions: [changed(podSpec)],
  parameters: [OPERATOR_NAMESPACES],
  variables: [
    BY_OPERATOR,
    { name: "pod", expression: `${podSpec("object")}.orValue({})` },
    { name: "security", expression: `variables.pod.?${CONTEXT}.orValue({})` },
    {
      name: "sized",
      expression: "variables.pod.?initContainers.orValue([]) + variables.pod.?containers.orValue([])",
    },
    { name: "containers", expression: "variables.sized + variables.pod.?ephemeralContainers.orValue([])" },
    {
      name: "hostNamespaces",
      expression: `["hostNetwork", "hostPID", "hostIPC"].filter(one, variables.pod[?one].orValue(false) == true)`,
    },
    {
      name: "foreignVolumes",
      expression: `variables.pod.?volumes.orValue([]).filter(one, !one.all(key, key == "name" || key in ${literal(VOLUMES)}))`,
    },
    {
      name: "unsafeSysctls",
      expression: `variables.security.?sysctls.orValue([]).filter(one, !(one.name in ${literal(SAFE_SYSCTLS)}))`,
    },
    {
      name: "tokens",
      expression:
        "variables.pod.?volumes.orValue([]).filter(one, one.?projected.?sources.orValue([]).exists(source, has(source.serviceAccountToken)))",
    },
  ],
  checks: [
    eachContainer(
      noPrivilegedContainers,
      `c.?${CONTEXT}.?privileged.orValue(false) != true && c.?${CONTEXT}.?windowsOptions.?hostProcess.orValue(false) != true && variables.security.?windowsOptions.?hostProcess.orValue(false) != true`,
      '" is privileged or a host process"',
    ),
    noneOf(noHostNamespaces, "variables.hostNamespaces", 'one + " is true"'),
    noneOf(
      noHostPath,
      "variables.foreignVolumes",
      '"the volume " + string(one.name) + " is of type " + one.map(key, key).filter(key, key != "name").join(", ")',
    ),
    eachContainer(
      noHostPort,
      "c.?ports.orValue([]).all(one, one.?hostPort.orValue(0) == 0)",
      '" takes a port of its node"',
    ),
    eachContainer(
      capabilitiesDropped,
      `"ALL" in c.?${CONTEXT}.?capabilities.?drop.orValue([]) && ${ADDED}.all(one, one == "NET_BIND_SERVICE")`,
      `" drops not all capabilities, or adds some: [" + ${ADDED}.map(one, string(one)).join(", ") + "]"`,
    ),
    eachContainer(
      runAsNonRoot,
      `c.?${CONTEXT}.?runAsNonRoot.orValue(variables.security.?runAsNonRoot.orValue(false)) == true && c.?${CONTEXT}.?runAsUser.orValue(variables.security.?runAsUser.orValue(1)) != 0`,
      '" may run as root"',
    ),
    eachContainer(
      noPrivilegeEscalation,
      `c.?${CONTEXT}.?allowPrivilegeEscalation.orValue(true) == false`,
      '" allows privilege escalation"',
    ),
    eachContainer(
      seccompProfile,
      `${SECCOMP} in ${literal(SECCOMP_PROFILES)} && c.?${CONTEXT}.?procMount.orValue("Default") == "Default"`,
      `" has the seccomp profile " + string(${SECCOMP}) + ", or an unmasked /proc"`,
    ),
    noneOf(safeSysctls, "variables.unsafeSysctls", '"it sets " + string(one.name)'),
    eachContainer(
      imageByDigest,
      `string(c.?image.orValue("")).matches(${literal(IMAGE_WITH_DIGEST.source)})`,
      '" has the image " + string(c.?image.orValue("")) + ", without a digest"',
      "variables.byOperator",
    ),
    // Judged on pods alone, where the LimitRange of the environment has filled in what nobody named. Ephemeral containers cannot name any.
    check(
      resourcesBounded,
      `object.kind != "Pod" || variables.sized.all(c, size(${MISSING}) == 0)`,
      `variables.sized.filter(c, size(${MISSING}) > 0).map(c, string(c.name) + " lacks " + ${MISSING}.join(", ")).join("; ")`,
    ),
    check(
      noTokenAutomount,
      "variables.byOperator || (variables.pod.?automountServiceAccountToken.orValue(true) == false && size(variables.tokens) == 0)",
      'size(variables.tokens) == 0 ? "the pod mounts its service account\'s token" : variables.tokens.map(one, "the volume " + string(one.name) + " is a token").join(", ")',
    ),
    check(noDefaultServiceAccount, `!(${NO_ACCOUNT})`, '"the pod uses the namespace\'s default service account"'),
  ],
};

/** Labels of the pod in whatever makes pods. */
export function podLabels(object: string): string {
  const whole = `dyn(${object})`;
  const found =
    `(${object}.kind == "Pod" ? ${whole}.?metadata.?labels : ` +
    `${object}.kind == "PodTemplate" ? ${whole}.?template.?metadata.?labels : ` +
    `${object}.kind == "CronJob" ? ${whole}.?spec.?jobTemplate.?spec.?template.?metadata.?labels : ` +
    `${whole}.?spec.?template.?metadata.?labels)`;
  return `${found}.orValue({})`;
}

/** Pods with the labels of the egress proxy; labels can be changed by way of `pods/status` too. */
export const proxyPods: AdmissionGroup = {
  name: "egress-proxy",
  about: "Pods with the labels of the egress proxy run its image and its command.",
  scope: "environments",
  matched: [...MAKES_PODS, writes("", "pods/status")],
  conditions: [
    {
      name: "has-the-labels-of-the-proxy",
      expression: `${literal(PROXY_LABELS)}.all(key, ${podLabels("object")}[?key].orValue("") == ${literal(PROXY_LABELS)}[key])`,
    },
    {
      name: "changes-what-is-judged",
      expression: `request.operation != "UPDATE" || ${podLabels("object")} != ${podLabels("oldObject")} || ${podSpec("object")} != ${podSpec("oldObject")}`,
    },
  ],
  parameters: [parameter(egressProxyImage, "repositories"), parameter(egressProxyImage, "command")],
  variables: [
    { name: "pod", expression: `${podSpec("object")}.orValue({})` },
    {
      name: "containers",
      expression:
        "variables.pod.?initContainers.orValue([]) + variables.pod.?containers.orValue([]) + variables.pod.?ephemeralContainers.orValue([])",
    },
    { name: "images", expression: 'variables.containers.map(one, string(one.?image.orValue("")))' },
    {
      name: "others",
      expression:
        "variables.containers.filter(one, size(variables.command) > 0 && !(one.?command.orValue([]) == variables.command && " +
        `size(one.?args.orValue([])) == 0 && !one.?lifecycle.hasValue() && ${literal(PROBES)}.all(probe, !one[?probe].?exec.hasValue())))`,
    },
    {
      name: "foreign",
      expression:
        'variables.images.filter(one, !variables.repositories.exists(known, one.startsWith(known + ":") || one.startsWith(known + "@")))',
    },
  ],
  checks: [
    check(
      egressProxyImage,
      "size(variables.foreign) == 0",
      '"a pod with the labels of the egress proxy runs " + variables.foreign.join(", ")',
    ),
    check(
      egressProxyImage,
      "size(variables.others) == 0",
      'variables.others.map(one, string(one.name) + " of a pod with the labels of the egress proxy runs something else than the proxy\'s command").join(", ")',
    ),
  ],
};

/** Accounts of pods. Kubernetes makes the account `default` of each namespace, which no pod may use. */
export const serviceAccounts: AdmissionGroup = {
  name: "service-accounts",
  about: "Service accounts of environments mount no token.",
  scope: "environments",
  matched: [writes("", "serviceaccounts")],
  conditions: [
    changed(field("automountServiceAccountToken")),
    { name: "is-not-the-default", expression: 'object.metadata.name != "default"' },
  ],
  parameters: [OPERATOR_NAMESPACES],
  variables: [BY_OPERATOR],
  checks: [
    check(
      noTokenAutomount,
      "variables.byOperator || object.?automountServiceAccountToken.orValue(true) == false",
      '"the token of the service account " + object.metadata.name + " is mounted"',
    ),
  ],
};

/** Secrets that Kubernetes fills with tokens. */
export const tokens: AdmissionGroup = {
  name: "tokens",
  about: "No Secret of an environment holds a token of a service account.",
  scope: "environments",
  matched: [writes("", "secrets")],
  conditions: [changed(field("type"))],
  parameters: [],
  variables: [],
  checks: [
    check(
      noTokenAutomount,
      `object.?type.orValue("") != ${literal(TOKEN_SECRET)}`,
      '"the Secret " + object.metadata.?name.orValue("") + " is filled with a token of a service account"',
    ),
  ],
};
