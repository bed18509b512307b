import { z } from "zod";
import { VERSIONS } from "../engines";
import type { Engine } from "../engines";
import { checked, flag, options, switchable, version } from "../fields";
import { BOUNDS, isVolumeSize } from "../limits";
import { collections, from, fromVolume, objects, statements } from "./first-data";
import { list } from "./values";

/** Amazon S3's rules for bucket names that every client and server keeps to (User Guide, "General purpose bucket naming rules"). */
const isBucketName = (name: string) =>
  /^(?=.{3,63}$)[a-z0-9](-*[a-z0-9])*(\.[a-z0-9](-*[a-z0-9])*)*$/.test(name) && !/^\d+(\.\d+){3}$/.test(name);

const sql = () => list(z.string("an SQL statement").min(1, "an SQL statement"), 100, "SQL statements").default([]);

const enabled = (what: string) => flag().default(true).describe(`Whether the environment gets ${what} of its own.`);

const versionOf = (engine: Engine, subject: string, note = "") => {
  const { what } = VERSIONS[engine];
  return version(engine, subject)
    .optional()
    .describe(
      `${what.charAt(0).toUpperCase()}${what.slice(1)}; the platform says which it offers and which is the default. ${note}A changed version starts empty.`,
    );
};

const volume = () =>
  checked(`a size from ${BOUNDS.volume.min} to ${BOUNDS.volume.max}, such as 1Gi`, isVolumeSize)
    .default("1Gi")
    .describe("Size of the database's volume. It can grow later where the storage class allows it, never shrink.");

const postgresqlOptions = z.strictObject({
  enabled: enabled("a PostgreSQL"),
  version: versionOf("postgresql", "a PostgreSQL major version"),
  storage: volume(),
  operator: options("none", "cloudnative-pg")
    .default("none")
    .describe(
      "Who runs the server: none for a pod of Berth's own, cloudnative-pg for that operator, where the platform has it. Address and variables are the same; a changed operator starts empty.",
    ),
  bootstrap: z
    .strictObject({
      initSQL: sql().describe("Statements run in database postgres when the database is first created."),
      postInitApplicationSQL: sql().describe("Statements run in the app's database after it is first created."),
    })
    .prefault({})
    .describe("SQL for a new database. Not run again on one that exists."),
  seed: statements("an SQL statement").describe(
    "SQL for an empty database, run by psql as the app's user in one transaction, before the jobs. Not run on one that has tables.",
  ),
  from: from(
    "files *.dump of `pg_dump --format=custom` and *.sql of `pg_dump`, which are run in the order of their names. What they say of owners, and every other user, is left out.",
  ),
});

const mariadbOptions = z.strictObject({
  enabled: enabled("a MariaDB"),
  version: versionOf("mariadb", "a MariaDB version"),
  storage: volume(),
  seed: statements("an SQL statement").describe(
    "SQL for an empty database, run as the app's user before the jobs. Not run on one that has tables; a failed one begins with an empty database again.",
  ),
  from: from("files *.sql of `mariadb-dump DATABASE`, which are run in the order of their names."),
});

const redisOptions = z.strictObject({
  enabled: enabled("a Redis"),
  version: versionOf("redis", "a Redis version"),
  storage: volume(),
  seed: statements("a Redis command, such as SET greeting hello").describe(
    "Commands for an empty Redis, one a line, run in one transaction before the jobs. Not run on one that has keys.",
  ),
  from: fromVolume(),
});

const mongodbOptions = z.strictObject({
  enabled: enabled("a MongoDB"),
  version: versionOf("mongodb", "a MongoDB version", "7.0.5 is served by 7.0 where that is offered. "),
  storage: volume(),
  seed: collections().describe(
    "Documents for an empty database, put in by mongoimport before the jobs. Not run on one that has collections; a failed one makes its collections anew.",
  ),
  from: from(
    "files *.archive and *.archive.gz of `mongodump --archive`, which are restored in the order of their names. Collections of any database come to the app's, users to none.",
  ),
});

const BUCKET = "a bucket name: 3 to 63 lower-case letters, digits, dots and dashes, no IP address";
const bucket = () =>
  checked(BUCKET, isBucketName)
    .default("data")
    .describe("Bucket that is there before the app starts. It may make more.");

const s3Options = z.strictObject({
  enabled: enabled("an S3-compatible object store"),
  version: versionOf("s3", "a version of the object store"),
  storage: volume(),
  bucket: bucket(),
  seed: objects().describe(
    "Objects for an empty bucket, put in by rclone before the jobs. Not run on one that has objects. Only under the name s3.",
  ),
  from: from("every file of it becomes an object of the bucket, by its path there."),
});

const minioOptions = z.strictObject({
  enabled: enabled("an object store"),
  storage: volume(),
  bucket: bucket(),
});

export const mongodb = switchable(mongodbOptions)
  .prefault(false)
  .describe(
    "A MongoDB of the environment's own, reached by MONGODB_URI and MONGODB_URL, which are the same. One server without replicas: no transactions, no change streams.",
  );

export const s3 = switchable(s3Options)
  .prefault(false)
  .describe(
    "An S3-compatible object store of the environment's own, reached by the S3_* variables, and by AWS SDKs through the AWS_* ones. Clients must use path style.",
  );

export const minio = switchable(minioOptions)
  .prefault(false)
  .describe(
    "The same object store under its name in k8s-ee.yaml, reached by the MINIO_* and S3_* variables and none of AWS_*. It is not MinIO, which is archived. Only one of s3 and minio.",
  );

export const mariadb = switchable(mariadbOptions)
  .prefault(false)
  .describe("A MariaDB of the environment's own, reached by MYSQL_URL and the other MYSQL_* variables.");

export const redis = switchable(redisOptions)
  .prefault(false)
  .describe(
    "A Redis of the environment's own that keeps its keys on disk, reached by REDIS_URL and the REDIS_* variables.",
  );

export const postgresql = switchable(postgresqlOptions)
  .prefault(false)
  .describe("A PostgreSQL of the environment's own, reached by DATABASE_URL and the PG* variables.");
