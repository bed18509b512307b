import { createHash } from "node:crypto";
import type { CustomResourceArgs } from "@pulumi/kubernetes/apiextensions";
import type { input } from "@pulumi/kubernetes/types";
import { previewReferencesOf } from "../../../config/env-from";
import type { Reference } from "../../../config/env-from";
import { ANNOTATION } from "../../../config/labels";
import type { Config } from "../../../config/schema";
import type { PlainMetadata } from "../args";
import { metadata } from "../context";
import type { PlanContext } from "../context";

/** A Secret or ConfigMap that the environment gets a copy of. */
export interface CopyPlan {
  kind: Reference["kind"];
  /** Name of the original, as envFrom has it. */
  name: string;
  /** Namespace and name of the original, by which it is found. */
  source: string;
  /** Of the copy. */
  metadata: PlainMetadata;
}

/** A SealedSecret or ExternalSecret, of which an operator makes a Secret of the same name. */
export interface OperatedPlan {
  /** Its name in the config. */
  name: string;
  args: CustomResourceArgs & { metadata: PlainMetadata };
}

/** What an environment has of Secrets, those of its databases apart. */
export interface SecretsPlan {
  /** Each once, however many places name it. */
  copies: CopyPlan[];
  sealed: OperatedPlan[];
  external: OperatedPlan[];
}

/** Plans the copies of preview secrets and the sealed ones; all that envFrom names has passed `validate`. */
export function planSecrets(context: PlanContext): SecretsPlan {
  const { config, platform } = context;
  const namespace = platform.previewSecrets[config.projectId]?.namespace ?? "";
  const unique = new Map(previewReferencesOf(config).map((one) => [`${one.kind}/${one.name}`, one]));
  return {
    copies: [...unique.values()].map(({ kind, name }) => ({
      kind,
      name,
      source: `${namespace}/${name}`,
      metadata: {
        ...metadata(context, copyName(name)),
        annotations: { [ANNOTATION.copiedFrom]: `${namespace}/${name}` },
      },
    })),
    sealed: Object.entries(config.sealedSecrets).map(([name, values]) => planSealed(context, name, values)),
    external: Object.entries(config.externalSecrets).map(([name, values]) => planExternal(context, name, values)),
  };
}

/** Any namespace and name may open it: those of an environment are not known when values are sealed. */
const CLUSTER_WIDE = { "sealedsecrets.bitnami.com/cluster-wide": "true" };

function planSealed(context: PlanContext, name: string, encryptedData: Record<string, string>): OperatedPlan {
  const about = metadata(context, operatedName("sealed", name, encryptedData));
  return {
    name,
    args: {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: { ...about, annotations: { ...CLUSTER_WIDE, "pulumi.com/waitFor": "condition=Synced" } },
      spec: { encryptedData, template: { type: "Opaque", metadata: { labels: about.labels } } },
    },
  };
}

type ExternalSecret = Config["externalSecrets"][string];

function planExternal(context: PlanContext, name: string, values: ExternalSecret): OperatedPlan {
  const about = metadata(context, operatedName("external", name, values));
  return {
    name,
    args: {
      apiVersion: "external-secrets.io/v1",
      kind: "ExternalSecret",
      metadata: { ...about, annotations: { "pulumi.com/waitFor": "condition=Ready" } },
      spec: {
        refreshInterval: "1h",
        secretStoreRef: { kind: "ClusterSecretStore", name: values.store },
        target: {
          name: about.name,
          creationPolicy: "Owner",
          template: { type: "Opaque", metadata: { labels: about.labels } },
        },
        data: Object.entries(values.data).map(([secretKey, remoteRef]) => ({ secretKey, remoteRef })),
      },
    },
  };
}

/**
 * Name of a Secret that an operator makes. Another wish gives another name: pods that use it are replaced, and none starts with values of
 * before, which the operator may not have replaced yet. What is hashed, everybody may read.
 */
function operatedName(prefix: "sealed" | "external", name: string, wish: object): string {
  const hash = createHash("sha256").update(JSON.stringify(wish, sortKeys)).digest("hex").slice(0, 8);
  return `${prefix}-${name}-${hash}`;
}

/** Orders the keys of mappings, whose order means nothing. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Name of a copy: never one that Berth gives an object of its own. */
function copyName(name: string): string {
  return `preview-${name}`;
}

/** Name in the environment of a Secret that envFrom names. */
function secretName({ sealedSecrets, externalSecrets }: SecretFields, name: string): string {
  for (const [prefix, wishes] of [
    ["sealed", sealedSecrets],
    ["external", externalSecrets],
  ] as const) {
    const wish = Object.hasOwn(wishes, name) ? wishes[name] : undefined;
    if (wish) return operatedName(prefix, name, wish);
  }
  return copyName(name);
}

type SecretFields = Pick<Config, "sealedSecrets" | "externalSecrets">;

/** The sources of a container's variables, under the names that they have in the environment's namespace. */
export function planEnvFrom(config: SecretFields, envFrom: Config["envFrom"]): input.core.v1.EnvFromSource[] {
  return envFrom.map(({ secretRef, configMapRef }) => ({
    ...(secretRef ? { secretRef: { name: secretName(config, secretRef.name) } } : {}),
    ...(configMapRef ? { configMapRef: { name: copyName(configMapRef.name) } } : {}),
  }));
}
