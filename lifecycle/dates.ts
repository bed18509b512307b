import type { Dates } from "../config/dates";
import { ANNOTATION } from "../config/labels";
import { isStatus, type Kube } from "./kube";

/**
 * Moves the dates of an environment: the one place where they are kept are annotations of its namespace, which nothing but the
 * lifecycle writes. A date that is undefined goes.
 */
export async function moveDates(kube: Kube, namespace: string, { expiresAt, sleepAt }: Dates): Promise<void> {
  const annotations = { [ANNOTATION.expiresAt]: expiresAt ?? null, [ANNOTATION.sleepAt]: sleepAt ?? null };
  try {
    await kube.patch(`/api/v1/namespaces/${namespace}`, { metadata: { annotations } });
  } catch (error) {
    // A deploy that failed before its namespace came, or whose environment somebody has taken away since.
    if (!isStatus(error, 404)) throw error;
  }
}
