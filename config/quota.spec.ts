import assert from "node:assert/strict";
import fc from "fast-check";
import { config } from "../test/support/samples";
import { parseBytes, parseCpu } from "./quantity";
import { largerQuota, outgrows, planQuota, podsOf } from "./quota";

/** Rows of k8s-ee's own computation: what it gave the same config. */
const K8S_EE = {
  app: {
    "requests.cpu": "200m",
    "requests.memory": "512Mi",
    "limits.cpu": "690m",
    "limits.memory": "1177Mi",
    "requests.storage": "1Gi",
    persistentvolumeclaims: "1",
    pods: "5",
    services: "3",
  },
  postgresql: {
    "requests.cpu": "450m",
    "requests.memory": "768Mi",
    "limits.cpu": "1265m",
    "limits.memory": "1766Mi",
    "requests.storage": "3Gi",
    persistentvolumeclaims: "2",
    pods: "7",
    services: "6",
  },
  postgresqlAndRedis: {
    "requests.cpu": "550m",
    "requests.memory": "832Mi",
    "limits.cpu": "1495m",
    "limits.memory": "1913Mi",
    "requests.storage": "3Gi",
    persistentvolumeclaims: "2",
    pods: "8",
    services: "7",
  },
};

describe("quota", () => {
  it("of an app alone differs from k8s-ee's only where it is counted rather than allowed for", () => {
    assert.deepEqual(planQuota(config()), {
      ...K8S_EE.app,
      configmaps: "15",
      secrets: "25",
      // Room for a third pod of the app itself, where k8s-ee adds 100m and 256Mi whatever the app's size.
      "requests.cpu": "150m",
      "requests.memory": "384Mi",
      "limits.memory": "1325Mi",
      // Nothing is enabled that has a volume.
      "requests.storage": "0",
      persistentvolumeclaims: "0",
      // The app's own, and none that is reachable from outside other than through the gateway.
      services: "1",
      "services.loadbalancers": "0",
      "services.nodeports": "0",
    });
  });

  it("with PostgreSQL differs from k8s-ee's only where it is counted rather than allowed for", () => {
    assert.deepEqual(planQuota(config({ databases: { postgresql: true } })), {
      ...K8S_EE.postgresql,
      configmaps: "15",
      secrets: "25",
      // PostgreSQL asks for 100m here and for 250m there; memory has room for the app's third pod.
      "requests.cpu": "250m",
      "requests.memory": "640Mi",
      "limits.memory": "1914Mi",
      // The size that the config gives, where k8s-ee adds 2Gi whatever it says.
      "requests.storage": "1Gi",
      persistentvolumeclaims: "1",
      services: "2",
      "services.loadbalancers": "0",
      "services.nodeports": "0",
    });
  });

  it("with PostgreSQL and Redis adds what k8s-ee adds for Redis, and its volume", () => {
    const before = planQuota(config({ databases: { postgresql: true } }));
    const after = planQuota(config({ databases: { postgresql: true, redis: true } }));
    const added = (key: string, from: Record<string, string>, to: Record<string, string>) => {
      const read = key.endsWith("cpu") ? parseCpu : parseBytes;
      return read(to[key] ?? "") - read(from[key] ?? "");
    };
    for (const key of ["requests.cpu", "requests.memory", "limits.cpu"])
      assert.equal(added(key, before, after), added(key, K8S_EE.postgresql, K8S_EE.postgresqlAndRedis), key);
    // Rounded up to whole mebibytes here, down there.
    const [ours, theirs] = [
      added("limits.memory", before, after),
      added("limits.memory", K8S_EE.postgresql, K8S_EE.postgresqlAndRedis),
    ];
    assert.ok(Math.abs(ours - theirs) <= 2 ** 20);
    // There Redis keeps its data in memory alone, and its pod has no room beside it.
    assert.equal(after["requests.storage"], "2Gi");
    assert.deepEqual([after["persistentvolumeclaims"], after["pods"], after["services"]], ["2", "9", "3"]);
  });

  it("follows the configured storage of every database", () => {
    const storage = (databases: object) => planQuota(config({ databases }))["requests.storage"];
    assert.equal(storage({ postgresql: { storage: "5Gi" } }), "5Gi");
    assert.equal(storage({ mariadb: { storage: "2Gi" }, redis: { storage: "512Mi" } }), "2560Mi");
    assert.equal(storage({ postgresql: true, mariadb: true, redis: true, mongodb: true, s3: true }), "5Gi");
    assert.equal(storage({ mongodb: { storage: "3Gi" }, minio: { storage: "2Gi" } }), "5Gi");
    assert.equal(storage({ mariadb: { enabled: false, storage: "5Gi" } }), "0");
  });

  it("counts an init container that needs more than the app", () => {
    const tiny = { requests: { cpu: "10m", memory: "32Mi" }, limits: { cpu: "20m", memory: "32Mi" } };
    const quota = planQuota(config({ resources: tiny, databases: { postgresql: true } }));
    // 3 × 100m for the waiting init containers and 500m for PostgreSQL, with 15 % on top.
    assert.equal(quota["limits.cpu"], "920m");
  });

  it("always has room for three pods of the app, whatever their size, and grows with it", () => {
    const cpu = fc.integer({ min: 10, max: 1000 });
    const memory = fc.integer({ min: 32, max: 1024 });
    fc.assert(
      fc.property(cpu, cpu, memory, memory, fc.boolean(), (cpuA, cpuB, memoryA, memoryB, postgresql) => {
        const requests = { cpu: `${Math.min(cpuA, cpuB)}m`, memory: `${Math.min(memoryA, memoryB)}Mi` };
        const limits = { cpu: `${Math.max(cpuA, cpuB)}m`, memory: `${Math.max(memoryA, memoryB)}Mi` };
        const quota = planQuota(config({ resources: { requests, limits }, databases: { postgresql } }));
        const pods = podsOf({ replicas: 1 });
        const hard = (name: string) => quota[name] ?? "";
        assert.ok(parseCpu(hard("requests.cpu")) >= pods * parseCpu(requests.cpu));
        assert.ok(parseCpu(hard("limits.cpu")) >= pods * parseCpu(limits.cpu) * 1.15 - 1e-6);
        assert.ok(parseBytes(hard("requests.memory")) >= pods * parseBytes(requests.memory));
        assert.ok(parseBytes(hard("limits.memory")) >= pods * parseBytes(limits.memory));
        assert.ok(parseCpu(hard("limits.cpu")) >= parseCpu(hard("requests.cpu")));
      }),
    );
  });

  it("has room for every pod of a rolling update, surge and ending ones included, of the app and of each service", () => {
    const alone = planQuota(config());
    const more = planQuota(
      config({
        app: { replicas: 3 },
        services: [
          { name: "api", port: 8080, resources: { size: "large" } },
          { name: "worker", replicas: 2 },
        ],
      }),
    );
    assert.equal(Number(more["pods"]) - Number(alone["pods"]), 4 + 3 + 5);
    // 7 pods of the app, 3 large ones of the api, 5 small ones of the worker.
    assert.equal(parseCpu(more["requests.cpu"] ?? ""), 7 * 50 + 3 * 250 + 5 * 50);
    assert.equal(parseBytes(more["requests.memory"] ?? ""), (7 * 128 + 3 * 512 + 5 * 128) * 2 ** 20);
    // The worker has no port, hence no Service; the api's may be there under its old and its new name.
    assert.deepEqual([alone["services"], more["services"]], ["1", "3"]);
    assert.equal(Number(more["configmaps"]) - Number(alone["configmaps"]), 2);
  });

  it("has room for a service and what it is renamed to at once", () => {
    const fields = fc.record({
      port: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
      replicas: fc.integer({ min: 1, max: 5 }),
      resources: fc.record({ size: fc.constantFrom("small", "medium", "large") }),
    });
    const some = fc.array(fields, { maxLength: 4 });
    const named = (prefix: string, services: object[]) =>
      services.map((service, index) => ({
        ...Object.fromEntries(Object.entries(service).filter(([, value]) => value !== undefined)),
        name: `${prefix}${index}`,
      }));
    fc.assert(
      fc.property(some, some, (old, next) => {
        const [before, after] = [named("old", old), named("new", next)].map((services) => config({ services }));
        assert.ok(before && after);
        const hard = largerQuota(planQuota(before), planQuota(after));
        // What runs of both, beside an app that is being rolled.
        const both = [...before.services, ...after.services];
        const sum = (read: (service: (typeof both)[number]) => number) =>
          both.reduce((total, service) => total + service.replicas * read(service), 0);
        assert.ok(Number(hard["pods"]) >= sum(() => 1) + podsOf({ replicas: 1 }));
        assert.ok(Number(hard["services"]) >= both.filter(({ port }) => port !== undefined).length + 1);
        const { requests, limits } = before.resources;
        assert.ok(
          parseCpu(hard["requests.cpu"] ?? "") >=
            sum((one) => parseCpu(one.resources.requests.cpu)) + parseCpu(requests.cpu),
        );
        assert.ok(
          parseBytes(hard["limits.memory"] ?? "") >=
            sum((one) => parseBytes(one.resources.limits.memory)) + parseBytes(limits.memory),
        );
      }),
      { numRuns: 50 },
    );
  });

  it("of two is the larger, resource by resource", () => {
    const small = planQuota(config());
    const large = planQuota(config({ databases: { postgresql: { storage: "2Gi" } } }));
    assert.deepEqual(largerQuota(small, large), large);
    assert.deepEqual([outgrows(large, small), outgrows(small, large), outgrows(small, small)], [true, false, false]);
    assert.ok(outgrows({ "requests.cpu": "1" }, { "requests.cpu": "900m" }));
    assert.ok(outgrows({ pods: "1" }, {}));
    assert.deepEqual(
      largerQuota({ pods: "9", "requests.cpu": "1" }, { pods: "10", "requests.cpu": "900m", "requests.memory": "1Gi" }),
      {
        pods: "10",
        "requests.cpu": "1",
        "requests.memory": "1Gi",
      },
    );
  });
});
