import type { input } from "@pulumi/kubernetes/types";

/** Labels that have the API server refuse any pod of a namespace that is not confined as the `restricted` profile says. */
export const RESTRICTED_NAMESPACE = {
  "pod-security.kubernetes.io/enforce": "restricted",
  "pod-security.kubernetes.io/enforce-version": "latest",
  "pod-security.kubernetes.io/warn": "restricted",
  "pod-security.kubernetes.io/audit": "restricted",
} as const;

/**
 * What every pod of ours runs as: a user without rights, in the runtime's own seccomp profile.
 *
 * @param user numeric user and group; volumes are made writable for the group
 */
export function podSecurity(user: number): input.core.v1.PodSecurityContext {
  return {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    // Changes the owner of a volume's files only when its root has another one, which matters with many files.
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  };
}

/** What every container of ours may do: nothing that needs a capability, and no writing outside its volumes. */
export const CONTAINER_SECURITY: input.core.v1.SecurityContext = {
  allowPrivilegeEscalation: false,
  privileged: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
};
