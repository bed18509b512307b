import { ENGINES } from "./databases";
import type { Engine } from "./databases";
import type { Config } from "./schema";

/*
 * What a new database starts with. The files that `databases.*.seed` names are put in the place of their names by whoever reads berth.yaml:
 * the program reads no files.
 */

/** Most bytes of one database's seed. Kubernetes' ConfigMaps hold 1 MiB, and Pulumi's state keeps a copy. */
export const MAX_SEED = 512 * 1024;

/** One entry of a seed: statements, documents of a collection or an object, as themselves or as the file that has them. */
export type SeedEntry = string | { file: string } | CollectionEntry | ObjectEntry;

/** Documents for a collection. */
export type CollectionEntry = Config["databases"]["mongodb"]["seed"][number];

/** An object for the bucket. */
export type ObjectEntry = Config["databases"]["s3"]["seed"][number];

/** The seed of a database. The object store has one under the name `s3` alone. */
export function seedOf(databases: Config["databases"], engine: Engine): readonly SeedEntry[] {
  return databases[engine].seed;
}

/** API of snapshots of volumes. */
export const SNAPSHOT_API = "snapshot.storage.k8s.io";

/** The snapshot that a database starts from; undefined when there is none. */
export function fromOf(
  databases: Config["databases"],
  engine: Engine,
): { image?: string | undefined; volumeSnapshot?: string | undefined } | undefined {
  return databases[engine].from;
}

/** An entry that names a file. */
interface FileEntry {
  engine: Engine;
  path: readonly PropertyKey[];
  file: string;
}

/** The file that an entry names; undefined when it has its content. */
export function fileOf(entry: SeedEntry): string | undefined {
  return typeof entry === "string" ? undefined : entry.file;
}

/** The entry with a file's content in the place of its name. What is not text in UTF-8 can be an object only. */
export function withContent(entry: SeedEntry, content: string | Buffer): SeedEntry {
  if (typeof entry === "string") return entry;
  if ("object" in entry) {
    const { object } = entry;
    return typeof content === "string" ? { object, text: content } : { object, base64: content.toString("base64") };
  }
  if (typeof content !== "string") return entry;
  return "collection" in entry ? { collection: entry.collection, documents: content } : content;
}

/** What an entry holds; empty as long as it names a file. */
export function contentOf(entry: SeedEntry): string {
  if (typeof entry === "string") return entry;
  if ("object" in entry) return entry.text ?? entry.base64 ?? "";
  return "collection" in entry ? (entry.documents ?? "") : "";
}

/** Every entry of a config's seeds that still names a file. */
export function seedFiles({ databases }: Pick<Config, "databases">): FileEntry[] {
  return ENGINES.flatMap((engine) =>
    seedOf(databases, engine).flatMap((entry, index) => {
      const file = fileOf(entry);
      return file === undefined ? [] : { engine, path: ["databases", engine, "seed", index, "file"], file };
    }),
  );
}
