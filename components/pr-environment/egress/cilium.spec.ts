import fc from "fast-check";
import assert from "node:assert/strict";
import { FORBIDDEN_RANGES, PRIVATE_RANGES } from "../../../config/cidr";
import { planQuota } from "../../../config/quota";
import { parsePlatform } from "../../../config/platform";
import type { PlatformFacts } from "../../../config/platform";
import { planEnvironmentRole } from "../../platform/rbac";
import { CILIUM_FACTS, DIGEST, FORK_FACTS, HOST_PLATFORM, PR, config } from "../../../test/support/samples";
import { record } from "../../../test/support/mocks";
import { PrEnvironment } from "../index";
import { planPrEnvironment } from "../plan";
import { validate } from "../validate";

const allow = [
  { host: "api.example.com", ports: [443] },
  { host: "*.example.org", ports: [443, 8443] },
  { cidr: "203.0.113.0/24", ports: [5432] },
];
const services = [{ name: "api", image: `ghcr.io/acme/api@${DIGEST}`, port: 8080 }];
const jobs = [{ name: "migrate", command: ["migrate"] }];

interface Rule {
  toEndpoints?: object[];
  toFQDNs?: object[];
  toPorts: { ports: object[]; rules?: { dns: object[] } }[];
}
interface HostPolicy {
  kind: string;
  spec: {
    endpointSelector: object;
    egress: Rule[];
    egressDeny: { toCIDRSet: { cidr: string; except?: string[] }[] }[];
  };
}
interface Policy {
  spec: { podSelector: { matchLabels?: Record<string, string> }; egress?: { to: unknown[]; ports: unknown[] }[] };
}

const plan = (fields: Record<string, unknown>, platform: PlatformFacts = CILIUM_FACTS) =>
  planPrEnvironment({ config: config(fields), pr: PR, platform });
const hostPolicies = (planned: ReturnType<typeof plan>) =>
  planned.hostPolicies as unknown as Record<string, HostPolicy>;
const tcp = (...ports: string[]) => [{ ports: ports.map((port) => ({ port, protocol: "TCP" })) }];

