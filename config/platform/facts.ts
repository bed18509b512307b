import { z } from "zod";
import { ACCESS_MODES } from "../access";
import { ENGINES, perEngine } from "../databases";
import { EGRESS_HOSTS } from "../egress";
import { TRUST_TIERS } from "../trust";
import { DISCOVERY } from "./schema";
import { cidr } from "./values";

export const source = z.union([
  z.strictObject({ cidr: cidr() }),
  z.strictObject({ namespace: z.string(), podLabels: z.record(z.string(), z.string()) }),
]);

/** What the platform stack tells the others: its outputs, one by one. */
export const platformFactsSchema = z.object({
  namespace: z.string(),
  domain: z.string(),
  scheme: z.enum(["http", "https"]),
  port: z.number(),
  ingressClass: z.string(),
  gatewaySources: z.array(source).min(1),
  /** Whether the gateway reads Traefik's Middlewares, by which environments say who gets in and which headers answers carry. */
  middlewares: z.boolean(),
  access: z.object({
    default: z.enum(ACCESS_MODES),
    accepted: z.array(z.enum(ACCESS_MODES)),
    /** Whether the gateway can tell visitors by their addresses. */
    ipLists: z.boolean(),
  }),
  storageClass: z.string().nullable(),
  images: z.object(perEngine(() => z.record(z.string(), z.string()))),
  defaultVersions: z.object(perEngine(() => z.string().nullable())),
  priorityClasses: z.object({ platform: z.string(), environment: z.string() }),
  operators: z.object({
    cloudnativePg: z
      .object({
        namespace: z.string(),
        apiServerCidrs: z.array(z.string()).min(1),
        images: z.record(z.string(), z.string()),
      })
      .nullable(),
  }),
  privateEgress: z.array(z.string()),
  /** What enforces egress rules by host name. */
  egressHosts: z.enum(EGRESS_HOSTS),
  /** Null where the platform has no proxy for egress rules by host name. */
  egressProxy: z.object({ image: z.string() }).nullable(),
  /** Null where the platform has no client by which object stores are filled. */
  s3Client: z.object({ image: z.string() }).nullable(),
  /** Null where pods start without a canary. */
  egressCanary: z
    .object({
      image: z.string(),
      /** Null for the API server's Service. */
      target: z.string().nullable(),
    })
    .nullable(),
  snapshots: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        engine: z.enum(ENGINES),
        version: z.string(),
        size: z.string(),
        driver: z.string(),
        handle: z.string(),
      }),
    ),
  ),
  previewSecrets: z.record(
    z.string(),
    z.object({
      namespace: z.string(),
      repository: z.string().nullable(),
      secrets: z.array(z.string()),
      configMaps: z.array(z.string()),
    }),
  ),
  metrics: z
    .object({
      discovery: z.enum(DISCOVERY),
      labels: z.record(z.string(), z.string()),
      namespace: z.string(),
      podLabels: z.record(z.string(), z.string()),
    })
    .nullable(),
  /** Null where the platform has no callback broker. */
  oauth: z
    .object({
      callbackUrl: z.string(),
      /** Where proxies of environments reach the broker. */
      internalUrl: z.string(),
      oidc: z
        .object({
          clientId: z.string(),
          proxyImage: z.string(),
          scopes: z.array(z.string()),
          groupsClaim: z.string(),
          requireVerifiedEmail: z.boolean(),
          allow: z.object({
            emails: z.array(z.string()),
            emailDomains: z.array(z.string()),
            groups: z.array(z.string()),
          }),
        })
        .nullable(),
    })
    .nullable(),
  /** Who deploys, and the ClusterRole that they get in each environment's namespace. */
  deployers: z.object({
    clusterRole: z.string(),
    subjects: z
      .array(
        z.union([
          z.strictObject({ kind: z.literal("ServiceAccount"), name: z.string(), namespace: z.string() }),
          z.strictObject({ kind: z.literal("Group"), name: z.string(), apiGroup: z.string() }),
        ]),
      )
      .min(1),
  }),
  externalSecrets: z.record(z.string(), z.array(z.string())),
  trust: z.object({
    /** Tier of an environment whose deploy names none. */
    default: z.enum(TRUST_TIERS),
    limits: z.record(
      z.enum(TRUST_TIERS),
      z.object({
        secrets: z.boolean(),
        egress: z.boolean(),
        privileges: z.boolean(),
        images: z.array(z.string()).nullable(),
        quota: z.object({ cpu: z.string(), memory: z.string(), storage: z.string() }).nullable(),
      }),
    ),
  }),
  sealedSecrets: z.object({ projects: z.array(z.string()).nullable() }).nullable(),
});

/** What an environment needs to know of its platform. */
export type PlatformFacts = z.output<typeof platformFactsSchema>;
