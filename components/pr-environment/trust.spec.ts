import assert from "node:assert/strict";
import fc from "fast-check";
import { repositoryOf } from "../../config/image";
import { parsePlatform } from "../../config/platform";
import type { PlatformFacts, PlatformInput } from "../../config/platform";
import { parseBytes, parseCpu } from "../../config/quantity";
import { planQuota } from "../../config/quota";
import { isFrom, type TrustTier } from "../../config/trust";
import { DIGEST, HOST_PLATFORM, OAUTH_PLATFORM, PR, config } from "../../test/support/samples";
import { planPlatform } from "../platform/plan";
import type { PlainMetadata } from "./args";
import { planPrEnvironment } from "./plan";
import { validateTrust } from "./trust";
import { validate } from "./validate";

/** Texts with the form of a sealed value. */
const sealed = Buffer.concat([Buffer.from([2, 0]), Buffer.alloc(528, 1)]).toString("base64");

const FORKS = "ghcr.io/acme/forks";
const image = `${FORKS}/shop@${DIGEST}`;
const factsOf = (trust: PlatformInput["trust"], more: Partial<PlatformInput> = {}): PlatformFacts =>
  planPlatform(parsePlatform({ ...HOST_PLATFORM, ...more, trust })).facts;
const platform = factsOf({ fork: { images: [FORKS] } });
const of = (trust: TrustTier | undefined, fields: Record<string, unknown> = {}, facts = platform, own = {}) => ({
  config: config(fields),
  pr: { ...PR, image, ...(trust === undefined ? {} : { trust }), ...own },
  platform: facts,
});
const paths = (...args: Parameters<typeof of>) => validateTrust(of(...args)).map(({ propertyPath }) => propertyPath);

const namespaceOf = (args: ReturnType<typeof of>) => planPrEnvironment(args).namespace.metadata as PlainMetadata;

/** Everything that a tier may be refused, with the place that the error names. */
const REFUSED: Record<string, [fields: Record<string, unknown>, path: string]> = {
  "a Secret of the platform": [{ envFrom: [{ secretRef: { name: "stripe" } }] }, "config.envFrom[0]"],
  "a ConfigMap of the platform": [{ envFrom: [{ configMapRef: { name: "flags" } }] }, "config.envFrom[0]"],
  "a service's Secret": [
    { services: [{ name: "api", envFrom: [{ secretRef: { name: "stripe" } }] }] },
    "config.services[0].envFrom[0]",
  ],
  "sealed values": [{ sealedSecrets: { mail: { KEY: sealed } } }, "config.sealedSecrets"],
  "external secrets": [
    { externalSecrets: { mail: { store: "a", data: { KEY: { key: "b" } } } } },
    "config.externalSecrets",
  ],
  "the callback's key": [{ oauth: { callback: true } }, "config.oauth.callback"],
  "a volume with data of another environment": [
    { databases: { redis: { from: { volumeSnapshot: "guests" } } } },
    "config.databases.redis.from.volumeSnapshot",
  ],
  "a range outside for its jobs": [
    {
      jobs: [{ name: "migrate", command: ["m"] }],
      egress: { allow: [{ cidr: "203.0.113.0/24", ports: [443] }] },
    },
    "config.egress.allow[0]",
  ],
  "a range outside": [{ egress: { allow: [{ cidr: "203.0.113.0/24", ports: [443] }] } }, "config.egress.allow[0]"],
  "a host outside": [{ egress: { allow: [{ host: "api.example.com", ports: [443] }] } }, "config.egress.allow[0]"],
  "an operator's database": [
    { databases: { postgresql: { operator: "cloudnative-pg" } } },
    "config.databases.postgresql.operator",
  ],
  "annotations for the ingress controller": [
    { ingress: { annotations: { "example.com/a": "b" } } },
    'config.ingress.annotations["example.com/a"]',
  ],
  "more memory than fits": [{ app: { replicas: 5 } }, "config.resources"],
  "more CPU than fits": [{ resources: { size: "large" } }, "config.resources"],
  "more storage than fits": [{ databases: { postgresql: { storage: "3Gi" } } }, "config.databases"],
};

