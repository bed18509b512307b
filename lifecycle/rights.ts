import type { EngineResult } from "./engine";
import { failureText } from "./engine-errors";
import { pause, type Kube } from "./kube";

/*
 * Deployers have rights in an environment's namespace by a RoleBinding that is made right after it. An API server learns of a binding a
 * moment after it has stored it, so that what the engine makes next may be refused.
 */

/** How long that may take. Milliseconds; usually some, and more where several API servers are busy. */
const patience = 5_000;

const pollEvery = 250;

/** Whether the engine was refused something in a namespace for want of a right. */
export function lacksRights(result: EngineResult, namespace: string): boolean {
  const words = ` in the namespace "${namespace}"`;
  const lines = failureText(result).split("\n");
  return result.code !== 0 && lines.some((line) => line.includes(words) && / cannot \w+ resource "/.test(line));
}

/** Waits until whoever deploys has the rights of deployers in a namespace, and says whether that came about. */
export async function haveRights(kube: Kube, namespace: string, signal?: AbortSignal): Promise<boolean> {
  const resourceAttributes = { namespace, verb: "create", resource: "secrets" };
  const apiVersion = "authorization.k8s.io/v1";
  const review = { apiVersion, kind: "SelfSubjectAccessReview", spec: { resourceAttributes } };
  for (const deadline = Date.now() + patience; ;) {
    const { status } = await kube.post<{ status?: { allowed?: boolean } }>(
      `/apis/${apiVersion}/selfsubjectaccessreviews`,
      review,
    );
    if (status?.allowed === true) return true;
    if (Date.now() > deadline || signal?.aborted === true) return false;
    await pause(pollEvery, signal);
  }
}
