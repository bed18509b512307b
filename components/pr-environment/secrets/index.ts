import { createHash } from "node:crypto";
import type { DeploymentArgs } from "@pulumi/kubernetes/apps/v1";
import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { ConfigMap, Secret } from "@pulumi/kubernetes/core/v1";
import type { input } from "@pulumi/kubernetes/types";
import * as pulumi from "@pulumi/pulumi";
import { referencesOf } from "../../../config/env-from";
import { ANNOTATION } from "../../../config/labels";
import type { Config } from "../../../config/schema";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import type { CopyPlan, SecretsPlan } from "./plan";

/** Secrets and ConfigMaps that are there, and how to tell that one has changed. */
export interface CreatedSecrets {
  /** What a pod that uses them must depend on. */
  needs: pulumi.Resource[];
  /** By kind and name: changes whenever that one does, and tells nothing of what is in it. */
  versions: ReadonlyMap<string, pulumi.Output<string>>;
}

/** Reads the originals, anew at each update, and registers the copies, the sealed ones and those from outside. */
export function createSecrets(
  children: Children,
  { copies, sealed, external }: SecretsPlan,
  transform: PrEnvironmentTransforms,
): CreatedSecrets {
  const made = copies.map((plan) => ({ key: keyOf(plan), ...createCopy(children, plan, transform) }));
  // An operator takes seconds; what it cannot open or find stays that way.
  const operated = children.with({ customTimeouts: { create: "1m", update: "1m", delete: "1m" } });
  // The External Secrets Operator puts finalizers on some: they go before their namespace, while it is alive.
  const finalized = operated.with({ deletedWith: undefined });
  return {
    needs: [
      ...made.map(({ copy }) => copy),
      ...sealed.map(({ name, args }) => operated.add(CustomResource, `sealed-${name}`, args, transform.sealedSecret)),
      ...external.map(({ name, args }) =>
        finalized.add(CustomResource, `external-${name}`, args, transform.externalSecret),
      ),
    ],
    versions: new Map(made.map(({ key, version }) => [key, version])),
  };
}

function createCopy(
  children: Children,
  { kind, name, source, metadata }: CopyPlan,
  transform: PrEnvironmentTransforms,
): { copy: pulumi.Resource; version: pulumi.Output<string> } {
  const suffix = `${kind === "Secret" ? "secret" : "config-map"}-${name}`;
  if (kind === "ConfigMap") {
    const original = children.read(ConfigMap, `original-${suffix}`, source);
    const { data, binaryData } = original;
    const copy = children.add(ConfigMap, `copy-${suffix}`, { metadata, data, binaryData }, transform.configMap);
    return { copy, version: versionOf(source, original) };
  }
  // `kubectl apply` keeps a Secret's values in an annotation, so its metadata are as secret as its data.
  const original = children.read(Secret, `original-${suffix}`, source, ["metadata"]);
  const data = pulumi.secret(original.data);
  const copy = children.add(Secret, `copy-${suffix}`, { metadata, type: "Opaque", data }, transform.secret);
  return { copy, version: versionOf(source, original) };
}

/** The API server's own count of an object's changes: unlike a hash of the values it gives nothing to guess at. */
function versionOf(source: string, original: Pick<Secret, "metadata">): pulumi.Output<string> {
  return pulumi.unsecret(original.metadata.apply(({ uid, resourceVersion }) => `${source} ${uid} ${resourceVersion}`));
}

function keyOf({ kind, name }: Pick<CopyPlan, "kind" | "name">): string {
  return `${kind}/${name}`;
}

function digest(versions: readonly string[]): string {
  return createHash("sha256").update(versions.join("\n")).digest("hex").slice(0, 16);
}

/**
 * The same Deployment, whose pods are replaced when one of the Secrets that they use changes. Plans have plain values throughout.
 *
 * @param envFrom what its pods use
 */
export function restartedBy(
  { versions }: CreatedSecrets,
  envFrom: Config["envFrom"],
  args: DeploymentArgs,
): DeploymentArgs {
  const used = referencesOf({ envFrom }).flatMap((one) => versions.get(keyOf(one)) ?? []);
  if (used.length === 0) return args;
  const spec = args.spec as input.apps.v1.DeploymentSpec;
  const template = spec.template as input.core.v1.PodTemplateSpec;
  const metadata = template.metadata as input.meta.v1.ObjectMeta;
  const version = pulumi.all(used).apply(digest);
  const annotations = { ...(metadata.annotations as object), [ANNOTATION.secretVersions]: version };
  return { ...args, spec: { ...spec, template: { ...template, metadata: { ...metadata, annotations } } } };
}
