import type { ConfigMapArgs } from "@pulumi/kubernetes/core/v1";
import type { input } from "@pulumi/kubernetes/types";
import type { Engine } from "../../../../config/databases";
import { fileOf, fromOf, seedOf } from "../../../../config/seed";
import type { PlanContext } from "../../context";
import type { Filling, SeedFile } from "./kind";
import { mariadb } from "./mariadb";
import { mongodb } from "./mongodb";
import { postgresql } from "./postgresql";
import { redis } from "./redis";
import { s3 } from "./s3";

export { FROM_FOLDER, SEED_FOLDER } from "./kind";

const FILLINGS: Record<Engine, Filling> = { postgresql, mariadb, redis, mongodb, s3 };

/** What a new database starts with, and how it gets there. */
export interface FirstData {
  /** Files of the seed, as a ConfigMap has them; undefined when there is none. */
  files: Pick<ConfigMapArgs, "data" | "binaryData"> | undefined;
  /** Where each of them is below the seed's folder. */
  paths: { key: string; path: string }[];
  /** Image with the snapshot; undefined when there is none. */
  snapshot: string | undefined;
  /** Image of the client, where it is not in the database's own. */
  client: string | undefined;
  /** For `sh -c`. */
  script: string;
  env: input.core.v1.EnvVar[];
}

/** Plans the first data of a database; undefined when its config gives none. */
export function planFirstData({ config, platform }: PlanContext, engine: Engine): FirstData | undefined {
  // A file that was not read is refused before anything is made.
  const entries = seedOf(config.databases, engine).filter((entry) => fileOf(entry) === undefined);
  const snapshot = fromOf(config.databases, engine)?.image;
  if (entries.length === 0 && snapshot === undefined) return undefined;
  const { file, script, env } = FILLINGS[engine];
  const files = entries.map((entry, index) => {
    const place = String(index + 1).padStart(3, "0");
    return { key: place, ...file(entry, place) };
  });
  const data = contents(files, ({ content }) => ("text" in content ? content.text : undefined));
  const binaryData = contents(files, ({ content }) => ("base64" in content ? content.base64 : undefined));
  return {
    files: files.length === 0 ? undefined : { data, ...(Object.keys(binaryData).length > 0 && { binaryData }) },
    paths: files.map(({ key, path }) => ({ key, path })),
    snapshot,
    client: engine === "s3" ? platform.s3Client?.image : undefined,
    script,
    env,
  };
}

function contents(
  files: readonly (SeedFile & { key: string })[],
  content: (file: SeedFile) => string | undefined,
): Record<string, string> {
  return Object.fromEntries(
    files.flatMap((file) => {
      const of = content(file);
      return of === undefined ? [] : [[file.key, of] as const];
    }),
  );
}
