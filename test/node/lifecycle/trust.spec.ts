import assert from "node:assert/strict";
import { appPod } from "../../../cli/demo/egress";
import { BerthError } from "../../../lifecycle/errors";
import { pause, type KubeList, type KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Pod } from "../../../lifecycle/trouble";
import { openOutside } from "../../../local";
import { RealCluster } from "./support";

/** The cluster that tests with real pods share. */
const clusterName = "test-real";
const project = "strange";
const { namespace } = environmentName(project, 1);
const inside = `/api/v1/namespaces/${namespace}`;
const app = `/apis/apps/v1/namespaces/${namespace}/deployments/app`;

/** A platform that takes images of forks from the example's repository and nowhere else. */
const platform = { trust: { fork: { images: ["localhost/berth/guestbook"] } } };

interface Scaled extends KubeObject {
  status?: { conditions?: { type: string; message?: string }[] };
}

describe("a fork's environment, with real pods", function () {
  this.timeout(300_000);
  let cluster: RealCluster;
  const deploy = (more: { image?: string } = {}) => cluster.deploy(project, { platform, trust: "fork", ...more });

  before(async () => {
    cluster = await RealCluster.start(clusterName);
    await cluster.destroy(project);
    await deploy();
  });
  after(() => cluster.destroy(project));

  it("runs its app, and holds no Secret but its database's own, in variables and files", async () => {
    const { items } = await cluster.kube.get<KubeList>(`${inside}/secrets`);
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ["postgresql"],
    );
    const tokens = await cluster.exec(project, ["sh", "-c", "find / -path '*/serviceaccount/token' 2>/dev/null; true"]);
    assert.equal(tokens, "", "a token of the API server is in the pod");
  });

  it("reaches nothing outside and no API server, which the node reaches", async () => {
    const outside = await openOutside(clusterName);
    try {
      const forbidden = [
        { what: "outside", host: outside.address, port: 80 },
        { what: "outside, encrypted", host: outside.otherAddress, port: 443 },
        { what: "metadata", host: outside.metadataAddress, port: 80 },
        { what: "API server", host: new URL(cluster.kube.server).hostname, port: 6443 },
      ];
      const connected = (results: readonly { connected: boolean }[]) => results.map((one) => one.connected);
      assert.deepEqual(connected(await cluster.probeFromNode(forbidden)), [true, true, true, true]);
      const own = { what: "its database", host: "postgresql", port: 5432 };
      assert.deepEqual(connected(await cluster.probe(project, [...forbidden, own])), [
        false,
        false,
        false,
        false,
        true,
      ]);
    } finally {
      await outside.close();
    }
  });

  it("runs the digest that was deployed, and starts no pod of another repository", async () => {
    const pod = await appPod(cluster.kube, namespace);
    const [status] = (pod as Pod & { status: { containerStatuses: { imageID: string }[] } }).status.containerStatuses;
    assert.ok(status?.imageID.endsWith(cluster.images[0].split("@")[1] ?? "?"), status?.imageID);
    const image = cluster.images[0].replace("/guestbook@", "/other@");
    await assert.rejects(deploy({ image }), (error) => {
      assert.ok(error instanceof BerthError);
      assert.match(error.message, /pr\.image.* is not for an environment of tier fork/s);
      return true;
    });
    const running = await cluster.kube.get<{ spec: { template: { spec: { containers: object[] } } } }>(app);
    const containers = running.spec.template.spec.containers.map((each) => ({ ...each, image }));
    await assert.rejects(
      cluster.kube.patch(app, { spec: { template: { spec: { containers } } } }),
      /tier-images-from-its-build: app has the image/,
    );
    assert.equal((await appPod(cluster.kube, namespace)).metadata.uid, pod.metadata.uid);
  });

  it("gets no more pods than its quota has room for, whoever asks for them", async () => {
    const { items } = await cluster.kube.get<KubeList<KubeObject & { spec: { hard: { pods: string } } }>>(
      `${inside}/resourcequotas`,
    );
    const room = Number(items[0]?.spec.hard.pods);
    await cluster.kube.patch(`${app}/scale`, { spec: { replicas: room + 2 } });
    try {
      for (const end = Date.now() + 60_000; ;) {
        const { status } = await cluster.kube.get<Scaled>(app);
        const refusal = status?.conditions?.find(({ type }) => type === "ReplicaFailure")?.message;
        if (refusal !== undefined) {
          assert.match(refusal, /exceeded quota: environment/);
          break;
        }
        assert.ok(Date.now() < end, "no pod is refused");
        await pause(300);
      }
      const pods = await cluster.kube.get<KubeList<Pod>>(`${inside}/pods`);
      assert.ok(pods.items.length <= room, `${pods.items.length} pods, and room for ${room}`);
    } finally {
      await cluster.kube.patch(`${app}/scale`, { spec: { replicas: 1 } });
    }
  });
});
