import type { PersistentVolumeClaimArgs, ServiceArgs } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { ANNOTATION } from "../../../config/labels";

/**
 * Arguments of an object that the quota counts, for an update that makes the quota larger.
 *
 * In a preview the quota is still the smaller one, and the server would refuse what the update is to make room for. A value that is not
 * known yet keeps it from being asked: an annotation, which no update ever sets.
 *
 * @param grows whether the quota becomes larger
 */
export function withRoomLater<Args extends ServiceArgs | PersistentVolumeClaimArgs>(args: Args, grows: boolean): Args {
  if (!grows || !pulumi.runtime.isDryRun()) return args;
  const metadata = args.metadata as { annotations?: Record<string, string> };
  const later = pulumi.output(pulumi.unknown) as unknown as pulumi.Output<string>;
  return {
    ...args,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [ANNOTATION.awaitsQuota]: later } },
  };
}
