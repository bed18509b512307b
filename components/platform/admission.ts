import type {
  ValidatingAdmissionPolicyArgs,
  ValidatingAdmissionPolicyBindingArgs,
} from "@pulumi/kubernetes/admissionregistration/v1";
import { LABEL, MANAGED_BY } from "../../config/labels";
import { PLATFORM_NAMESPACE, SEALED_SECRETS } from "../../config/names";
import type { PlatformConfig } from "../../config/platform";
import { SNAPSHOT_API } from "../../config/seed";
import { clusterMetadata } from "./context";
import { DEPLOYER, ENVIRONMENT_ROLE, deployers } from "./rbac";

/** What the API server checks, and for which objects. */
export interface AdmissionPlan {
  policy: ValidatingAdmissionPolicyArgs;
  binding: ValidatingAdmissionPolicyBindingArgs;
}

/**
 * Plans what RBAC cannot say, since namespaces of environments have no names known before: a deployer writes in namespaces of
 * environments only, subresources such as `pods/exec` and `serviceaccounts/token` included, makes and deletes only such namespaces, and
 * in the platform namespace keeps leases and nothing else. Of rights it gives exactly one: its own in an environment. A leaked deployer
 * token thus reaches environments, not what else runs in the cluster.
 *
 * It holds for the deployer's service account and for the configured groups, whatever other rights their members have.
 */
export function planDeployerAdmission(config: PlatformConfig): AdmissionPlan {
  const { deployerGroups, snapshots } = config;
  const metadata = clusterMetadata(DEPLOYER);
  const isAccount = `request.userInfo.username == "system:serviceaccount:${PLATFORM_NAMESPACE}:${DEPLOYER}"`;
  return {
    policy: {
      metadata,
      spec: {
        failurePolicy: "Fail",
        matchConstraints: {
          resourceRules: [{ apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], operations: ["*"] }],
        },
        matchConditions: [
          {
            // Questions such as `kubectl auth can-i` are created, but change nothing.
            name: "changes-something",
            expression: '!(request.resource.group in ["authentication.k8s.io", "authorization.k8s.io"])',
          },
          {
            name: "is-deployer",
            expression: `${isAccount} || request.userInfo.groups.exists(group, group in ${JSON.stringify(deployerGroups)})`,
          },
        ],
        variables: [
          {
            name: "isNamespace",
            expression: 'request.resource.group == "" && request.resource.resource == "namespaces"',
          },
          { name: "wasOurs", expression: `oldObject == null || ${isEnvironment("oldObject")}` },
          { name: "isOurs", expression: `object == null || ${isEnvironment("object")}` },
          { name: "isInEnvironment", expression: `namespaceObject != null && ${isEnvironment("namespaceObject")}` },
          { name: "isSnapshot", expression: namesSnapshot(snapshots) },
          {
            name: "isLease",
            expression: `request.namespace == ${JSON.stringify(PLATFORM_NAMESPACE)} && request.resource.group == "coordination.k8s.io" && request.resource.resource == "leases"`,
          },
          {
            // By way of a proxy, which the API server takes for a connection. RBAC names the Service.
            name: "asksForCertificate",
            expression: `request.namespace == ${JSON.stringify(SEALED_SECRETS.namespace)} && request.resource.resource == "services" && request.subResource == "proxy"`,
          },
        ],
        validations: [
          {
            expression:
              "variables.isNamespace ? variables.wasOurs && variables.isOurs : variables.isInEnvironment || variables.isLease || variables.isSnapshot || variables.asksForCertificate",
            message: `deployers of Berth write in namespaces labelled ${LABEL.managedBy}=${MANAGED_BY} and ${LABEL.environment} only`,
            reason: "Forbidden",
          },
          {
            expression: `request.resource.group != "rbac.authorization.k8s.io" || (request.resource.resource == "rolebindings" && (object == null || (${isDeployersBinding(config)})))`,
            message: `deployers of Berth give no rights but their own in an environment: the RoleBinding ${ENVIRONMENT_ROLE} of the ClusterRole ${ENVIRONMENT_ROLE} to exactly the platform's deployers`,
            reason: "Forbidden",
          },
          {
            expression: `request.operation != "CONNECT" || variables.asksForCertificate || !(${isAccount})`,
            message: "the deployer of Berth opens no connection into a pod, nor to a node or a Service",
            reason: "Forbidden",
          },
        ],
      },
    },
    binding: { metadata, spec: { policyName: DEPLOYER, validationActions: ["Deny", "Audit"] } },
  };
}

/**
 * Whether the object makes a snapshot of the list known to an environment, such that nothing deletes the snapshot itself. Drivers take
 * any handle that the cloud's account may read.
 */
function namesSnapshot(snapshots: PlatformConfig["snapshots"]): string {
  const listed = Object.values(snapshots).flatMap((project) => Object.values(project));
  if (listed.length === 0) return "false";
  const source = "object.spec.source.?snapshotHandle.orValue('')";
  const isListed = listed
    .map(
      ({ driver, handle }) =>
        `(object.spec.driver == ${JSON.stringify(driver)} && ${source} == ${JSON.stringify(handle)})`,
    )
    .join(" || ");
  const isOfKind = `request.resource.group == ${JSON.stringify(SNAPSHOT_API)} && request.resource.resource == "volumesnapshotcontents"`;
  const isRight = `object == null || (object.spec.deletionPolicy == "Retain" && (${isListed}))`;
  return `${isOfKind} && variables.wasOurs && variables.isOurs && (${isRight})`;
}

/** Whether the object, a RoleBinding, is the one that an environment has: its name, its role and its subjects. */
function isDeployersBinding(config: PlatformConfig): string {
  const subjects = deployers(config);
  const isOne = subjects.map((subject) => {
    const namespace = "namespace" in subject ? subject.namespace : "";
    return `(subject.kind == ${JSON.stringify(subject.kind)} && subject.name == ${JSON.stringify(subject.name)} && subject.?namespace.orValue("") == ${JSON.stringify(namespace)})`;
  });
  return [
    `object.metadata.name == "${ENVIRONMENT_ROLE}"`,
    'object.roleRef.kind == "ClusterRole"',
    `object.roleRef.name == "${ENVIRONMENT_ROLE}"`,
    `size(object.?subjects.orValue([])) == ${subjects.length}`,
    `object.?subjects.orValue([]).all(subject, ${isOne.join(" || ")})`,
  ].join(" && ");
}

/** The platform namespace is managed by Berth too, but is no environment. */
function isEnvironment(variable: string): string {
  const labels = `${variable}.metadata.labels`;
  return `(has(${labels}) && ${labels}[?"${LABEL.managedBy}"].orValue("") == "${MANAGED_BY}" && "${LABEL.environment}" in ${labels})`;
}
