import { join } from "node:path";
import { environmentName } from "./names";
import type { Config } from "./schema";

/** How an app's image is built. */
export interface BuildPlan {
  /** Folder that the build reads. */
  context: string;
  dockerfile: string;
  /** Without tag. */
  repository: string;
  /** With the tag `pr-{number}`, as in k8s-ee. It moves with each build; what is deployed is the digest. */
  tag: string;
}

/** Where images go whose config names no repository: the names of an embedded cluster, which no registry answers to. */
export const LOCAL_REPOSITORY = "localhost/berth/apps";

/**
 * Decides how a pull request's image is built.
 *
 * @param config its `image` and `projectId`
 * @param folder of the config's file
 * @param number of the pull request
 * @throws RangeError when project and number do not give a name
 */
export function planBuild(config: Pick<Config, "projectId" | "image">, folder: string, number: number): BuildPlan {
  const { image, projectId } = config;
  environmentName({ projectId, number });
  const context = join(folder, image.context);
  const repository = image.repository ?? `${LOCAL_REPOSITORY}/${projectId}`;
  return { context, dockerfile: join(context, image.dockerfile), repository, tag: `${repository}:pr-${number}` };
}
