import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { ConfigMap, Secret, Service } from "@pulumi/kubernetes/core/v1";
import type { SecretArgs } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import { OAUTH_SECRETS } from "../../../config/oauth";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import { metadata } from "../context";
import type { PrEnvironmentPlan } from "../plan";
import { PROXY_KEYS } from "./plan";

/** 256 bits and more (43 × log2 62); letters and digits only, so that it needs no quoting anywhere. */
const KEY = { length: 43, special: false };

/** What registering takes; as for databases. */
interface Place {
  children: Children;
  fences: pulumi.Resource[];
  owner: Children;
}

/**
 * Registers the proxy in front of the app, and the app's key for log-ins of its own, as the plan has them.
 *
 * @returns what the app's pods need to be there when they start, and what is waited for until it runs
 */
export function createLogins(
  { children, fences, owner }: Place,
  { logins: { proxy, stateKey }, context }: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
): { needs: pulumi.Resource[]; workloads: pulumi.CustomResource[] } {
  const needs: pulumi.Resource[] = [];
  if (stateKey) {
    const { name, key } = OAUTH_SECRETS.app;
    const { result } = owner.add(RandomPassword, "oauth-state-key", KEY);
    const args: SecretArgs = {
      metadata: metadata(context, name, "app"),
      stringData: pulumi.secret(result.apply((value) => ({ [key]: value }))),
    };
    needs.push(children.add(Secret, "oauth-state-secret", args, transform.secret));
  }
  if (proxy === undefined) return { needs, workloads: [] };
  const keys = pulumi.all(PROXY_KEYS.map((key) => owner.add(RandomPassword, `access-proxy-${key}`, KEY).result));
  const secret = children.add(
    Secret,
    "access-proxy-secret",
    {
      metadata: metadata(context, OAUTH_SECRETS.proxy.name, "access-proxy"),
      stringData: pulumi.secret(
        keys.apply((values) => Object.fromEntries(PROXY_KEYS.map((key, index) => [key, values[index] ?? ""]))),
      ),
    },
    transform.secret,
  );
  const config = children.add(ConfigMap, "access-proxy-config", proxy.config, transform.configMap);
  children.add(Service, "access-proxy-service", proxy.service, transform.service);
  const deployment = children
    .with({ dependsOn: [...fences, secret, config], customTimeouts: { create: "3m", update: "3m" } })
    .add(Deployment, "access-proxy", proxy.deployment, transform.accessProxy);
  return { needs, workloads: [deployment] };
}
