import { mkdir } from "node:fs/promises";
import { join } from "node:path";

import { LocalError } from "../errors";
import { cacheDir } from "../paths";
import { accessProxyRecipe } from "./recipes/access-proxy";
import { corednsRecipe } from "./recipes/coredns";
import { egressProxyRecipe } from "./recipes/egress-proxy";
import { ferretdbRecipe } from "./recipes/ferretdb";
import { goFileRecipe } from "./recipes/go-file";
import { guestbookRecipe } from "./recipes/guestbook";
import { mariadbRecipe } from "./recipes/mariadb";
import { oauthBrokerRecipe } from "./recipes/oauth-broker";
import { postgresRecipe } from "./recipes/postgres";
import { redisRecipe } from "./recipes/redis";
import { sealedSecretsRecipe } from "./recipes/sealed-secrets";
import { versitygwRecipe } from "./recipes/versitygw";
import { obtainImage } from "./store";
import { imageNames, type BuiltImage, type EnsureImagesOptions, type ImageName, type Recipe } from "./types";

export { imageNames, type BuiltImage, type EnsureImagesOptions, type ImageName, type ImageProgress } from "./types";

/** Longest version that the example's page has room for. */
const longestVersion = 64;

/**
 * Gives the images that the embedded cluster runs, building those that the cache lacks. Different images are built at
 * the same time; the same image is built once, also when several processes ask for it.
 *
 * @param names which images.
 * @param options see {@link EnsureImagesOptions}.
 * @returns for each name its archive and its names.
 * @throws LocalError with what is missing and how to get it; the signal's reason when stopped. After the first failure
 *   the other builds are stopped, and nothing half-made stays.
 */
export async function ensureImages<N extends ImageName>(
  names: readonly N[],
  options: EnsureImagesOptions = {},
): Promise<Record<N, BuiltImage>> {
  for (const name of names) {
    if (!imageNames.includes(name)) {
      throw new LocalError({
        message: `There is no image "${name}": accepted are ${imageNames.join(", ")}.`,
        fix: "Ask for one of these.",
        exitCode: 2,
      });
    }
  }
  const folder = join(cacheDir(), "images");
  await mkdir(folder, { recursive: true });
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  const results = await Promise.allSettled(
    [...new Set(names)].map(async (name) => {
      try {
        const image = await obtainImage(folder, await recipeOf(name, options), {
          signal,
          onProgress: options.onProgress,
        });
        return [name, image] as const;
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  signal.throwIfAborted();
  const images = results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
  return Object.fromEntries(images) as Record<N, BuiltImage>;
}

function recipeOf(name: ImageName, options: EnsureImagesOptions): Promise<Recipe> {
  switch (name) {
    case "pause":
    case "canary":
      return goFileRecipe(name);
    case "coredns":
      return corednsRecipe(options.berthNode);
    case "postgres":
      return postgresRecipe();
    case "mariadb":
      return mariadbRecipe();
    case "redis":
      return redisRecipe();
    case "ferretdb":
      return ferretdbRecipe();
    case "versitygw":
      return versitygwRecipe();
    case "oauth-broker":
      return oauthBrokerRecipe();
    case "egress-proxy":
      return egressProxyRecipe();
    case "access-proxy":
      return accessProxyRecipe();
    case "sealed-secrets":
      return sealedSecretsRecipe();
    case "guestbook":
      return guestbookRecipe(checkVersion(options.guestbook?.version ?? "1"));
  }
}

function checkVersion(version: string): string {
  if (version.length > 0 && version.length <= longestVersion && /^[\w.+-]+$/.test(version)) return version;
  throw new LocalError({
    message: `guestbook.version is ${JSON.stringify(version)}: accepted are 1 to ${longestVersion} letters, digits, ".", "_", "+", "-".`,
    fix: "Use a commit or a number.",
    exitCode: 2,
  });
}
