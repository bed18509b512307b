import { z } from "zod";
import { checked, imageByDigest, text } from "../fields";
import { RELATIVE_PATH, list } from "./values";

/* What a new database starts with: a snapshot, then a seed. */

/** The entries of one seed. */
const entries = <Entry extends z.ZodType>(entry: Entry) => list(entry, 100, "entries").default([]);

const file = (example: string, content: string) =>
  text(`a file inside the config's folder, such as ${example}`, RELATIVE_PATH).describe(
    `File whose content stands here, seen from the config's folder. At most 256 KiB${content}.`,
  );

/** A seed of statements, or of files that hold them. */
export const statements = (what: string) =>
  entries(
    z.union(
      [z.string().min(1), z.strictObject({ file: file("db/seed.sql", ", in UTF-8") })],
      `${what}, or a mapping with file`,
    ),
  );

/** Names of collections that every MongoDB takes (manual, "Naming Restrictions"), without those that need quotes somewhere. */
const COLLECTION = "a collection's name of letters, digits, dots, dashes and underscores, not one of the system's";
const DOCUMENTS = "JSON documents, one after another or in one list";

/** A seed of documents for collections. */
export const collections = () =>
  entries(
    z.strictObject(
      {
        collection: text(COLLECTION, /^(?!system\.)[A-Za-z_][A-Za-z0-9_.-]{0,119}$/).describe(
          "Collection that the documents go to.",
        ),
        documents: z
          .string(DOCUMENTS)
          .min(1, DOCUMENTS)
          .optional()
          .describe("JSON documents, one after another or in one list. Either this or file."),
        file: file("db/users.json", ", in UTF-8").optional(),
      },
      "a mapping with collection and either documents or file",
    ),
  );

/** Characters that Amazon S3 calls safe (User Guide, "Naming Amazon S3 objects"), in parts none of which begins with two dots. */
const KEY = "an object's key of letters, digits and !-_.*'()/ without empty or dotted parts, such as images/logo.svg";
const KEY_PATTERN =
  /^(?!\.{1,2}(\/|$)|\.\.|\.berth-)(?!.*\/(\/|\.{1,2}(\/|$)))[A-Za-z0-9!_.*'()-]([A-Za-z0-9!_.*'()/-]{0,254}[A-Za-z0-9!_.*'()-])?$/;
const BASE64 = "bytes in base64";

/** A seed of objects. */
export const objects = () =>
  entries(
    z.strictObject(
      {
        object: text(KEY, KEY_PATTERN).describe("Key of the object. Its type goes by the ending."),
        text: z.string("text").optional().describe("Content, as text. One of text, base64 and file."),
        base64: checked(BASE64, (value) => Buffer.from(value, "base64").toString("base64") === value)
          .optional()
          .describe("Content, as bytes in base64."),
        file: file("db/logo.svg", "").optional(),
      },
      "a mapping with object and one of text, base64 and file",
    ),
  );

const SNAPSHOT = "the name of a snapshot of at most 63 lower-case letters, digits and dashes";
const volumeSnapshot = () =>
  text(SNAPSHOT, /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/).describe(
    "Snapshot of such a database's volume, by its name among those that the platform allows this project. The cluster's CSI driver makes the new volume of it. Not beside seed and bootstrap.",
  );

const FROM =
  "Snapshot that a new database starts from, before the jobs. Later changes of it leave a database that has data alone. Its password is the environment's own.";

/**
 * What a new database starts from.
 *
 * @param content what of the image's folder is read
 */
export const from = (content: string) =>
  z
    .strictObject(
      {
        image: imageByDigest()
          .optional()
          .describe(
            `Image, by digest, with a command \`cp\` and a folder /snapshot: ${content} A seed comes on top. Either this or volumeSnapshot.`,
          ),
        volumeSnapshot: volumeSnapshot().optional(),
      },
      "a mapping with image or volumeSnapshot",
    )
    .optional()
    .describe(FROM);

/** What a new database starts from whose files no image can hold. */
export const fromVolume = () =>
  z.strictObject({ volumeSnapshot: volumeSnapshot() }, "a mapping with volumeSnapshot").optional().describe(FROM);
