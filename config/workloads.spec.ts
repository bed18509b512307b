import assert from "node:assert/strict";
import fc from "fast-check";
import { config } from "../test/support/samples";
import { ConfigError } from "./load";
import { SERVICE_NAME_PATTERN } from "./names";
import { parseConfig } from "./parse";
import {
  PULL_SECONDS,
  addressVariables,
  deploySeconds,
  injectedNames,
  progressSeconds,
  workloadsOf,
} from "./workloads";

/** What a config is refused for, one line each. */
function refused(fields: Record<string, unknown>): string[] {
  try {
    config(fields);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, value, accepted, fix }) => `${path} is ${value}; accepted: ${accepted}. ${fix}`);
  }
  return assert.fail("it is accepted");
}

describe("the app and its services", () => {
  it("have presets of resources, of which each figure can be changed", () => {
    const of = (resources: object) => config({ resources }).resources;
    assert.deepEqual(of({}), {
      size: "small",
      requests: { cpu: "50m", memory: "128Mi" },
      limits: { cpu: "200m", memory: "384Mi" },
    });
    assert.deepEqual(of({ size: "large", limits: { cpu: "500m" } }), {
      size: "large",
      requests: { cpu: "250m", memory: "512Mi" },
      limits: { cpu: "500m", memory: "1Gi" },
    });
  });

  it("are the same when a config with its defaults is read again", () => {
    const once = config({
      resources: { size: "medium", requests: { cpu: "20m" } },
      probes: { liveness: false, startup: { tcp: true } },
      services: [{ name: "api", port: 8080, public: true }, { name: "worker" }],
    });
    assert.deepEqual(parseConfig(JSON.parse(JSON.stringify(once))), once);
  });

  it("never get one variable for two addresses", () => {
    const name = fc.oneof(
      fc.stringMatching(SERVICE_NAME_PATTERN),
      fc.constantFrom("a", "a-url", "a-host", "a-port", "public-a", "service-a", "a-public"),
    );
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 10 }), (names) => {
        const [app] = workloadsOf(config());
        assert.ok(app);
        const variables = names.flatMap((one) => Object.keys(addressVariables({ ...app, name: one }, "http://x")));
        assert.equal(new Set(variables).size, variables.length);
      }),
    );
  });

  it("cannot set what Berth tells them", () => {
    const services = [{ name: "api", port: 8080, public: true }];
    const [app, api] = workloadsOf(config({ services }));
    assert.ok(app && api);
    for (const name of ["PORT", "SERVICE_API_URL", "PUBLIC_API_URL"])
      assert.ok(injectedNames(config({ services }), app).includes(name), name);
    // What nobody is told is free, as it was in k8s-ee.
    config({ env: { PUBLIC_APP_URL: "x", SERVICE_APP_URL: "x", SERVICE_OTHER_URL: "x" } });
    assert.deepEqual(refused({ services: [{ ...services[0], env: { PORT: "1" } }] }), [
      "services[0].env.PORT is a variable that Berth sets; accepted: any name that Berth does not set. Remove it and set the service's port.",
    ]);
  });

  it("are given the whole of their start beside what pulling images may take", () => {
    const of = (fields: Record<string, unknown>) => {
      const [app] = workloadsOf(config(fields));
      return app === undefined ? assert.fail() : progressSeconds(app);
    };
    const slow = { probes: { startup: { periodSeconds: 10, failureThreshold: 60, initialDelaySeconds: 5 } } };
    assert.equal(of(slow) - of({ probes: { startup: false } }), 605);
    const startups = fc.record({
      initialDelaySeconds: fc.integer({ min: 0, max: 600 }),
      periodSeconds: fc.integer({ min: 1, max: 30 }),
      failureThreshold: fc.integer({ min: 1, max: 40 }),
    });
    fc.assert(
      fc.property(startups, fc.boolean(), (startup, postgresql) => {
        const fields = { probes: { startup }, databases: { postgresql } };
        const budget = startup.initialDelaySeconds + startup.periodSeconds * startup.failureThreshold;
        assert.ok(of(fields) > PULL_SECONDS + budget);
        assert.ok(deploySeconds(config(fields)) > of(fields));
      }),
    );
  });

  it("have a deploy that lasts as long as the slowest of them may take", () => {
    const slow = { startup: { periodSeconds: 10, failureThreshold: 90 } };
    const more = deploySeconds(config({ services: [{ name: "api", port: 8080, probes: slow }] }));
    assert.equal(more - deploySeconds(config()), 900 - 120);
  });

  describe("are refused", () => {
    const cases: [string, Record<string, unknown>, string[]][] = [
      [
        "a name that DNS does not take",
        { services: [{ name: "Api" }] },
        [
          'services[0].name is "Api"; accepted: 1 to 20 lower-case letters, digits and dashes that begin with a letter and do not end with a dash. Change services[0].name to what is accepted.',
        ],
      ],
      [
        "the name of another part, twice the same name, and one like a pull request's",
        { services: [{ name: "redis" }, { name: "preview-a" }, { name: "api" }, { name: "api" }, { name: "a-pr-3" }] },
        [
          'services[0].name is "redis", the name of a part that Berth makes; accepted: names other than app, job, access-proxy, egress-proxy, dns, gateway, others, minio, postgresql, mariadb, redis, mongodb, s3 and preview-…. Rename the service.',
          'services[1].name is "preview-a", the name of a part that Berth makes; accepted: names other than app, job, access-proxy, egress-proxy, dns, gateway, others, minio, postgresql, mariadb, redis, mongodb, s3 and preview-…. Rename the service.',
          "services[3].name is api, there already; accepted: each name once. Remove one of the two.",
          'services[4].name is "a-pr-3", which makes its host look like that of another pull request; accepted: a name without pr-{number}. Rename the service.',
        ],
      ],
      [
        "a URL without a port",
        { services: [{ name: "api", public: true }] },
        [
          "services[0].public is true for a service without a port; accepted: public only with a port. Set port, or remove public.",
        ],
      ],
      [
        "one port twice, and a database that is not there",
        { services: [{ name: "api", port: 80, extraPorts: [80, 81, 81], databases: ["redis"] }] },
        [
          "services[0].extraPorts[0] is 80, there already; accepted: each port once. Remove one of the two.",
          "services[0].extraPorts[2] is 81, there already; accepted: each port once. Remove one of the two.",
          'services[0].databases[0] is "redis", which is not enabled; accepted: databases that the environment has. Set databases.redis: true, or remove it here.',
        ],
      ],
      [
        "an image by tag",
        { services: [{ name: "api", image: "nginx:1.27" }] },
        [
          'services[0].image is "nginx:1.27"; accepted: an image by digest such as docker.io/library/nginx@sha256:…, or a repository whose image the deploy gives. Change services[0].image to what is accepted.',
        ],
      ],
      [
        "a size that there is not",
        { resources: { size: "huge" } },
        ['resources.size is "huge"; accepted: one of small, medium, large. Change resources.size to what is accepted.'],
      ],
      [
        "requests above the limits of a service's size",
        { services: [{ name: "api", resources: { requests: { memory: "1Gi" } } }] },
        [
          "services[0].resources.requests.memory is 1Gi, above the limit of 384Mi; accepted: at most resources.limits.memory. Lower resources.requests.memory or raise resources.limits.memory.",
        ],
      ],
      [
        "probes that contradict themselves",
        {
          probes: {
            startup: { periodSeconds: 300, failureThreshold: 10 },
            readiness: { tcp: true, path: "/ready" },
            liveness: { enabled: false, path: "/live" },
          },
          services: [{ name: "worker", probes: { liveness: { path: "/live" }, readiness: true } }],
        },
        [
          "probes.readiness.path is given beside tcp: true, which asks for no path; accepted: either path or tcp: true. Remove one of the two.",
          "probes.liveness is given for a probe that is off; accepted: options only with enabled: true. Enable the probe, or remove its options.",
          "probes.startup is 3000 s in all (initialDelaySeconds + periodSeconds × failureThreshold); accepted: at most 1800 s. Lower one of them.",
          "services[0].probes.readiness is given for a service without a port; accepted: probes of a port. Set the service's port or the probe's, or remove the probe.",
          "services[0].probes.liveness is given for a service without a port; accepted: probes of a port. Set the service's port or the probe's, or remove the probe.",
        ],
      ],
      [
        "a readiness probe that is off although there is a URL",
        { probes: { readiness: false } },
        [
          "probes.readiness is off for an app with a URL; accepted: a readiness probe for whatever the gateway sends requests to. Enable it, or set ingress.enabled: false.",
        ],
      ],
      [
        "an empty command, and more pods than a preview may have",
        { app: { command: [], replicas: 6 } },
        [
          "app.replicas is 6; accepted: a whole number from 1 to 5. Change app.replicas to what is accepted.",
          "app.command is a list of 0; accepted: at least one of the words. Change app.command to what is accepted.",
        ],
      ],
    ];
    for (const [what, fields, problems] of cases) {
      it(`for ${what}`, () => assert.deepEqual(refused(fields), problems));
    }
  });
});
