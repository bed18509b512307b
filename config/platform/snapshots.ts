import { z } from "zod";
import { ENGINES } from "../engines";
import { checked, options, text } from "../fields";
import { isBytes } from "../quantity";
import { labelName, projectId } from "./values";

/** A driver's name as CSI has it (specification, `GetPluginInfoResponse`: a domain name of at most 63 characters). */
const DRIVER = "the name of a CSI driver, such as ebs.csi.aws.com";
const HANDLE = "what the driver calls a snapshot, such as snap-0123456789abcdef0";
const SIZE = "a size, such as 2Gi";

const snapshot = z.strictObject(
  {
    engine: options(...ENGINES).describe("Database whose volume it is of."),
    version: z
      .string("a version in quotes")
      .min(1, "a version in quotes")
      .describe('Version of that database, as images has it, such as "16".'),
    size: checked(SIZE, isBytes).describe("Size of the volume that it is of: those made of it are as large at least."),
    driver: text(DRIVER, /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/i).describe(
      "CSI driver that made it, that of storageClass.",
    ),
    handle: z.string(HANDLE).min(1, HANDLE).max(256, HANDLE).describe("What that driver calls it."),
  },
  "a mapping with engine, version, size, driver and handle",
);

/** Snapshots of volumes that environments may start from. */
export const snapshots = z
  .record(
    projectId(),
    z.record(labelName(), snapshot, "a mapping of names to snapshots"),
    "a mapping of projects to their snapshots",
  )
  .default({})
  .describe(
    "Snapshots of databases' volumes of environments that `databases.*.from.volumeSnapshot` may name, for each project. Nothing else can be started from; list none with data of production.",
  );
