/** Every database engine, in the order in which they are listed. */
export const ENGINES = ["postgresql", "mariadb", "redis", "mongodb", "s3"] as const;

/** An engine, by its name in berth.yaml. The object store `s3` may be called `minio` there, see `isMinio`. */
export type Engine = (typeof ENGINES)[number];

/** What a version of each engine is called and looks like: as far as the engine's own numbering tells apart what can read the same data. */
export const VERSIONS: Readonly<Record<Engine, { what: string; example: string; pattern: RegExp }>> = {
  postgresql: { what: "major version", example: "16", pattern: /^[1-9]\d$/ },
  mariadb: { what: "version", example: "11.4", pattern: /^[1-9]\d*\.\d{1,2}$/ },
  redis: { what: "version", example: "7", pattern: /^[1-9]\d*(\.\d{1,2})?$/ },
  mongodb: { what: "version", example: "8.0", pattern: /^[1-9]\d*(\.\d{1,2}){0,2}$/ },
  s3: { what: "version", example: "1", pattern: /^[1-9]\d*(\.\d{1,2})?$/ },
};
