import type { input } from "@pulumi/kubernetes/types";
import type { SeedEntry } from "../../../../config/seed";

/*
 * What filling a new database of one engine takes: a script for the engine's own client, which gets first data to where they belong.
 * Whether there is anything to do is asked of the database itself, so that it holds whatever became of Jobs and state: only an empty
 * one is filled, and a try that failed or was killed leaves it empty, or marked as begun.
 */

/** Where the files of a seed are mounted. */
export const SEED_FOLDER = "/seed";

/** Where the files of a snapshot are. The folder is there only when the config names a snapshot. */
export const FROM_FOLDER = "/from";

/** A file of a seed. */
export interface SeedFile {
  /** Path below {@link SEED_FOLDER}. */
  path: string;
  content: { text: string } | { base64: string };
}

/** How the databases of one engine are filled. */
export interface Filling {
  /** What the script reads of an entry whose file was read. `place` is its number with leading zeros, for names in their order. */
  file: (entry: SeedEntry, place: string) => SeedFile;
  /** For `sh -c`, in the database's own image, or in the platform's client of object stores. */
  script: string;
  env: input.core.v1.EnvVar[];
}
