import type { LimitRangeArgs, NamespaceArgs, ResourceQuotaArgs, ServiceAccountArgs } from "@pulumi/kubernetes/core/v1";
import type { RoleBindingArgs } from "@pulumi/kubernetes/rbac/v1";
import { ANNOTATION, LABEL, labelValue } from "../../../config/labels";
import { BOUNDS } from "../../../config/limits";
import { largerQuota } from "../../../config/quota";
import type { Quota } from "../../../config/quota";
import { RESTRICTED_NAMESPACE } from "../../security";
import { metadata } from "../context";
import type { Component, PlanContext } from "../context";

/** The namespace: who it is for, which commit it shows, and how its pods are confined. */
export function planNamespace({ config, namespace, labels, pr, trust }: PlanContext): NamespaceArgs {
  return {
    metadata: {
      name: namespace,
      labels: {
        ...labels,
        [LABEL.commit]: labelValue(pr.commit),
        [LABEL.trust]: trust,
        ...RESTRICTED_NAMESPACE,
      },
      annotations: {
        [ANNOTATION.branch]: pr.branch,
        ...(pr.asleep === true ? { [ANNOTATION.asleep]: "true" } : {}),
        ...(config.trigger === "automatic" ? {} : { [ANNOTATION.trigger]: config.trigger }),
        ...(pr.repository === undefined ? {} : { [ANNOTATION.repository]: pr.repository }),
      },
    },
  };
}

/**
 * The deployers' rights in the namespace, which they have nowhere else. It is named as the role is, which is what the API server lets
 * them make.
 */
export function planDeployers(context: PlanContext): RoleBindingArgs {
  const { clusterRole, subjects } = context.platform.deployers;
  return {
    metadata: metadata(context, clusterRole),
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: clusterRole },
    subjects,
  };
}

/** The quota of exactly what is enabled, and of what was enabled before as long as that may still be there. */
export function planResourceQuota(context: PlanContext, needed: Quota, previous: Quota = needed): ResourceQuotaArgs {
  return { metadata: metadata(context, "environment"), spec: { hard: largerQuota(needed, previous) } };
}

/** Bounds and defaults for every container, pod and volume, those that people start by hand included. */
export function planLimitRange(context: PlanContext): LimitRangeArgs {
  const { container, pod, volume } = BOUNDS;
  return {
    metadata: metadata(context, "environment"),
    spec: {
      limits: [
        { type: "Container", ...container },
        { type: "Pod", max: pod.max },
        { type: "PersistentVolumeClaim", min: { storage: volume.min }, max: { storage: volume.max } },
      ],
    },
  };
}

/** An identity of a component's own, with no rights and no token in its pods. */
export function planServiceAccount(context: PlanContext, component: Component): ServiceAccountArgs {
  return { metadata: metadata(context, component, component), automountServiceAccountToken: false };
}
