import type { input } from "@pulumi/kubernetes/types";
import { referencesOf } from "../../../config/env-from";
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

/** What an environment has of Secrets, those of its databases apart. */
export interface SecretsPlan {
  /** Each once, however many places name it. */
  copies: CopyPlan[];
}

/** Plans the copies of preview secrets; all that envFrom names has passed `validate`. */
export function planSecrets(context: PlanContext): SecretsPlan {
  const { config, platform } = context;
  const namespace = platform.previewSecrets[config.projectId]?.namespace ?? "";
  const unique = new Map(referencesOf(config).map((one) => [`${one.kind}/${one.name}`, one]));
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
  };
}

/** Name of a copy: never one that Berth gives an object of its own. */
function copyName(name: string): string {
  return `preview-${name}`;
}

/** The sources of a container's variables, under the names that they have in the environment's namespace. */
export function planEnvFrom(envFrom: Config["envFrom"]): input.core.v1.EnvFromSource[] {
  return envFrom.map(({ secretRef, configMapRef }) => ({
    ...(secretRef ? { secretRef: { name: copyName(secretRef.name) } } : {}),
    ...(configMapRef ? { configMapRef: { name: copyName(configMapRef.name) } } : {}),
  }));
}
