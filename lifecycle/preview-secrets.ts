import { LABEL } from "../config/labels";
import type { PlatformConfig } from "../config/platform";
import { BerthError, ExitCode } from "./errors";
import type { Kube, KubeObject } from "./kube";

/**
 * Checks that each namespace of preview secrets is there and that its owner has marked it as such: settings of the platform alone
 * cannot open any other namespace to previews.
 *
 * @throws BerthError (prerequisite) with the commands that set it right.
 */
export async function assertPreviewSecrets(
  kube: Pick<Kube, "find">,
  { previewSecrets }: Pick<PlatformConfig, "previewSecrets">,
): Promise<void> {
  for (const [project, { namespace }] of Object.entries(previewSecrets)) {
    const found = await kube.find<KubeObject>(`/api/v1/namespaces/${namespace}`);
    const mark = found?.metadata.labels?.[LABEL.previewSecrets];
    if (mark === project) continue;
    const label = `kubectl label namespace ${namespace} ${LABEL.previewSecrets}=${project}`;
    const [state, fix] =
      found === undefined
        ? ["does not exist", `make it (kubectl create namespace ${namespace}; ${label})`]
        : [
            mark === undefined ? `lacks the label ${LABEL.previewSecrets}` : `is marked for project ${mark}`,
            `if nothing but values for previews is in it, mark it (${label}), else name another one`,
          ];
    throw new BerthError(`the namespace ${namespace} of previewSecrets.${project} ${state}`, {
      fix: `${fix}. Then run the same command again.`,
      exitCode: ExitCode.prerequisite,
    });
  }
}
