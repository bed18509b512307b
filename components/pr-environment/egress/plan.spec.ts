import assert from "node:assert/strict";
import { EGRESS_PROXY_PORT } from "../../../config/egress";
import { planQuota } from "../../../config/quota";
import { EGRESS_PROXY_SECONDS, deploySeconds } from "../../../config/workloads";
import type { PlatformFacts } from "../../../config/platform";
import { DIGEST, EGRESS_FACTS, HOST_FACTS, PR, config } from "../../../test/support/samples";
import { record } from "../../../test/support/mocks";
import { PrEnvironment } from "../index";
import { planPrEnvironment } from "../plan";
import { validate } from "../validate";
import { squidSettings } from "./squid";

const allow = [
  { host: "api.example.com", ports: [443] },
  { host: "*.example.org", ports: [443, 8443] },
  { cidr: "203.0.113.0/24", ports: [5432] },
];
const services = [{ name: "api", image: `ghcr.io/acme/api@${DIGEST}`, port: 8080 }];
const jobs = [{ name: "migrate", command: ["migrate"] }];

interface Policy {
  spec: {
    podSelector: object;
    policyTypes: string[];
    ingress?: object[];
    egress?: { to: object[]; ports: { port: number }[] }[];
  };
}
interface Container {
  image: string;
  env: { name: string; value?: string }[];
}
interface Workload {
  spec: { replicas: number; template: { spec: { containers: Container[] } } };
}

const plan = (fields: Record<string, unknown>, platform: PlatformFacts = EGRESS_FACTS, pr = PR) =>
  planPrEnvironment({ config: config(fields), pr, platform });
const containerOf = (workload: unknown): Container =>
  (workload as Workload).spec.template.spec.containers[0] ?? assert.fail();

