import { contentOf } from "../../../../config/seed";
import type { SeedEntry } from "../../../../config/seed";
import type { SeedFile } from "./kind";

/** SQL in a file. A single statement need not end with a semicolon; of a file's content only the last one may lack it. */
export function statements(entry: SeedEntry, place: string): SeedFile {
  const text = contentOf(entry);
  return { path: `${place}.sql`, content: { text: /;\s*$/.test(text) ? `${text}\n` : `${text}\n;\n` } };
}
