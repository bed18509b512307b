import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execInPod, parseProbe, proberCommand } from "../../../cli/demo/egress";
import { LABEL } from "../../../config/labels";
import { parseConfig, type Config } from "../../../config/load";
import { BerthError } from "../../../lifecycle/errors";
import type { KubeList } from "../../../lifecycle/kube";
import { isReady, type KubeEvent, type Pod } from "../../../lifecycle/trouble";
import { loadImage } from "../../../local";
import { runningNode } from "../../../local/cluster/images";
import { clusterFolder } from "../../../local/cluster/spec";
import { guestbookRecipe } from "../../../local/images/recipes/guestbook";
import { obtainImage } from "../../../local/images/store";
import { cacheDir } from "../../../local/paths";
import { locateToolchain } from "../../../local/toolchain";
import { startLoad } from "./load";
import { startSlowRegistry } from "./registry";
import { RealCluster } from "./support";

/** A running pod, as far as it is read here. */
interface RunningPod extends Pod {
  spec: {
    serviceAccountName: string;
    automountServiceAccountToken: boolean;
    containers: {
      name: string;
      image: string;
      env?: { name: string; value?: string }[];
      resources: { requests: object; limits: object };
      startupProbe?: { failureThreshold: number };
      readinessProbe?: { periodSeconds: number; httpGet?: { path: string } };
      livenessProbe?: object;
    }[];
  };
}

const project = "parts";
const inside = `/api/v1/namespaces/${project}-pr-1`;

/** A server in one line that says who it is, for what has no image of its own. */
const echo = (port: number) =>
  `require("node:http").createServer((_, response) => response.end("echo")).listen(${port}); process.on("SIGTERM", () => process.exit())`;

/** The parts of a berth.yaml that these tests change, checked and with their defaults. */
function fields(changed: Record<string, unknown>): Partial<Config> {
  const { app, env, probes, resources, services, databases } = parseConfig({
    projectId: project,
    databases: { postgresql: true },
    ...changed,
  });
  return { app, env, probes, resources, services, databases };
}

const api = { name: "api", port: 3000, public: true, databases: ["postgresql"] };
const inner = {
  name: "inner",
  port: 4000,
  command: ["node", "-e", echo(4000)],
  probes: { startup: { tcp: true }, readiness: { tcp: true }, liveness: false },
};
const worker = { name: "worker", command: ["node", "-e", "setInterval(() => {}, 1000)"], env: { QUEUE: "mail" } };