describe("egress by host name", () => {
  const planned = plan({ databases: { redis: true }, services, jobs, egress: { allow } });
  const policies = planned.networkPolicies as unknown as Record<string, Policy>;
  const proxy = { matchLabels: { "berth.dev/component": "egress-proxy" } };
  const users = { matchExpressions: [{ key: "berth.dev/component", operator: "In", values: ["app", "api", "job"] }] };
  const tcp = (...ports: number[]) => ports.map((port) => ({ port, protocol: "TCP" }));

  it("needs no proxy for ranges alone", () => {
    const ranges = plan({ egress: { allow: [allow[2]] } });
    assert.equal(ranges.egress, undefined);
    assert.doesNotMatch(JSON.stringify([ranges.networkPolicies, ranges.serviceAccounts]), /egress-proxy/);
    assert.equal(
      containerOf(ranges.workloads[0]?.deployment).env.find(({ name }) => /proxy/i.test(name)),
      undefined,
    );
  });

  it("opens the proxy for the app, services and jobs, and nothing outside for them but ranges", () => {
    assert.deepEqual(policies["allow-app-to-egress-proxy"]?.spec, {
      podSelector: users,
      policyTypes: ["Egress"],
      egress: [{ to: [{ podSelector: proxy }], ports: tcp(EGRESS_PROXY_PORT) }],
    });
    assert.deepEqual(policies["allow-egress-proxy-from-app"]?.spec, {
      podSelector: proxy,
      policyTypes: ["Ingress"],
      ingress: [{ from: [{ podSelector: users }], ports: tcp(EGRESS_PROXY_PORT) }],
    });
    assert.deepEqual(policies["allow-app-egress"]?.spec.egress, [
      { to: [{ ipBlock: { cidr: "203.0.113.0/24" } }], ports: tcp(5432) },
    ]);
    const alone = plan({ egress: { allow } }).networkPolicies as unknown as Record<string, Policy>;
    assert.deepEqual(alone["allow-app-to-egress-proxy"]?.spec.podSelector, {
      matchLabels: { "berth.dev/component": "app" },
    });
  });

  it("lets the proxy alone reach public addresses, on the ports of the rules, and DNS, and no private address", () => {
    const { podSelector, egress: [dns, out] = [] } = policies["allow-egress-proxy-out"]?.spec ?? assert.fail();
    assert.deepEqual(podSelector, proxy);
    assert.deepEqual(dns, policies["allow-app-to-dns"]?.spec.egress?.[0]);
    assert.deepEqual(out?.ports, tcp(443, 8443));
    assert.deepEqual(out.to, [
      {
        ipBlock: {
          cidr: "0.0.0.0/0",
          except: [
            "0.0.0.0/8",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "172.16.0.0/12",
            "192.168.0.0/16",
          ],
        },
      },
    ]);
    const open = Object.entries(policies).filter(([, { spec }]) =>
      JSON.stringify(spec.egress ?? []).includes('"0.0.0.0/0"'),
    );
    assert.deepEqual(
      open.map(([name]) => name),
      ["allow-egress-proxy-out"],
    );
  });

  it("leads app, services and jobs to the proxy, and past it to each other, databases and ranges", () => {
    const pods = [
      ...planned.workloads.map(({ deployment }) => containerOf(deployment)),
      ...planned.jobs.beforeApp.map(({ job }) => containerOf(job)),
    ];
    assert.equal(pods.length, 3);
    for (const { env } of pods) {
      const value = (name: string) => env.find((one) => one.name === name)?.value;
      for (const name of ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"])
        assert.equal(value(name), "http://egress-proxy:3128", name);
      assert.equal(
        value("NO_PROXY"),
        "localhost,127.0.0.1,.svc,.cluster.local,egress-proxy,app,api,redis,203.0.113.0/24",
      );
      assert.equal(value("no_proxy"), value("NO_PROXY"));
      assert.equal(value("NODE_USE_ENV_PROXY"), "1");
    }
  });

  it("has an identity and an image of its own, room in the quota, and sleeps with the environment", () => {
    assert.ok(planned.serviceAccounts["egress-proxy"]);
    assert.equal(containerOf(planned.egress?.deployment).image, EGRESS_FACTS.egressProxy?.image);
    const [without, needed] = [{}, { egress: { allow } }].map((fields) => planQuota(config(fields)));
    assert.equal(Number(needed?.["services"]) - Number(without?.["services"]), 1);
    assert.equal(Number(needed?.["pods"]) - Number(without?.["pods"]), 2);
    const replicas = (asleep: boolean) =>
      (plan({ egress: { allow } }, EGRESS_FACTS, { ...PR, asleep }).egress?.deployment as unknown as Workload).spec
        .replicas;
    assert.deepEqual([replicas(false), replicas(true)], [1, 0]);
  });

  it("labels who has use for names outside: the proxy, and what reaches ranges by itself", () => {
    const labelled = (rules: object[]) => {
      const {
        workloads,
        egress,
        jobs: planned,
        databases,
      } = plan({ databases: { redis: true }, services, jobs, egress: { allow: rules } });
      return [
        ...workloads.map(({ name, deployment }) => ({ name, object: deployment })),
        ...planned.beforeApp.map(({ job }) => ({ name: "job", object: job })),
        ...databases.map(({ engine, server }) => ({ name: engine, object: server })),
        ...(egress ? [{ name: "egress-proxy", object: egress.deployment as unknown }] : []),
      ].flatMap(({ name, object }) => (JSON.stringify(object).includes("berth.dev/outside-names") ? [name] : []));
    };
    assert.deepEqual(labelled([]), []);
    assert.deepEqual(labelled(allow.slice(0, 2)), ["egress-proxy"]);
    assert.deepEqual(labelled(allow.slice(2)), ["app", "api", "job"]);
  });

  it("has its own time in a deploy", () => {
    assert.equal(deploySeconds(config({ egress: { allow } })) - deploySeconds(config()), EGRESS_PROXY_SECONDS);
  });

  it("restarts the proxy when a rule changes, and not otherwise", () => {
    const template = (rules: object[], commit = PR.commit) => {
      const { egress } = plan({ egress: { allow: rules } }, EGRESS_FACTS, { ...PR, commit });
      return JSON.stringify((egress?.deployment as unknown as Workload).spec.template);
    };
    assert.notEqual(template(allow), template(allow.slice(1)));
    assert.equal(template(allow), template(allow, "f".repeat(40)));
  });

  it("is refused, with what to do, where the platform has no proxy", () => {
    const refused = validate({ config: config({ egress: { allow } }), pr: PR, platform: HOST_FACTS });
    assert.deepEqual(
      refused.map(({ propertyPath }) => propertyPath),
      ["config.egress.allow[0].host", "config.egress.allow[1].host"],
    );
    assert.match(refused[0]?.reason ?? "", /egressProxy or egressHosts of berth:platform.*or list ranges with cidr/);
  });

  it("has the proxy run before any job or app", async () => {
    const name = "shop-pr-7";
    const recording = await record(
      () => new PrEnvironment(name, { config: config({ jobs, egress: { allow } }), pr: PR, platform: EGRESS_FACTS }),
    );
    for (const [type, user] of [
      ["kubernetes:batch/v1:Job", "job-migrate"],
      ["kubernetes:apps/v1:Deployment", "app"],
    ] as const) {
      const { dependsOn = [] } = recording.get(type, `${name}-${user}`);
      assert.ok(dependsOn.includes(`${name}-egress-proxy`), user);
    }
  });
});

describe("the proxy's settings", () => {
  const lines = squidSettings([
    { host: "api.example.com", ports: [443] },
    { host: "*.example.org", ports: [443, 8443] },
  ]).split("\n");

  it("match whole names only, a wildcard never the name itself, in requests as in greetings", () => {
    for (const kind of ["host_\\d dstdom_regex -n", "name_\\d ssl::server_name_regex"]) {
      const [exact, below] = lines.flatMap((line) => new RegExp(`^acl ${kind} -i (.*)$`).exec(line)?.[1] ?? []);
      const matches = (source = "", host: string) => new RegExp(source, "i").test(host);
      assert.deepEqual(
        ["api.example.com", "API.example.com", "xapi.example.com", "api.example.com.evil.net", "apixexample.com"].map(
          (host) => matches(exact, host),
        ),
        [true, true, false, false, false],
      );
      assert.deepEqual(
        ["a.example.org", "a.b.example.org", "example.org", "evilexample.org", "a.example.org.evil.net"].map((host) =>
          matches(below, host),
        ),
        [true, true, false, false, false],
      );
    }
  });

  it("allow each host on its own ports, then refuse the rest, in requests and in greetings", () => {
    assert.deepEqual(
      lines.filter((line) => /^(http_access|ssl_bump|on_unsupported)/.test(line)),
      [
        "http_access deny !tunnel !plain",
        "http_access deny host_0 ports_0 closed",
        "http_access allow host_0 ports_0",
        "http_access deny host_1 ports_1 closed",
        "http_access allow host_1 ports_1",
        "http_access allow tunnel",
        "http_access deny all",
        "ssl_bump peek greeting host_0 ports_0",
        "ssl_bump peek greeting host_1 ports_1",
        "ssl_bump terminate greeting",
        "ssl_bump splice host_0 name_0 ports_0",
        "ssl_bump splice host_1 name_1 ports_1",
        "ssl_bump terminate all",
        "on_unsupported_protocol respond all",
      ],
    );
    assert.ok(lines.includes("acl ports_1 port 443 8443"));
  });
});
