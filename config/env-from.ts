import type { Config } from "./schema";

/** What envFrom names: an object of the project's preview secrets. */
export interface Reference {
  kind: "Secret" | "ConfigMap";
  /** Its name in the file, which is its name among the preview secrets. */
  name: string;
  /** Where it stands, such as `envFrom[0].secretRef.name`. */
  path: readonly PropertyKey[];
}

/** Everything that envFrom names, the app's and that of each service, each time that it does. */
export function referencesOf({
  envFrom,
  services = [],
}: Pick<Config, "envFrom"> & Partial<Pick<Config, "services">>): Reference[] {
  return [
    ...referencesIn(envFrom, ["envFrom"]),
    ...services.flatMap((service, index) => referencesIn(service.envFrom, ["services", index, "envFrom"])),
  ];
}

function referencesIn(envFrom: Config["envFrom"], path: readonly PropertyKey[]): Reference[] {
  return envFrom.flatMap(({ secretRef, configMapRef }, index): Reference[] => [
    ...(secretRef
      ? [{ kind: "Secret" as const, name: secretRef.name, path: [...path, index, "secretRef", "name"] }]
      : []),
    ...(configMapRef
      ? [{ kind: "ConfigMap" as const, name: configMapRef.name, path: [...path, index, "configMapRef", "name"] }]
      : []),
  ]);
}

/** Names of Secrets that the config itself asks for, beside those of preview secrets. */
export function ownSecrets({
  sealedSecrets,
  externalSecrets,
}: Pick<Config, "sealedSecrets" | "externalSecrets">): string[] {
  return [...Object.keys(sealedSecrets), ...Object.keys(externalSecrets)];
}

/** What envFrom takes from the project's preview secrets. */
export function previewReferencesOf(config: Config): Reference[] {
  const own = ownSecrets(config);
  return referencesOf(config).filter(({ kind, name }) => kind === "ConfigMap" || !own.includes(name));
}
