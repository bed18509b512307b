import assert from "node:assert/strict";
import { DEPLOYED_PLATFORM, DIGEST, HOST_PLATFORM } from "../../test/support/samples";
import { perEngine } from "../databases";
import { defaultVersion, parsePlatform, trustLimits } from ".";
import { parsePr } from "../pr";

describe("berth:platform", () => {
  it("fills in defaults for both kinds of gateway", () => {
    assert.deepEqual(parsePlatform(HOST_PLATFORM).gateway, {
      ...HOST_PLATFORM.gateway,
      user: "berth:gateway",
      clientAddresses: "seen",
    });
    const { gateway } = parsePlatform(DEPLOYED_PLATFORM);
    assert.ok(gateway.mode === "deployed");
    assert.equal(gateway.replicas, 2);
    assert.equal(gateway.serviceType, "LoadBalancer");
    assert.equal(gateway.clientAddresses, "hidden");
  });

  for (const [what, change, expected] of [
    [
      "a gateway of an unknown kind",
      { gateway: { mode: "magic" } },
      /gateway(\.mode)? is .*host, deployed or existing/,
    ],
    [
      "a gateway without sources",
      { gateway: { mode: "host", sources: [] } },
      /gateway\.sources is a list of 0; accepted: at least one range/,
    ],
    [
      "an image by tag",
      { images: { postgresql: { "15": "postgres:15" } } },
      /images\.postgresql\["15"\] is "postgres:15"; accepted: an image by digest/,
    ],
    [
      "a default that is not offered",
      { defaultVersions: { postgresql: "12" } },
      /"12", which has no image; accepted: one of 15/,
    ],
    [
      "a version of MariaDB that is none",
      { images: { mariadb: { latest: `docker.io/library/mariadb@${DIGEST}` } } },
      /images\.mariadb\.latest .*a version in quotes, such as "11\.4"/,
    ],
    [
      "a default of MariaDB that is not offered",
      { defaultVersions: { mariadb: "11.4" } },
      /defaultVersions\.mariadb is "11\.4", which has no image; accepted: one of 10\.11/,
    ],
    [
      "a default of Redis where none is offered",
      { images: {}, defaultVersions: { redis: "7" } },
      /defaultVersions\.redis is "7", which has no image; accepted: nothing, as no version is offered/,
    ],
    [
      "no canary beside a network plugin that needs one",
      { networkPlugin: "vpc-cni-standard" },
      /egressCanary\.image is missing, and vpc-cni-standard lets a new pod out .*; accepted: an image by digest.*canary.*when: never/,
    ],
    [
      "an egress proxy that no environment would have",
      { egressHosts: "cilium", egressProxy: { image: `a/proxy@${DIGEST}` } },
      /egressProxy is given, where egressHosts is "cilium"; accepted: nothing.*set egressHosts to proxy/,
    ],
    [
      "hosts that Cilium opens and another plugin refuses",
      { egressHosts: "cilium", networkPlugin: "vpc-cni-strict" },
      /egressHosts is "cilium", where networkPlugin is "vpc-cni-strict"; accepted: proxy, or cilium where Cilium enforces/,
    ],
    [
      "hosts that nothing enforces",
      { egressHosts: "eks-auto-mode" },
      /egressHosts is "eks-auto-mode"; accepted: proxy, cilium/,
    ],
    ["a canary without image", { egressCanary: { when: "always" } }, /egressCanary\.image is missing; accepted/],
    [
      "a canary's target without port",
      { egressCanary: { image: `a/canary@${DIGEST}`, target: "10.96.0.1" } },
      /egressCanary\.target is "10\.96\.0\.1"; accepted: an IPv4 address and a port, such as 10\.96\.0\.1:443/,
    ],
    [
      "a canary's target that is a name",
      { egressCanary: { image: `a/canary@${DIGEST}`, target: "kubernetes.default:443" } },
      /egressCanary\.target is "kubernetes\.default:443"; accepted: an IPv4 address and a port/,
    ],
    [
      "a network plugin that nobody knows",
      { networkPlugin: "flannel" },
      /networkPlugin is "flannel"; accepted: vpc-cni-standard, vpc-cni-strict, fail-closed, fail-open/,
    ],
    [
      "a public range as private",
      { privateEgress: ["203.0.113.0/24"] },
      /privateEgress\[0\] is "203\.0\.113\.0\/24", not a private range/,
    ],
    [
      "a rule left out without a reason",
      { withoutRules: { "image-by-digest": "" } },
      /withoutRules\.image-by-digest is ""; accepted: a reason/,
    ],
    [
      "a rule that has no name",
      { withoutRules: { "Image by digest": "why not" } },
      /withoutRules\[?.*Image by digest.* is a key that is not accepted; accepted: the name of a rule/,
    ],
    [
      "production's Secrets as preview secrets",
      { previewSecrets: { shop: { namespace: "kube-system", secrets: ["a"] } } },
      /previewSecrets\.shop\.namespace is "kube-system", which is the cluster's, .* Make one of its own, such as shop-preview-secrets/,
    ],
    [
      "an environment's Secrets as preview secrets",
      { previewSecrets: { shop: { namespace: "shop-pr-7", secrets: ["a"] } } },
      /previewSecrets\.shop\.namespace is "shop-pr-7", which is/,
    ],
    [
      "preview secrets that two projects share",
      { previewSecrets: { shop: { namespace: "previews" }, books: { namespace: "previews" } } },
      /previewSecrets\.books\.namespace is "previews", that of project shop; accepted: a namespace of the project's own/,
    ],
    [
      "a preview secret twice",
      { previewSecrets: { shop: { namespace: "previews", secrets: ["a", "a"] } } },
      /previewSecrets\.shop\.secrets\[1\] is "a", there already; accepted: each name once/,
    ],
    [
      "preview secrets without a namespace",
      { previewSecrets: { shop: { secrets: ["a"] } } },
      /previewSecrets\.shop\.namespace is missing; accepted: a name of at most 63/,
    ],
    [
      "preview secrets of what is no project",
      { previewSecrets: { My_Shop: { namespace: "previews" } } },
      /previewSecrets\.My_Shop is a key that is not accepted; accepted: a projectId/,
    ],
    [
      "an image of an operator without tag",
      { operators: { cloudnativePg: { apiServerCidrs: ["10.0.0.0/16"], images: { "16": `ghcr.io/a/b@${DIGEST}` } } } },
      /operators\.cloudnativePg\.images\["16"\] is an image without tag; accepted: an image by digest whose tag begins with 16/,
    ],
    [
      "an image of an operator in another version",
      {
        operators: {
          cloudnativePg: { apiServerCidrs: ["10.0.0.0/16"], images: { "16": `ghcr.io/a/b:17.1@${DIGEST}` } },
        },
      },
      /operators\.cloudnativePg\.images\["16"\] is an image with tag "17\.1"; accepted: an image by digest whose tag begins with 16/,
    ],
    [
      "an operator without the API server's addresses",
      { operators: { cloudnativePg: {} } },
      /operators\.cloudnativePg\.apiServerCidrs is missing; accepted: a list of ranges/,
    ],
    [
      "an unknown tier",
      { trust: { default: "root" } },
      /trust\.default is "root"; accepted: trusted, internal or fork/,
    ],
    [
      "a registry of forks without a path, which everybody there could push to",
      { trust: { fork: { images: ["ghcr.io"] } } },
      /trust\.fork\.images\[0\] is "ghcr\.io"; accepted: a registry with a path, such as ghcr\.io\/acme\/forks/,
    ],
    [
      "an amount that is none",
      { trust: { fork: { quota: { memory: "much" } } } },
      /trust\.fork\.quota\.memory is "much"; accepted: an amount such as 512Mi or 3Gi/,
    ],
    ["secrets for forks", { trust: { fork: { secrets: true } } }, /trust\.fork\.secrets is not a known field/],
    ["an unknown field", { domian: "x" }, /domian is not a known field.*Did you mean domain\?/],
    ["a domain with a scheme", { domain: "https://x" }, /domain is "https:\/\/x"; accepted: a domain name/],
  ] as const) {
    it(`refuses ${what}`, () => assert.throws(() => parsePlatform({ ...HOST_PLATFORM, ...change }), expected));
  }

  it("gives forks nothing, and everybody else what there was before tiers", () => {
    const limits = trustLimits(parsePlatform(HOST_PLATFORM));
    const all = { secrets: true, egress: true, privileges: true, images: null, quota: null };
    assert.deepEqual(limits, {
      trusted: all,
      internal: all,
      fork: {
        secrets: false,
        egress: false,
        privileges: false,
        images: [],
        quota: { cpu: "3", memory: "3Gi", storage: "2Gi" },
      },
    });
    const narrow = { internal: { secrets: false, quota: { cpu: "1", memory: "1Gi", storage: "1Gi" } } };
    assert.deepEqual(trustLimits(parsePlatform({ ...HOST_PLATFORM, trust: narrow })).internal, {
      ...all,
      ...narrow.internal,
    });
  });

  it("refuses a certificate without TLS", () => {
    const gateway = { ...DEPLOYED_PLATFORM.gateway, scheme: "http" };
    assert.throws(
      () => parsePlatform({ ...DEPLOYED_PLATFORM, gateway }),
      /gateway\.tlsSecret is given although scheme is http/,
    );
  });

  it("takes 16 for PostgreSQL where offered, else the newest, unless told", () => {
    const image = `docker.io/library/postgres@${DIGEST}`;
    const choose = (versions: string[], postgresql?: string) =>
      defaultVersion("postgresql", {
        images: { ...perEngine(() => ({})), postgresql: Object.fromEntries(versions.map((one) => [one, image])) },
        defaultVersions: { postgresql },
      });
    assert.equal(choose(["15", "16", "17"]), "16");
    assert.equal(choose(["14", "15"]), "15");
    assert.equal(choose(["15", "16"], "15"), "15");
    assert.equal(choose([]), undefined);
  });

  it("takes 11.4 for MariaDB where offered, else the newest as versions go, and the newest Redis", () => {
    const image = `docker.io/library/any@${DIGEST}`;
    const choose = (engine: "mariadb" | "redis" | "mongodb", versions: string[]) =>
      defaultVersion(engine, {
        images: {
          ...perEngine(() => ({})),
          [engine]: Object.fromEntries(versions.map((one) => [one, image])),
        },
        defaultVersions: {},
      });
    assert.equal(choose("mariadb", ["10.6", "11.4", "11.8"]), "11.4");
    assert.equal(choose("mariadb", ["10.11", "10.6"]), "10.11");
    assert.equal(choose("redis", ["10", "7.4", "8.0"]), "10");
    assert.equal(choose("redis", ["7", "7.4"]), "7.4");
    assert.equal(choose("redis", []), undefined);
    assert.equal(choose("mongodb", ["7.0.14", "7.0.5", "7.0"]), "7.0.14");
    assert.equal(choose("mongodb", ["8", "7.0.5", "8.0"]), "8.0");
  });
});

describe("berth:pr", () => {
  const pr = { number: 7, commit: "0f1e2d3", branch: "a", owner: "b", image: `localhost/x@${DIGEST}`, generation: 1 };

  it("is read", () => assert.deepEqual(parsePr(pr), pr));

  it("refuses an image by tag, an impossible number and a commit that is none, all at once", () => {
    assert.throws(
      () => parsePr({ ...pr, image: "localhost/x:latest", number: 0, commit: "HEAD", extra: 1 }),
      (error: Error) => {
        assert.match(error.message, /^berth:pr has 4 problems:/);
        assert.match(error.message, /number is 0; accepted: a whole number from 1 to 2147483647/);
        assert.match(error.message, /commit is "HEAD"; accepted: a commit SHA/);
        assert.match(error.message, /image is "localhost\/x:latest"; accepted: an image by digest/);
        assert.match(error.message, /extra is not a known field/);
        return true;
      },
    );
  });
});
