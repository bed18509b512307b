import type { CustomResourceDefinitionArgs } from "@pulumi/kubernetes/apiextensions/v1";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import type { NamespaceArgs, ServiceAccountArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import type { NetworkPolicyArgs } from "@pulumi/kubernetes/networking/v1";
import type { ClusterRoleArgs, ClusterRoleBindingArgs, RoleArgs, RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import type { input } from "@pulumi/kubernetes/types";
import { LABEL } from "../../../config/labels";
import { SEALED_SECRETS } from "../../../config/names";
import type { PlatformConfig } from "../../../config/platform";
import { CONTAINER_SECURITY, RESTRICTED_NAMESPACE, podSecurity } from "../../security";
import { LABELS, clusterMetadata, metadata } from "./context";
import { CRD } from "./crd";

/** Settings of the controller. */
export type SealedSecretsConfig = NonNullable<PlatformConfig["sealedSecrets"]>;

/** Everything that the controller has in the cluster. Plain values. */
export interface SealedSecretsPlan {
  crd: CustomResourceDefinitionArgs;
  namespace: NamespaceArgs;
  networkPolicies: Record<string, NetworkPolicyArgs>;
  account: ServiceAccountArgs;
  /** Reads SealedSecrets everywhere and writes the Secrets that come of them. */
  unsealer: { role: ClusterRoleArgs; binding: ClusterRoleBindingArgs };
  /** Makes and finds its own keys. */
  keys: { role: RoleArgs; binding: RoleBindingArgs };
  /** Lets those who deploy ask for the certificate, which is no secret. */
  certificate: { role: RoleArgs; binding: RoleBindingArgs };
  deployment: DeploymentArgs;
  service: ServiceArgs;
}

const { name, namespace, port } = SEALED_SECRETS;

/** A user without rights. */
const USER = 65532;

/** Kinds that the controller works on. */
export const GROUP = "bitnami.com";

const selector = { matchLabels: { [LABEL.name]: name } };
const rbacGroup = "rbac.authorization.k8s.io";
const account = { kind: "ServiceAccount", name, namespace };

/**
 * Plans the SealedSecrets controller in a namespace of its own, which holds the keys and nothing else.
 *
 * @param deployers who may ask for the certificate
 */
export function planSealedSecrets(
  { image, apiServerCidrs }: SealedSecretsConfig,
  deployers: input.rbac.v1.Subject[],
): SealedSecretsPlan {
  const apiServer = apiServerCidrs.map((cidr) => ({ ipBlock: { cidr } }));
  const roleRef = (kind: "ClusterRole" | "Role", of: string) => ({ apiGroup: rbacGroup, kind, name: of });
  const certificate = { ...metadata, name: `${name}-certificate` };
  return {
    crd: CRD,
    namespace: { metadata: { name: namespace, labels: { ...LABELS, ...RESTRICTED_NAMESPACE } } },
    networkPolicies: {
      "default-deny": {
        metadata: { ...metadata, name: "default-deny" },
        spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
      },
      "allow-api-server": {
        metadata: { ...metadata, name: "allow-api-server" },
        spec: {
          podSelector: selector,
          policyTypes: ["Ingress", "Egress"],
          // The API server asks for the certificate in the name of whoever asks it.
          ingress: [{ from: apiServer, ports: [{ port, protocol: "TCP" }] }],
          egress: [{ to: apiServer, ports: [443, 6443].map((each) => ({ port: each, protocol: "TCP" })) }],
        },
      },
    },
    account: { metadata, automountServiceAccountToken: false },
    unsealer: {
      role: {
        metadata: clusterMetadata,
        rules: [
          { apiGroups: [GROUP], resources: ["sealedsecrets"], verbs: ["get", "list", "watch"] },
          { apiGroups: [GROUP], resources: ["sealedsecrets/status"], verbs: ["update"] },
          // With --skip-recreate it watches no Secrets, so that it need not list those of others.
          { apiGroups: [""], resources: ["secrets"], verbs: ["get", "create", "update", "delete"] },
          { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
        ],
      },
      binding: {
        metadata: clusterMetadata,
        roleRef: roleRef("ClusterRole", clusterMetadata.name),
        subjects: [account],
      },
    },
    keys: {
      role: { metadata, rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["create", "list"] }] },
      binding: { metadata, roleRef: roleRef("Role", name), subjects: [account] },
    },
    certificate: {
      role: {
        metadata: certificate,
        rules: [
          {
            apiGroups: [""],
            resources: ["services/proxy"],
            resourceNames: [`http:${name}:${port}`],
            verbs: ["get"],
          },
        ],
      },
      binding: { metadata: certificate, roleRef: roleRef("Role", certificate.name), subjects: deployers },
    },
    deployment: planDeployment(image),
    service: {
      metadata: { ...metadata, annotations: { "pulumi.com/skipAwait": "true" } },
      spec: { selector: selector.matchLabels, ports: [{ name: "http", port, targetPort: port }] },
    },
  };
}

function planDeployment(image: string): DeploymentArgs {
  const healthy = { httpGet: { path: "/healthz", port } };
  return {
    metadata,
    spec: {
      // It has no election of a leader; two would only do the same twice.
      replicas: 1,
      revisionHistoryLimit: 2,
      progressDeadlineSeconds: 180,
      strategy: { type: "Recreate" },
      selector,
      template: {
        metadata: { labels: LABELS },
        spec: {
          serviceAccountName: name,
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 5,
          securityContext: podSecurity(USER),
          containers: [
            {
              name,
              image,
              imagePullPolicy: "IfNotPresent",
              args: ["--update-status=true", "--skip-recreate=true", "--kubeclient-qps=20", "--kubeclient-burst=40"],
              ports: [{ name: "http", containerPort: port }],
              resources: { requests: { cpu: "20m", memory: "32Mi" }, limits: { cpu: "1", memory: "128Mi" } },
              securityContext: CONTAINER_SECURITY,
              // Its first start makes a key of 4096 bits.
              startupProbe: { ...healthy, periodSeconds: 1, timeoutSeconds: 2, failureThreshold: 120 },
              readinessProbe: { ...healthy, periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 3 },
              livenessProbe: { ...healthy, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
              volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
            },
          ],
          volumes: [{ name: "tmp", emptyDir: { sizeLimit: "16Mi" } }],
        },
      },
    },
  };
}
