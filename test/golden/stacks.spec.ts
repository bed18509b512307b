import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import program from "../../stacks";
import {
  CILIUM_FACTS,
  DEPLOYED_PLATFORM,
  DIGEST,
  EGRESS_FACTS,
  FORK_FACTS,
  FORK_IMAGE,
  HOST_FACTS,
  HOST_PLATFORM,
  OAUTH_FACTS,
  OAUTH_PLATFORM,
  PR,
} from "../support/samples";
import { record } from "../support/mocks";
import type { RecordOptions } from "../support/mocks";

/*
 * The whole resource graph of example stacks, for reading in review: what a change of the code changes in what is made.
 * UPDATE_GOLDEN=1 writes the files anew. Rules are asserted beside the code that has them; these files prove none.
 */

const PREVIEW_SECRETS = {
  shop: { namespace: "shop-preview-secrets", repository: null, secrets: ["stripe"], configMaps: [] },
};
const STACKS = {
  "organization/berth/platform": { ...HOST_FACTS, previewSecrets: PREVIEW_SECRETS },
  "organization/berth/pr-shop-7": {},
};
const SNAPSHOTS = {
  shop: { guests: { engine: "redis", version: "7", size: "512Mi", driver: "ebs.csi.aws.com", handle: "snap-1" } },
};

/** An environment with a database and a job that reaches hosts, and a range. */
const reaching = (cidr: string) => ({
  projectId: "shop",
  databases: { redis: true },
  jobs: [{ name: "migrate", command: ["node", "migrate.js"] }],
  egress: {
    allow: [
      { host: "api.example.com", ports: [443] },
      { host: "*.example.org", ports: [443, 8443] },
      { cidr, ports: [5432] },
    ],
  },
});

const EXAMPLES: Record<string, RecordOptions> = {
  "platform-host": { stack: "platform", config: { role: "platform", platform: HOST_PLATFORM } },
  "platform-deployed": { stack: "platform", config: { role: "platform", platform: DEPLOYED_PLATFORM } },
  "platform-oauth": { stack: "platform", config: { role: "platform", platform: OAUTH_PLATFORM } },
  "pr-app": { stack: "pr-shop-7", stacks: STACKS, config: { role: "pr", pr: PR, config: { projectId: "shop" } } },
  "pr-postgresql": {
    stack: "pr-shop-7",
    stacks: STACKS,
    config: {
      role: "pr",
      pr: PR,
      config: {
        projectId: "shop",
        app: { port: 8080, healthPath: "/ready" },
        env: { LOG_LEVEL: "debug" },
        envFrom: [{ secretRef: { name: "stripe" } }],
        writableDirs: ["/data"],
        databases: {
          postgresql: { storage: "2Gi", bootstrap: { postInitApplicationSQL: ["CREATE EXTENSION citext"] } },
        },
        egress: { allow: [{ cidr: "203.0.113.0/24", ports: [443] }] },
      },
    },
  },
  "pr-fork": {
    stack: "pr-shop-7",
    stacks: { ...STACKS, "organization/berth/platform": FORK_FACTS },
    config: {
      role: "pr",
      pr: { ...PR, image: FORK_IMAGE, trust: "fork" },
      config: {
        projectId: "shop",
        databases: { postgresql: true },
        jobs: [{ name: "migrate", command: ["node", "migrate.js"] }],
      },
    },
  },
  "pr-egress-hosts": {
    stack: "pr-shop-7",
    stacks: { ...STACKS, "organization/berth/platform": EGRESS_FACTS },
    config: {
      role: "pr",
      pr: PR,
      config: reaching("203.0.113.0/24"),
    },
  },
  "pr-egress-cilium": {
    stack: "pr-shop-7",
    stacks: { ...STACKS, "organization/berth/platform": CILIUM_FACTS },
    config: {
      role: "pr",
      pr: PR,
      config: reaching("10.20.0.0/24"),
    },
  },
  "pr-cloudnative-pg": {
    stack: "pr-shop-7",
    stacks: {
      ...STACKS,
      "organization/berth/platform": {
        ...HOST_FACTS,
        operators: {
          cloudnativePg: {
            namespace: "cnpg-system",
            apiServerCidrs: ["10.0.0.0/16"],
            images: { "16": `ghcr.io/cloudnative-pg/postgresql:16.9@${DIGEST}` },
          },
        },
      },
    },
    config: {
      role: "pr",
      pr: PR,
      config: { projectId: "shop", databases: { postgresql: { operator: "cloudnative-pg" } } },
    },
  },
  "pr-databases": {
    stack: "pr-shop-7",
    stacks: { ...STACKS, "organization/berth/platform": { ...HOST_FACTS, snapshots: SNAPSHOTS } },
    config: {
      role: "pr",
      pr: PR,
      config: {
        projectId: "shop",
        databases: {
          postgresql: true,
          mariadb: { version: "10.11", storage: "2Gi" },
          redis: { storage: "512Mi", from: { volumeSnapshot: "guests" } },
          mongodb: true,
          s3: { bucket: "uploads" },
        },
      },
    },
  },
  "pr-services": {
    stack: "pr-shop-7",
    stacks: STACKS,
    config: {
      role: "pr",
      pr: PR,
      config: {
        projectId: "shop",
        app: { replicas: 2 },
        probes: { startup: { periodSeconds: 5, failureThreshold: 60 }, liveness: { tcp: true } },
        databases: { postgresql: true },
        services: [
          { name: "api", image: `ghcr.io/acme/api@${DIGEST}`, port: 8080, public: true, databases: ["postgresql"] },
          { name: "worker", command: ["node", "worker.js"], resources: { size: "medium" } },
        ],
      },
    },
  },
  "pr-oidc": {
    stack: "pr-shop-7",
    stacks: { ...STACKS, "organization/berth/platform": OAUTH_FACTS },
    config: {
      role: "pr",
      pr: PR,
      config: {
        projectId: "shop",
        services: [{ name: "api", image: `ghcr.io/acme/api@${DIGEST}`, port: 8080, public: true }],
        access: { mode: "oidc", oidc: { emailDomains: ["example.com"], groups: ["designers"] } },
        oauth: { callback: true },
      },
    },
  },
  "pr-jobs": {
    stack: "pr-shop-7",
    stacks: STACKS,
    config: {
      role: "pr",
      pr: PR,
      config: {
        projectId: "shop",
        databases: { postgresql: { seed: ["CREATE TABLE guests (name text)"] } },
        jobs: [
          { name: "migrate", command: ["node", "migrate.js"] },
          { name: "index", command: ["node", "index.js"], when: "after-app", retries: 0, timeout: "30m" },
        ],
      },
    },
  },
};

describe("golden resource graphs", () => {
  for (const [name, options] of Object.entries(EXAMPLES)) {
    it(name, async () => {
      const file = join(__dirname, `${name}.json`);
      const { registrations } = await record(program, options);
      const graph = [...registrations].sort((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
      const text = `${JSON.stringify(graph, sortKeys, 2)}\n`;
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
      assert.ok(existsSync(file), `${file} is missing; UPDATE_GOLDEN=1 writes it`);
      assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(file, "utf8")), `what is made differs from ${file}`);
    });
  }

  it("has no file that nothing compares with", () => {
    // Those of clusters and GitHub repositories have suites of their own.
    const files = readdirSync(__dirname).filter((file) => /^(?!cluster|github).*\.json$/.test(file));
    assert.deepEqual(
      files.sort(),
      Object.keys(EXAMPLES)
        .map((name) => `${name}.json`)
        .sort(),
    );
  });
});

/** Orders the keys of objects, so that the files do not depend on the order in which code names them. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
