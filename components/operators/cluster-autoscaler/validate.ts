import { IMAGE_BY_DIGEST, isImageByDigest } from "../../../config/image";
import type { InvalidProperty } from "../../problems";
import type { ClusterAutoscalerArgs } from "./args";

/** One pod that works and two that wait are more than enough. */
const MAX_REPLICAS = 3;

/** Finds what is wrong with the arguments of a Cluster Autoscaler, all of it. Pure; only plain values are looked at. */
export function validate({
  image,
  replicas = 2,
}: Partial<Pick<ClusterAutoscalerArgs, "image" | "replicas">>): InvalidProperty[] {
  const problems: InvalidProperty[] = [];
  if (image !== undefined && !isImageByDigest(image)) {
    const reason = `"${image}" can change its content; accepted: ${IMAGE_BY_DIGEST}. Add the digest, as "crane digest" prints it.`;
    problems.push({ propertyPath: "image", reason });
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > MAX_REPLICAS) {
    const reason = `${replicas} is not accepted: 1 to ${MAX_REPLICAS}. Take 2, so that one can take over.`;
    problems.push({ propertyPath: "replicas", reason });
  }
  return problems;
}
