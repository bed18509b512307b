/** Every database engine, in the order in which they are listed. */
export const ENGINES = ["postgresql", "mariadb", "redis", "mongodb", "s3"] as const;

/** An engine, by its name in berth.yaml. The object store `s3` may be called `minio` there, see `isMinio`. */
export type Engine = (typeof ENGINES)[number];

/** What a version of each engine looks like: as far as the engine's own numbering tells apart what can read the same data. */
export const VERSION_PATTERNS: Readonly<Record<Engine, RegExp>> = {
  postgresql: /^[1-9]\d$/,
  mariadb: /^[1-9]\d*\.\d{1,2}$/,
  redis: /^[1-9]\d*(\.\d{1,2})?$/,
  mongodb: /^[1-9]\d*(\.\d{1,2}){0,2}$/,
  s3: /^[1-9]\d*(\.\d{1,2})?$/,
};