describe("what the environment of a fork may have", () => {
  for (const [what, [fields, path]] of Object.entries(REFUSED)) {
    it(`is not ${what}, which the other tiers may`, () => {
      assert.ok(paths("fork", fields).includes(path), paths("fork", fields).join());
      assert.deepEqual(paths("internal", fields), []);
      assert.deepEqual(paths("trusted", fields), []);
    });
  }

  it("is an app with a database, jobs and a URL from the build without rights", () => {
    const args = of("fork", { databases: { postgresql: true }, jobs: [{ name: "migrate", command: ["migrate"] }] });
    assert.deepEqual(validate(args), []);
    assert.equal(namespaceOf(args).labels["berth.dev/trust"], "fork");
  });

  it("has images that the API server takes, those that the platform adds included", () => {
    const own = (name: string) => `registry.example.com/${name}@${DIGEST}`;
    const fields: PlatformInput = {
      ...HOST_PLATFORM,
      trust: { fork: { images: [FORKS], quota: { cpu: "9", memory: "9Gi", storage: "9Gi" } } },
      egressCanary: { image: own("canary"), when: "always" },
      egressProxy: { image: own("proxy") },
      s3Client: { image: own("client") },
    };
    const { admission, facts } = planPlatform(parsePlatform(fields));
    const { variables } = admission["trust-images"]?.policy.spec as {
      variables: { name: string; expression: string }[];
    };
    const known = variables.find(({ name }) => name === "prefixes") ?? assert.fail();
    const config = {
      databases: { postgresql: true, redis: true, s3: { seed: [{ object: "a", text: "b" }] } },
      services: [{ name: "api", image: `${FORKS}/api@${DIGEST}` }],
      jobs: [{ name: "migrate", command: ["migrate"] }],
    };
    const args = of("fork", config, facts);
    assert.deepEqual(validate(args), []);
    const images = [...JSON.stringify(planPrEnvironment(args)).matchAll(/"image":"([^"]+)"/g)].map(
      ([, one]) => one ?? "",
    );
    assert.ok(images.includes(own("canary")) && images.includes(own("client")), images.join());
    const repositories = images.map((one) => repositoryOf(one) ?? "");
    const refused = repositories.filter((one) => !isFrom(one, JSON.parse(known.expression) as string[]));
    assert.deepEqual(refused, []);
  });

  it("has URLs that are as closed as the platform's default, or more", () => {
    const modes = ["public", "basic", "oidc"] as const;
    for (const usual of modes) {
      const facts = factsOf({ fork: { images: [FORKS] } }, { access: { default: usual }, oauth: OAUTH_PLATFORM.oauth });
      for (const mode of modes) {
        const isOpener = modes.indexOf(mode) < modes.indexOf(usual);
        const asked = { access: { mode } };
        assert.deepEqual(paths("fork", asked, facts), isOpener ? ["config.access.mode"] : [], `${mode} where ${usual}`);
        assert.deepEqual(paths("internal", asked, facts), []);
      }
      assert.deepEqual(paths("fork", {}, facts), []);
    }
    const facts = factsOf({ fork: { images: [FORKS] } }, { access: { default: "basic" }, oauth: OAUTH_PLATFORM.oauth });
    assert.equal(
      validateTrust(of("fork", { access: { mode: "public" } }, facts))[0]?.reason,
      '"public" is not for an environment of tier fork: it is more open than the platform\'s default; accepted: basic, oidc. Leave mode out for basic, or, once the code is reviewed, deploy with a higher tier than --trust fork.',
    );
  });

  it("is no image from elsewhere, wherever it is named", () => {
    const elsewhere = `ghcr.io/acme/forks-of-others/shop@${DIGEST}`;
    const fields = {
      services: [
        { name: "api", image: elsewhere },
        { name: "web", image: `${FORKS}/web@${DIGEST}` },
      ],
      jobs: [{ name: "migrate", command: ["m"], image: elsewhere }],
      databases: { postgresql: { from: { image: elsewhere } } },
    };
    const own = { image: elsewhere, serviceImages: { web: elsewhere } };
    const roomy = factsOf({ fork: { images: [FORKS], quota: { cpu: "9", memory: "9Gi" } } });
    assert.deepEqual(paths("fork", fields, roomy, own), [
      "pr.image",
      "pr.serviceImages.web",
      "config.services[0].image",
      "config.jobs[0].image",
      "config.databases.postgresql.from.image",
    ]);
    assert.deepEqual(paths("internal", fields, platform, own), []);
    const [{ reason } = { reason: "" }] = validateTrust(of("fork", {}, platform, { image: elsewhere }));
    assert.match(
      reason,
      /^"ghcr.io\/acme\/forks-of-others\/.* accepted: images by digest from ghcr.io\/acme\/forks\. /,
    );
  });

  it("is nothing while the platform names no registry of that build", () => {
    const [problem] = validateTrust(of("fork", {}, factsOf({})));
    assert.equal(problem?.propertyPath, "pr.image");
    assert.match(
      problem.reason,
      /accepted: none, as this platform .* Have the platform's owner set trust\.fork\.images/,
    );
  });

  it("is as much as the platform's owner says", () => {
    const roomy = factsOf({ fork: { images: [FORKS], quota: { memory: "8Gi", cpu: "8" } } });
    assert.deepEqual(paths("fork", { app: { replicas: 5 } }, roomy), []);
    assert.deepEqual(paths("fork", { databases: { postgresql: { storage: "3Gi" } } }, roomy), ["config.databases"]);
  });
});

