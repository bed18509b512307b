import { parseConfig } from "../../config/parse";
import { parsePlatform } from "../../config/platform";
import type { PlatformFacts, PlatformInput } from "../../config/platform";
import { parsePr } from "../../config/pr";
import type { PrConfig } from "../../config/pr";
import type { Config } from "../../config/schema";
import { planPlatform } from "../../components/platform/plan";

/* Values that several suites start from. */

/** A digest of nothing in particular. */
export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

/** `berth:platform` of an embedded cluster. */
export const HOST_PLATFORM: PlatformInput = {
  domain: "berth.localhost",
  gateway: { mode: "host", scheme: "https", port: 8443, sources: ["10.89.0.1/32"] },
  images: {
    postgresql: { "15": `localhost/berth/postgres@${DIGEST}` },
    mariadb: { "10.11": `localhost/berth/mariadb@${DIGEST}` },
    redis: { "7": `localhost/berth/redis@${DIGEST}` },
    mongodb: { "7.0": `localhost/berth/ferretdb@${DIGEST}` },
    s3: { "1": `localhost/berth/versitygw@${DIGEST}` },
  },
};

/** `berth:platform` of a cluster of one's own. */
export const DEPLOYED_PLATFORM: PlatformInput = {
  domain: "preview.example.com",
  gateway: {
    mode: "deployed",
    scheme: "https",
    image: `docker.io/library/traefik@${DIGEST}`,
    tlsSecret: "wildcard-certificate",
    serviceAnnotations: { "service.beta.kubernetes.io/aws-load-balancer-type": "nlb" },
    apiServerCidrs: ["10.0.0.0/16"],
  },
  storageClass: "gp3",
  images: {
    postgresql: { "16": `docker.io/library/postgres@${DIGEST}`, "17": `docker.io/library/postgres@${DIGEST}` },
  },
  privateEgress: ["10.20.0.0/16"],
  previewSecrets: {
    shop: {
      namespace: "shop-preview-secrets",
      repository: "acme/shop",
      secrets: ["stripe", "mail"],
      configMaps: ["flags"],
    },
  },
};

/** Outputs of the platform stack of an embedded cluster. */
export const HOST_FACTS: PlatformFacts = planPlatform(parsePlatform(HOST_PLATFORM)).facts;

/** `berth:platform` of an embedded cluster with a callback broker and a provider. */
export const OAUTH_PLATFORM: PlatformInput = {
  ...HOST_PLATFORM,
  oauth: {
    image: `localhost/berth/oauth-broker@${DIGEST}`,
    oidc: {
      issuer: "https://login.example.com",
      clientId: "berth",
      clientSecret: { name: "oidc-client" },
      proxyImage: `localhost/berth/access-proxy@${DIGEST}`,
      allow: { emailDomains: ["example.com", "example.org"], groups: ["staff"] },
    },
  },
};

/** What the platform stack says of it. */
export const OAUTH_FACTS: PlatformFacts = planPlatform(parsePlatform(OAUTH_PLATFORM)).facts;

/** Outputs of the platform stack where rules may name hosts. */
export const EGRESS_FACTS: PlatformFacts = planPlatform(
  parsePlatform({ ...HOST_PLATFORM, egressProxy: { image: `localhost/berth/egress-proxy@${DIGEST}` } }),
).facts;

/** Outputs of the platform stack where Cilium enforces rules that name hosts. */
export const CILIUM_FACTS: PlatformFacts = planPlatform(
  parsePlatform({ ...HOST_PLATFORM, egressHosts: "cilium", privateEgress: ["10.20.0.0/16"] }),
).facts;

/** Outputs of the platform stack where object stores can be filled. */
export const S3_FACTS: PlatformFacts = planPlatform(
  parsePlatform({ ...HOST_PLATFORM, s3Client: { image: `localhost/rclone@${DIGEST}` } }),
).facts;

/** What the unprivileged build has made of a fork. */
export const FORK_IMAGE = `localhost/berth/forks/guestbook@${DIGEST}`;

/** Outputs of the platform stack where forks may be deployed. */
export const FORK_FACTS: PlatformFacts = planPlatform(
  parsePlatform({ ...HOST_PLATFORM, trust: { fork: { images: ["localhost/berth/forks"] } } }),
).facts;

/** `berth:pr` of a pull request. */
export const PR: PrConfig = parsePr({
  number: 7,
  commit: "0f1e2d3c4b5a69788796a5b4c3d2e1f001122334",
  branch: "feature/guest-names",
  repository: "acme/shop",
  owner: "dependabot[bot]",
  image: `localhost/berth/guestbook@${DIGEST}`,
  generation: 1,
});

/** A config with nothing but a project, changed by `fields`. */
export function config(fields: Record<string, unknown> = {}): Config {
  return parseConfig({ projectId: "shop", ...fields });
}
