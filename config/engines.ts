/** Every database engine, in the order in which they are listed. */
export const ENGINES = ["postgresql", "mariadb", "redis", "mongodb", "s3"] as const;

/** An engine, by its name in berth.yaml. The object store `s3` may be called `minio` there, see `isMinio`. */
export type Engine = (typeof ENGINES)[number];
