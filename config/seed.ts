import { ENGINES } from "./databases";
import type { Engine } from "./databases";
import type { Config } from "./schema";

/* The files that `databases.*.seed` names. Whoever reads berth.yaml puts their content in their place; the program reads no files. */

/** Most bytes of one database's seed. Kubernetes' ConfigMaps hold 1 MiB, and Pulumi's state keeps a copy. */
export const MAX_SEED = 512 * 1024;

/** One entry of a seed: its text, or the file that has it. */
export type SeedEntry = string | { file: string };

/** The seed of a database; none for an engine that takes none. */
export function seedOf(databases: Config["databases"], engine: Engine): readonly SeedEntry[] {
  const options = databases[engine];
  return "seed" in options ? options.seed : [];
}

/** An entry that names a file. */
interface FileEntry {
  engine: Engine;
  path: readonly PropertyKey[];
  file: string;
}

/** Every entry of a config's seeds that still names a file. */
export function seedFiles({ databases }: Pick<Config, "databases">): FileEntry[] {
  return ENGINES.flatMap((engine) =>
    seedOf(databases, engine).flatMap((entry, index) =>
      typeof entry === "string" ? [] : { engine, path: ["databases", engine, "seed", index, "file"], file: entry.file },
    ),
  );
}
