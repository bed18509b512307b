import assert from "node:assert/strict";
import fc from "fast-check";
import { FORBIDDEN_RANGES, PRIVATE_RANGES, contains } from "../../../config/cidr";
import type { PlatformFacts } from "../../../config/platform";
import { HOST_FACTS, PR, config } from "../../../test/support/samples";
import { planPrEnvironment } from "../plan";

/** A policy with plain values only, as plans have them. */
interface Plain {
  metadata: { name: string; namespace: string };
  spec: {
    podSelector: { matchLabels?: Record<string, string> };
    policyTypes: string[];
    ingress?: { from?: object[]; ports: { port: number; protocol: string }[] }[];
    egress?: {
      to?: { ipBlock?: { cidr: string; except?: string[] } }[];
      ports: { port: number; protocol: string }[];
    }[];
  };
}

function policiesOf(fields: Record<string, unknown>, platform: PlatformFacts = HOST_FACTS): Record<string, Plain> {
  const plan = planPrEnvironment({ config: config(fields), pr: PR, platform });
  return plan.networkPolicies as unknown as Record<string, Plain>;
}

const app = { matchLabels: { "berth.dev/component": "app" } };

describe("network policies of an environment", () => {
  it("refuse everything both ways to start with", () => {
    assert.deepEqual(policiesOf({})["default-deny"]?.spec, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  });

  it("open nothing but the gateway's way in and DNS for an app alone", () => {
    assert.deepEqual(Object.keys(policiesOf({})), ["default-deny", "allow-gateway-to-app", "allow-app-to-dns"]);
  });

  it("let DNS reach the cluster's DNS pods only", () => {
    assert.deepEqual(policiesOf({})["allow-app-to-dns"]?.spec.egress, [
      {
        to: [
          {
            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
          },
        ],
        ports: [
          { port: 53, protocol: "UDP" },
          { port: 53, protocol: "TCP" },
        ],
      },
    ]);
  });

  it("let a gateway on the host reach the app's port, by address", () => {
    const { spec } = policiesOf({ app: { port: 8080 } })["allow-gateway-to-app"] ?? assert.fail();
    assert.deepEqual(spec.podSelector, app);
    assert.deepEqual(spec.ingress, [
      { from: [{ ipBlock: { cidr: "10.89.0.1/32" } }], ports: [{ port: 8080, protocol: "TCP" }] },
    ]);
  });

  it("let a gateway in the cluster reach the app's port, by namespace and labels", () => {
    const gatewaySources = [{ namespace: "berth-system", podLabels: { "app.kubernetes.io/name": "traefik" } }];
    const { spec } = policiesOf({}, { ...HOST_FACTS, gatewaySources })["allow-gateway-to-app"] ?? assert.fail();
    assert.deepEqual(spec.ingress?.[0]?.from, [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "berth-system" } },
        podSelector: { matchLabels: { "app.kubernetes.io/name": "traefik" } },
      },
    ]);
  });

  it("leave the gateway out when there is no Ingress", () => {
    assert.equal(policiesOf({ ingress: { enabled: false } })["allow-gateway-to-app"], undefined);
  });

  for (const [engine, number] of [
    ["postgresql", 5432],
    ["mariadb", 3306],
    ["redis", 6379],
    ["mongodb", 27017],
    ["s3", 9000],
  ] as const) {
    it(`let the app reach the port of its ${engine}, and nobody else; the database reaches nothing`, () => {
      const policies = policiesOf({ databases: { [engine]: true } });
      const database = { matchLabels: { "berth.dev/component": engine } };
      const port = [{ port: number, protocol: "TCP" }];
      assert.deepEqual(policies[`allow-app-to-${engine}`]?.spec, {
        podSelector: app,
        policyTypes: ["Egress"],
        egress: [{ to: [{ podSelector: database }], ports: port }],
      });
      assert.deepEqual(policies[`allow-${engine}-from-app`]?.spec, {
        podSelector: database,
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: app }], ports: port }],
      });
      const fromDatabase = Object.values(policies).filter(
        ({ spec }) => spec.podSelector.matchLabels?.["berth.dev/component"] === engine && spec.egress,
      );
      assert.deepEqual(fromDatabase, []);
    });
  }

  it("open two paths for each database, and none between databases", () => {
    const names = Object.keys(
      policiesOf({ databases: { postgresql: true, mariadb: true, redis: true, mongodb: true, minio: true } }),
    );
    assert.equal(names.length, 3 + 2 * 5);
    assert.equal(names.filter((name) => /^allow-(app-to-\w+|\w+-from-app)$/.test(name)).length, 1 + 2 * 5);
  });

  it("open what the config allows, on its ports only, with metadata addresses closed inside a wide range", () => {
    const allow = [
      { cidr: "203.0.113.0/24", ports: [443, 5432] },
      { cidr: "169.0.0.0/8", ports: [443] },
    ];
    assert.deepEqual(policiesOf({ egress: { allow } })["allow-app-egress"]?.spec, {
      podSelector: app,
      policyTypes: ["Egress"],
      egress: [
        {
          to: [{ ipBlock: { cidr: "203.0.113.0/24" } }],
          ports: [
            { port: 443, protocol: "TCP" },
            { port: 5432, protocol: "TCP" },
          ],
        },
        {
          to: [{ ipBlock: { cidr: "169.0.0.0/8", except: ["169.254.0.0/16"] } }],
          ports: [{ port: 443, protocol: "TCP" }],
        },
      ],
    });
  });

  it("name a port in every rule, and never open a private or forbidden address, whatever the config", () => {
    const octet = fc.nat(255);
    const cidr = fc
      .tuple(fc.integer({ min: 1, max: 223 }), octet, octet, fc.constantFrom(8, 16, 24))
      .map(([a, b, c, prefix]) => `${a}.${prefix > 8 ? b : 0}.${prefix > 16 ? c : 0}.0/${prefix}`)
      .filter((one) => ![...FORBIDDEN_RANGES, ...PRIVATE_RANGES].some((range) => contains(range, one)));
    const rules = fc.uniqueArray(
      fc.record({ cidr, ports: fc.uniqueArray(fc.integer({ min: 1, max: 65535 }), { minLength: 1, maxLength: 5 }) }),
      {
        selector: (rule) => rule.cidr,
        maxLength: 10,
      },
    );
    fc.assert(
      fc.property(rules, fc.integer({ min: 1, max: 65535 }), fc.boolean(), (allow, port, database) => {
        const policies = policiesOf({ app: { port }, databases: { postgresql: database }, egress: { allow } });
        for (const { metadata, spec } of Object.values(policies)) {
          assert.equal(metadata.namespace, "shop-pr-7");
          for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) assert.ok(rule.ports.length > 0);
          for (const { ipBlock } of (spec.egress ?? []).flatMap(({ to }) => to ?? [])) {
            if (!ipBlock) continue;
            const open = [...FORBIDDEN_RANGES, ...PRIVATE_RANGES].filter(
              (range) =>
                contains(ipBlock.cidr, range) && !(ipBlock.except ?? []).some((except) => contains(except, range)),
            );
            assert.deepEqual(open, []);
          }
        }
      }),
    );
  });
});
