import { isImageByDigest } from "../../../config/image";
import type { PrConfig } from "../../../config/pr";
import type { Config } from "../../../config/schema";
import { APP } from "../../../config/workloads";

/**
 * The image of the app or of a service: the deploy's own for it, else the one that the config names by digest, else the app's.
 *
 * @returns a reference by digest, as far as `validate` has passed
 */
export function imageOf({ config, pr }: { config: Config; pr: PrConfig }, { name }: { name: string }): string {
  if (name === APP) return pr.image;
  const given = pr.serviceImages?.[name];
  if (given !== undefined) return given;
  const { image } = config.services.find((service) => service.name === name) ?? {};
  return image !== undefined && isImageByDigest(image) ? image : pr.image;
}
