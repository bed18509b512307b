import type { Config } from "./schema";

/** What envFrom names: an object of the project's preview secrets. */
export interface Reference {
  kind: "Secret" | "ConfigMap";
  /** Its name in the file, which is its name among the preview secrets. */
  name: string;
  /** Where it stands, such as `envFrom[0].secretRef.name`. */
  path: readonly PropertyKey[];
}

/** Everything that a config's envFrom names, each time that it does. */
export function referencesOf({ envFrom }: Pick<Config, "envFrom">): Reference[] {
  return envFrom.flatMap((source, index): Reference[] => [
    ...(source.secretRef
      ? [{ kind: "Secret" as const, name: source.secretRef.name, path: ["envFrom", index, "secretRef", "name"] }]
      : []),
    ...(source.configMapRef
      ? [
          {
            kind: "ConfigMap" as const,
            name: source.configMapRef.name,
            path: ["envFrom", index, "configMapRef", "name"],
          },
        ]
      : []),
  ]);
}