describe("an app with services, with real pods", function () {
  this.timeout(900_000);
  let cluster: RealCluster;
  let kubectl: string;
  const urls = { app: "", api: "" };
  const ready = ({ status }: { status: number }) => status === 200;

  const podsOf = async (component: string): Promise<RunningPod[]> => {
    const query = { labelSelector: `${LABEL.component}=${component}` };
    const { items } = await cluster.kube.get<KubeList<RunningPod>>(`${inside}/pods`, { query });
    return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  };
  const podOf = async (component: string): Promise<RunningPod> => {
    const pods = (await podsOf(component)).filter(isReady);
    return pods[0] ?? assert.fail(`no pod of ${component} is ready`);
  };
  const containerOf = async (component: string) =>
    (await podOf(component)).spec.containers[0] ?? assert.fail("no container");
  const runIn = async (component: string, argv: readonly string[]): Promise<string> =>
    execInPod(cluster.target, kubectl, await podOf(component), argv);
  const reach = async (from: string, ...hosts: [string, number][]): Promise<boolean[]> =>
    parseProbe(
      await runIn(
        from,
        proberCommand(
          "node",
          hosts.map(([host, port]) => ({ what: host, host, port })),
        ),
      ),
    ).map(({ connected }) => connected);
  const entries = async (url: string): Promise<string[]> => {
    const reply = await cluster.visitor.askUntil(url, "/api/entries", ({ status }) => status === 200);
    return (JSON.parse(reply.body) as { entries: { message: string }[] }).entries.map(({ message }) => message);
  };
  const database = async () => (await podOf("postgresql")).metadata.uid;

  before(async () => {
    cluster = await RealCluster.start("test-real");
    kubectl = (await locateToolchain())?.kubectl ?? assert.fail("no toolchain");
    await cluster.destroy(project);
  });
  after(async () => {
    for (const each of [project, "rooted"]) await cluster.destroy(each);
  });

  it("runs each with its own image, variables, size and identity, and tells of every URL", async () => {
    const result = await cluster.deploy(project, {
      timeout: 600,
      config: fields({ services: [{ ...api, resources: { size: "medium" } }, inner, worker] }),
    });
    assert.deepEqual(Object.keys(result.serviceUrls), ["api"]);
    urls.app = result.url;
    urls.api = result.serviceUrls["api"] ?? "";
    assert.match(result.serviceUrls["api"] ?? "", /^https:\/\/parts-pr-1-api\./);
    for (const name of ["app", "api", "inner", "worker"]) {
      const { spec } = await podOf(name);
      assert.deepEqual([spec.serviceAccountName, spec.automountServiceAccountToken], [name, false]);
    }
    assert.deepEqual((await containerOf("api")).resources, {
      requests: { cpu: "100m", memory: "256Mi" },
      limits: { cpu: "500m", memory: "512Mi" },
    });
    assert.equal(
      (await runIn("worker", ["node", "-p", "process.env.QUEUE + process.env.SERVICE_APP_URL"])).trim(),
      "mailhttp://app:3000",
    );
    assert.equal((await runIn("app", ["node", "-p", "process.env.SERVICE_INNER_URL"])).trim(), "http://inner:4000");
    const { readinessProbe, livenessProbe } = await containerOf("inner");
    assert.ok(readinessProbe && !livenessProbe && !readinessProbe.httpGet);
  });

  it("lets the gateway reach what is public, the parts each other's ports, and a database only who names it", async () => {
    await cluster.visitor.askUntil(urls.app, "/health", ready);
    await cluster.visitor.askUntil(urls.api, "/health", ready);
    const { host } = new URL(urls.app);
    const hidden = `https://${host.replace(`${project}-pr-1`, `${project}-pr-1-inner`)}`;
    assert.equal((await cluster.visitor.ask(hidden, "/")).status, 404);
    assert.deepEqual(await reach("app", ["inner", 4000], ["api", 3000], ["postgresql", 5432]), [true, true, true]);
    assert.deepEqual(await reach("worker", ["app", 3000], ["inner", 4000], ["postgresql", 5432]), [true, true, false]);
    const { status } = (await podOf("worker")) as RunningPod & { status: { podIP: string } };
    assert.deepEqual(await reach("app", [status.podIP, 4000]), [false]);
  });

  it("changes image, variables, resources and probes in place, and the database keeps its pod and its rows", async () => {
    assert.equal(
      (await cluster.visitor.ask(urls.app, "/api/entries", { body: { name: "Ann", message: "kept" } })).status,
      201,
    );
    const before = await database();
    const innerBefore = (await podOf("inner")).metadata.uid;
    await cluster.deploy(project, {
      timeout: 600,
      image: cluster.images[1],
      digit: "2",
      config: fields({
        env: { LEVEL: "debug" },
        resources: { requests: { cpu: "60m" }, limits: { memory: "400Mi" } },
        probes: {
          startup: { failureThreshold: 200 },
          readiness: { path: "/ready", periodSeconds: 2 },
          liveness: false,
        },
        services: [api, inner, worker],
      }),
    });
    const { image, resources, startupProbe, readinessProbe, livenessProbe } = await containerOf("app");
    assert.equal(image, cluster.images[1]);
    assert.deepEqual(resources, {
      requests: { cpu: "60m", memory: "128Mi" },
      limits: { cpu: "200m", memory: "400Mi" },
    });
    assert.equal(startupProbe?.failureThreshold, 200);
    assert.deepEqual([readinessProbe?.httpGet?.path, readinessProbe?.periodSeconds], ["/ready", 2]);
    assert.equal(livenessProbe, undefined);
    assert.equal((await runIn("app", ["node", "-p", "process.env.LEVEL"])).trim(), "debug");
    assert.equal(await database(), before);
    // It runs the app's image too.
    assert.notEqual((await podOf("inner")).metadata.uid, innerBefore);
    assert.deepEqual(await entries(urls.app), ["kept"]);
  });

  it("renames a service: the old one goes with all that it had, the new one comes, and no row is lost", async () => {
    const before = await database();
    const result = await cluster.deploy(project, {
      timeout: 600,
      image: cluster.images[1],
      digit: "3",
      config: fields({ services: [{ ...api, name: "web" }, inner, worker] }),
    });
    assert.deepEqual(Object.keys(result.serviceUrls), ["web"]);
    await cluster.visitor.askUntil(result.serviceUrls["web"] ?? "", "/health", ready);
    await cluster.visitor.askUntil(urls.api, "/health", ({ status }) => status === 404);
    const kinds = {
      deployments: "/apis/apps/v1",
      services: "/api/v1",
      serviceaccounts: "/api/v1",
      configmaps: "/api/v1",
      ingresses: "/apis/networking.k8s.io/v1",
      networkpolicies: "/apis/networking.k8s.io/v1",
    };
    for (const [kind, group] of Object.entries(kinds)) {
      const { items } = await cluster.kube.get<KubeList>(`${group}/namespaces/${project}-pr-1/${kind}`);
      const names = items.map(({ metadata }) => metadata.name);
      assert.deepEqual(
        names.filter((name) => /(^|-)api(-|$)/.test(name)),
        [],
        kind,
      );
      assert.ok(
        names.some((name) => /(^|-)web(-|$)/.test(name)),
        kind,
      );
    }
    assert.equal(await database(), before);
    assert.deepEqual(await entries(result.serviceUrls["web"] ?? ""), ["kept"]);
  });

  it("rolls two replicas to another image without one failed request", async () => {
    const two = fields({ app: { replicas: 2 } });
    await cluster.deploy(project, { timeout: 600, digit: "4", config: two });
    assert.equal((await podsOf("app")).filter(isReady).length, 2);
    await cluster.visitor.askUntil(
      urls.app,
      "/health",
      ({ status, body }) => status === 200 && body.includes("4".repeat(40)),
    );
    const stop = startLoad(
      cluster.authority,
      urls.app,
      "/health",
      (body) => (JSON.parse(body) as { build: string }).build,
    );
    await cluster.deploy(project, { timeout: 600, image: cluster.images[1], digit: "5", config: two });
    // Until the last pod of before is gone.
    while ((await podsOf("app")).some(({ spec }) => spec.containers[0]?.image !== cluster.images[1]))
      await new Promise((resolve) => setTimeout(resolve, 500));
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const { served, failures, answers } = await stop();
    console.log(`      ${served} requests, ${failures.length} failed; by build: ${JSON.stringify([...answers])}`);
    assert.deepEqual(failures, []);
    assert.ok(served > 100, `${served} requests are too few to show anything`);
    assert.deepEqual([...answers.keys()].sort(), ["1", "2"]);
  });

  it("gives an app that does not start its whole time, and then says so in its own words", async () => {
    const deaf = "console.log('warming up'); setInterval(() => {}, 1000)";
    const failing = cluster.deploy(project, {
      timeout: 600,
      digit: "6",
      config: fields({ app: { command: ["node", "-e", deaf] }, probes: { startup: { failureThreshold: 10 } } }),
    });
    await assert.rejects(failing, (error) => {
      assert.ok(error instanceof BerthError);
      assert.match(error.message, /container app\): StartupTimeout/);
      assert.match(error.message, /warming up/);
      assert.match(error.fix, /probes\.startup/);
      return true;
    });
  });

  it("gives an app its whole start after a pull that takes longer than that", async () => {
    const recipe = await guestbookRecipe("1");
    // Bytes that nothing compresses and no other image has, so that all of them are pulled.
    const ballast = {
      label: "ballast",
      inputs: [randomUUID()],
      estimateSeconds: 1,
      shared: false,
      fill: (folder: string) => writeFile(join(folder, "ballast"), randomBytes(4 << 20)),
    };
    const image = await obtainImage(join(cacheDir(), "images"), { ...recipe, layers: [...recipe.layers, ballast] }, {});
    const pid = await runningNode("test-real", clusterFolder("test-real"));
    const registry = await startSlowRegistry(pid, image, { port: 5999, bytesPerSecond: 100_000 });
    const startSeconds = 20;
    try {
      const probes = { startup: { failureThreshold: startSeconds } };
      await cluster.deploy(project, { timeout: 600, digit: "7", image: registry.ref, config: fields({ probes }) });
    } finally {
      await registry.close();
      for (const file of [image.archive, `${image.archive}.json`]) await rm(file, { force: true });
    }
    const { metadata, status } = await podOf("app");
    assert.equal(status?.containerStatuses?.[0]?.restartCount, 0);
    const { items } = await cluster.kube.get<KubeList<KubeEvent>>(`${inside}/events`);
    const at = (reason: string) =>
      Date.parse(
        items.findLast((event) => {
          const { kind, name } = event.involvedObject ?? {};
          return (
            kind === "Pod" && name === metadata.name && event.reason === reason && /slow@/.test(event.message ?? "")
          );
        })?.lastTimestamp ?? "",
      );
    const pull = (at("Pulled") - at("Pulling")) / 1000;
    console.log(`      pulled in ${pull} s, ${startSeconds} s for the start`);
    assert.ok(pull > startSeconds, `the pull took ${pull} s`);
  });

  it("says how to fix an image that needs root", async () => {
    const recipe = await guestbookRecipe("1");
    const rooted = await obtainImage(
      join(cacheDir(), "images"),
      {
        ...recipe,
        config: {
          ...recipe.config,
          User: "0:0",
          Entrypoint: ["sh", "-c", "chown 0:0 /tmp && exec node src/server.js"],
        },
      },
      {},
    );
    await loadImage("test-real", rooted);
    await assert.rejects(cluster.deploy("rooted", { timeout: 600, image: rooted.ref }), (error) => {
      assert.ok(error instanceof BerthError);
      assert.match(error.message, /Operation not permitted/);
      assert.match(error.fix, /expect root.*every container runs as user 1000.*USER 1000/);
      return true;
    });
  });

  it("leaves nothing", async () => {
    assert.deepEqual((await cluster.destroy(project)).receipt.left, []);
  });
});