describe("errors on what a tier may not have", () => {
  it("name value, tier, what is accepted and the fix", () => {
    const [problem] = validateTrust(of("fork", REFUSED["a range outside"]?.[0]));
    assert.deepEqual(problem, {
      propertyPath: "config.egress.allow[0]",
      reason:
        '"203.0.113.0/24" is not for an environment of tier fork, which reaches nothing outside; accepted: none. Remove it, or, once the code is reviewed, deploy with a higher tier than --trust fork.',
    });
    const [data] = validateTrust(of("fork", { databases: { mariadb: { from: { volumeSnapshot: "guests" } } } }));
    assert.deepEqual(data, {
      propertyPath: "config.databases.mariadb.from.volumeSnapshot",
      reason:
        '"guests" is not for an environment of tier fork, which gets no data that others own; accepted: an empty database or from.image. Remove it, or, once the code is reviewed, deploy with a higher tier than --trust fork.',
    });
    const facts = factsOf({ internal: { secrets: false } });
    const [other] = validateTrust(of(undefined, REFUSED["sealed values"]?.[0], facts));
    assert.match(
      other?.reason ?? "",
      /accepted: none\. Remove it, have the platform's owner allow it in trust\.internal of berth:platform, or, .* --trust internal, which is the platform's default\.$/,
    );
  });

  it("say how much of the quota is too much", () => {
    const [problem] = validateTrust(of("fork", { databases: { postgresql: { storage: "3Gi" } } }));
    assert.match(
      problem?.reason ?? "",
      /^needs requests\.storage of 3Gi .* tier fork: at most 2Gi\. .* trust\.fork\.quota\.storage/,
    );
  });
});

describe("the tier of an environment", () => {
  const labelOf = (trust: TrustTier | undefined, facts: PlatformFacts) =>
    namespaceOf(of(trust, {}, facts)).labels["berth.dev/trust"];

  it("is what the deploy says, else the platform's default, else internal", () => {
    assert.equal(labelOf("trusted", platform), "trusted");
    assert.equal(labelOf(undefined, platform), "internal");
    assert.equal(labelOf(undefined, factsOf({ default: "fork" })), "fork");
    assert.equal(labelOf("trusted", factsOf({ default: "fork" })), "trusted");
  });

  it("cannot be said in berth.yaml", () => {
    assert.throws(() => config({ trust: "trusted" }), /trust is not a known field/);
  });

  it("bounds one that says nothing on a platform that takes everybody for a fork", () => {
    assert.deepEqual(
      paths(undefined, REFUSED["a host outside"]?.[0], factsOf({ default: "fork", fork: { images: [FORKS] } })),
      ["config.egress.allow[0]"],
    );
  });

  it("internal has what the platform leaves it", () => {
    const narrow = factsOf({
      internal: { secrets: false, egress: false, quota: { cpu: "2", memory: "2Gi", storage: "1Gi" } },
    });
    for (const what of ["a Secret of the platform", "sealed values", "a range outside", "more memory than fits"]) {
      const [fields, path] = REFUSED[what] ?? [{}, ""];
      assert.ok(paths("internal", fields, narrow).includes(path), what);
      assert.deepEqual(paths("trusted", fields, narrow), [], what);
    }
    const [operated, operator] = REFUSED["an operator's database"] ?? [{}, ""];
    assert.deepEqual(paths("internal", operated, narrow), [operator], "its pods ask the API server");
    assert.deepEqual(paths("internal", operated, factsOf({ internal: { secrets: false } })), []);
  });

  it("changes nothing but a label and what is refused", () => {
    const plan = (trust: TrustTier) => {
      const { context, namespace, ...rest } = planPrEnvironment(of(trust, { databases: { redis: true } }));
      assert.equal(context.trust, trust);
      return { rest, annotations: (namespace.metadata as PlainMetadata).annotations };
    };
    assert.equal(JSON.stringify(plan("fork")), JSON.stringify(plan("trusted")));
  });
});

describe("the quota of a fork", () => {
  it("is never exceeded by what passes", () => {
    const fields = fc.record({
      app: fc.record({ replicas: fc.integer({ min: 1, max: 5 }) }),
      resources: fc.record({ size: fc.constantFrom("small", "medium", "large") }),
      databases: fc.record({ postgresql: fc.boolean(), redis: fc.boolean(), mariadb: fc.boolean() }),
      services: fc.constantFrom<object[]>([], [{ name: "api" }]),
    });
    fc.assert(
      fc.property(fields, (drawn) => {
        const args = of("fork", drawn);
        const quota = planQuota(args.config);
        const fits =
          parseCpu(quota["limits.cpu"] ?? "") <= 3000 &&
          parseBytes(quota["limits.memory"] ?? "") <= 3 * 2 ** 30 &&
          parseBytes(quota["requests.storage"] ?? "") <= 2 * 2 ** 30;
        assert.equal(validateTrust(args).length === 0, fits);
      }),
      { numRuns: 200 },
    );
  });
});

describe("prefixes of images", () => {
  it("are whole segments of a path", () => {
    assert.ok(isFrom("ghcr.io/acme/forks/shop", ["ghcr.io/acme/forks"]));
    assert.ok(isFrom("ghcr.io/acme/forks", ["ghcr.io/acme/forks"]));
    assert.ok(!isFrom("ghcr.io/acme/forks-of-others/shop", ["ghcr.io/acme/forks"]));
    assert.ok(!isFrom("evil.example/ghcr.io/acme/forks/shop", ["ghcr.io/acme/forks"]));
    assert.ok(!isFrom("", ["ghcr.io/acme/forks"]));
  });
});
