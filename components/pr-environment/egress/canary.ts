import type { input } from "@pulumi/kubernetes/types";
import { CANARY_SECONDS, EGRESS_CANARY } from "../../../config/egress";
import type { Resources } from "../../../config/limits";
import { CONTAINER_SECURITY } from "../../security";
import type { PlanContext } from "../context";

/**
 * The init container that comes before all others of a pod and ends well only once the pod is refused what it must not reach; none where
 * the platform has no canary.
 *
 * @param resources those of the container that it comes before, so that the pod needs no more than without it
 */
export function planCanary({ platform }: PlanContext, resources: Resources): input.core.v1.Container[] {
  if (platform.egressCanary === null) return [];
  const { image, target } = platform.egressCanary;
  return [
    {
      name: EGRESS_CANARY,
      image,
      imagePullPolicy: "IfNotPresent",
      args: [`--within=${CANARY_SECONDS}s`, ...(target === null ? [] : [`--target=${target}`])],
      resources,
      securityContext: CONTAINER_SECURITY,
    },
  ];
}