describe("egress by host name with Cilium", () => {
  const planned = plan({ databases: { redis: true }, services, jobs, egress: { allow } });
  const own = hostPolicies(planned);
  const policies = planned.networkPolicies as unknown as Record<string, Policy>;

  it("gives the app, services and jobs a policy each, that opens each host on its own ports", () => {
    assert.deepEqual(Object.keys(own), ["allow-app-to-hosts", "allow-api-to-hosts", "allow-job-to-hosts"]);
    for (const [component, { kind, spec }] of [
      ["app", own["allow-app-to-hosts"]],
      ["job", own["allow-job-to-hosts"]],
    ] as [string, HostPolicy][]) {
      assert.equal(kind, "CiliumNetworkPolicy");
      assert.deepEqual(spec.endpointSelector, { matchLabels: { "k8s:berth.dev/component": component } });
      assert.deepEqual(spec.egress.slice(1), [
        { toFQDNs: [{ matchName: "api.example.com" }], toPorts: tcp("443") },
        { toFQDNs: [{ matchPattern: "**.example.org" }], toPorts: tcp("443", "8443") },
      ]);
    }
  });

  it("lets them ask the cluster's resolver for these names and those of the cluster, and for nothing else", () => {
    assert.deepEqual(own["allow-app-to-hosts"]?.spec.egress[0], {
      toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns" } }],
      toPorts: [
        {
          ports: [
            { port: "53", protocol: "UDP" },
            { port: "53", protocol: "TCP" },
          ],
          rules: {
            dns: [
              { matchPattern: "**.cluster.local" },
              { matchName: "api.example.com" },
              { matchPattern: "**.example.org" },
            ],
          },
        },
      ],
    });
  });

  it("leaves no NetworkPolicy that opens all names for them, since policies add up", () => {
    const open = Object.entries(policies).filter(([, { spec }]) =>
      JSON.stringify(spec.egress ?? []).includes("kube-dns"),
    );
    assert.deepEqual(open, []);
    assert.deepEqual(
      policies["allow-job-to-databases"]?.spec.egress?.map(({ ports }) => ports),
      [[{ port: 6379, protocol: "TCP" }]],
    );
    // What has no rules by host name keeps the usual way.
    const seeded = plan({
      databases: { redis: true, postgresql: { seed: ["SELECT 1"] } },
      services,
      egress: { allow },
    });
    assert.deepEqual(Object.keys(hostPolicies(seeded)), ["allow-app-to-hosts", "allow-api-to-hosts"]);
    assert.match(JSON.stringify(seeded.networkPolicies["allow-job-to-databases"]), /kube-dns/);
    const ranges = plan({ egress: { allow: allow.slice(2) } });
    assert.deepEqual(ranges.hostPolicies, {});
    assert.match(JSON.stringify(ranges.networkPolicies["allow-app-to-dns"]), /kube-dns/);
  });

  it("keeps names from private and reserved addresses, but for ranges that the config opens", () => {
    const denied = own["allow-app-to-hosts"]?.spec.egressDeny[0]?.toCIDRSet ?? [];
    assert.deepEqual(
      denied.slice(0, 9),
      [...FORBIDDEN_RANGES, ...PRIVATE_RANGES].map((cidr) => ({ cidr })),
    );
    assert.ok(denied.some(({ cidr }) => cidr === "fc00::/7"));
    const of = (...cidrs: string[]) => {
      const rules = [allow[0], ...cidrs.map((cidr) => ({ cidr, ports: [443] }))];
      const policy = hostPolicies(plan({ egress: { allow: rules } }))["allow-app-to-hosts"];
      return policy?.spec.egressDeny[0]?.toCIDRSet.filter(({ cidr }) => cidr.startsWith("10."));
    };
    assert.deepEqual(of("10.20.1.0/24", "10.20.2.0/24"), [
      { cidr: "10.0.0.0/8", except: ["10.20.1.0/24", "10.20.2.0/24"] },
    ]);
    assert.deepEqual(of("10.0.0.0/8"), []);
  });

  it("never opens an address, an entity or a name by itself wide, whatever the rules", () => {
    const label = fc.stringMatching(/^[a-z]{1,8}$/);
    const host = fc
      .tuple(fc.boolean(), label, label)
      .map(([below, name, top]) => `${below ? "*." : ""}${name}.${top}x`);
    const rules = fc.uniqueArray(
      fc.record({ host, ports: fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { minLength: 1, maxLength: 3 }) }),
      { selector: (rule) => rule.host, minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(rules, (given) => {
        const { spec } = hostPolicies(plan({ egress: { allow: given } }))["allow-app-to-hosts"] ?? assert.fail();
        const [dns, ...rest] = spec.egress;
        assert.equal(rest.length, given.length);
        for (const rule of rest) assert.deepEqual(Object.keys(rule), ["toFQDNs", "toPorts"]);
        const asked = rest.flatMap(({ toFQDNs = [] }) => toFQDNs);
        assert.deepEqual(dns?.toPorts[0]?.rules?.dns.slice(1), asked, "it asks for what it reaches");
        assert.doesNotMatch(JSON.stringify(asked), /"\*+\.?"|"\*+\.[^.]*"/);
      }),
      { numRuns: 30 },
    );
  });

  it("has no proxy: no pod, no room for one, no variables", () => {
    assert.equal(planned.egress, undefined);
    assert.doesNotMatch(JSON.stringify({ ...planned, context: null }), /egress-proxy|HTTPS?_PROXY|NODE_USE_ENV_PROXY/);
    const hosts = { egress: { allow } };
    assert.deepEqual(planQuota(config(hosts), false, "cilium"), planQuota(config()));
    assert.deepEqual(plan(hosts).neededQuota, plan({}).neededQuota);
  });

  it("labels who resolves names outside by itself", () => {
    const labelled = (rules: object[]) => {
      const { workloads, jobs: planned } = plan({ services, jobs, egress: { allow: rules } });
      return [
        ...workloads.map(({ name, deployment }) => ({ name, object: deployment })),
        ...planned.beforeApp.map(({ job }) => ({ name: "job", object: job })),
      ].flatMap(({ name, object }) => (JSON.stringify(object).includes("berth.dev/outside-names") ? [name] : []));
    };
    assert.deepEqual(labelled(allow.slice(0, 1)), ["app", "api", "job"]);
    assert.deepEqual(labelled([]), []);
  });

  it("stands before any job or app", async () => {
    const name = "shop-pr-7";
    const args = { config: config({ jobs, egress: { allow } }), pr: PR, platform: CILIUM_FACTS };
    const recording = await record(() => new PrEnvironment(name, args));
    for (const [type, user] of [
      ["kubernetes:batch/v1:Job", "job-migrate"],
      ["kubernetes:apps/v1:Deployment", "app"],
    ] as const) {
      const { dependsOn = [] } = recording.get(type, `${name}-${user}`);
      for (const policy of ["app", "job"]) assert.ok(dependsOn.includes(`${name}-allow-${policy}-to-hosts`), user);
    }
  });

  it("takes no image of the platform, and is nothing for forks", () => {
    const given = config({ egress: { allow } });
    assert.deepEqual(validate({ config: given, pr: PR, platform: CILIUM_FACTS }), []);
    const platform = { ...FORK_FACTS, egressHosts: "cilium" as const };
    const refused = validate({ config: given, pr: { ...PR, trust: "fork" }, platform });
    assert.match(
      refused.map(({ reason }) => reason).join("\n"),
      /"api\.example\.com" is not for an environment of tier fork/,
    );
  });
});

describe("the platform's choice of who enforces hosts", () => {
  const inEnvironments = (egressHosts: "proxy" | "cilium") => {
    const role = planEnvironmentRole(parsePlatform({ ...HOST_PLATFORM, egressHosts }));
    return JSON.stringify(role.rules);
  };

  it("gives deployers Cilium's kind in environments only where it is chosen", () => {
    assert.match(inEnvironments("cilium"), /ciliumnetworkpolicies/);
    assert.match(inEnvironments("proxy"), /networkpolicies/);
    assert.doesNotMatch(inEnvironments("proxy"), /cilium/);
  });
});
