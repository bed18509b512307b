import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { ExitCode } from "../../../lifecycle/errors";
import { Kube } from "../../../lifecycle/kube";
import type { KubeObject } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import type { Target } from "../../../lifecycle/target";
import { environmentLabels } from "../policies/admission-support";
import { uniqueName } from "../provider/support";
import { simulatedCluster } from "./cluster";
import { configFor, deployTo, destroyFrom, failsWith, kubeOf, requestFor } from "./support";

const project = "snapped";
const { namespace } = environmentName(project, 1);
const inside = `/api/v1/namespaces/${namespace}`;
const api = "/apis/snapshot.storage.k8s.io/v1";
const contents = `${api}/volumesnapshotcontents`;
const snapshots = `${api}/namespaces/${namespace}/volumesnapshots`;
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const driver = "ebs.csi.aws.com";
const listed = {
  guests: { engine: "postgresql", version: "15", size: "1Gi", driver, handle: "snap-1" },
  more: { engine: "postgresql", version: "15", size: "2Gi", driver, handle: "snap-2" },
};

interface Spec extends KubeObject {
  spec: Record<string, unknown>;
}
interface Claim extends KubeObject {
  spec: { dataSource?: object };
}
interface StatefulSet extends KubeObject {
  spec: { template: { spec: { initContainers?: { name: string }[] } } };
}

/** The definitions of the snapshot controller, out of the Go module of its clients. */
async function definitionsOfSnapshots(): Promise<KubeObject[]> {
  const module = "github.com/kubernetes-csi/external-snapshotter/client/v8@v8.6.0";
  const env = { ...process.env, GOFLAGS: "-mod=mod" };
  const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", module], { cwd: "/", env });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  return ["volumesnapshotcontents", "volumesnapshots"].map(
    (kind) => parse(readFileSync(join(Dir, `config/crd/snapshot.storage.k8s.io_${kind}.yaml`), "utf8")) as KubeObject,
  );
}

/*
 * On the real API server with the real definitions of snapshots: what Berth asks for is accepted, field by field, and nothing of it
 * stays. There is no CSI driver here, and simulated nodes hold no data: that a driver makes a volume of a snapshot is not shown.
 */
describe("a database whose volume is made of a snapshot", function () {
  this.timeout(300_000);
  const simulated = simulatedCluster();
  const kube = () => kubeOf(simulated());
  let target: Target;
  let kinds: KubeObject[];
  const request = (postgresql: object, digit = "1") =>
    requestFor(project, digit, { config: configFor(project, { databases: { postgresql } }) });
  const claim = () => kube().get<Claim>(`${inside}/persistentvolumeclaims/postgresql-data`);

  before(async () => {
    target = { ...simulated(), platform: { ...(simulated().platform as object), snapshots: { [project]: listed } } };
    kinds = await definitionsOfSnapshots();
    for (const kind of kinds) {
      await kube().delete(`${definitions}/${kind.metadata.name}`);
      await kube().post(definitions, kind);
    }
  });
  after(async () => {
    await destroyFrom(target, project);
    for (const { metadata } of kinds) await kube().delete(`${definitions}/${metadata.name}`);
  });

  it("is refused for one that the platform does not list, and for a volume that is too small", async () => {
    await failsWith(deployTo(target, request({ from: { volumeSnapshot: "production" } })), {
      exitCode: ExitCode.environmentFailed,
      message: /"production" is no snapshot of PostgreSQL that is allowed; accepted: guests, more\./,
    });
    await failsWith(deployTo(target, request({ from: { volumeSnapshot: "more" } })), {
      exitCode: ExitCode.environmentFailed,
      message: /1Gi is smaller than the volume of snapshot "more"; accepted: 2Gi or more\./,
    });
  });

  it("is deployed from what names the snapshot, in fields that the API server knows, and gets its own password", async () => {
    await deployTo(target, request({ from: { volumeSnapshot: "guests" } }));
    const name = "postgresql-from-guests";
    assert.deepEqual((await claim()).spec.dataSource, {
      apiGroup: "snapshot.storage.k8s.io",
      kind: "VolumeSnapshot",
      name,
    });
    const content = await kube().get<Spec>(`${contents}/${namespace}-${name}`);
    assert.deepEqual(content.spec["source"], { snapshotHandle: "snap-1" });
    assert.equal(content.spec["deletionPolicy"], "Retain");
    assert.deepEqual(content.spec["volumeSnapshotRef"], { name, namespace });
    const snapshot = await kube().get<Spec>(`${snapshots}/${name}`);
    for (const [path, { spec }, kind] of [
      [contents, content, "VolumeSnapshotContent"],
      [snapshots, snapshot, "VolumeSnapshot"],
    ] as const) {
      const asked = { apiVersion: "snapshot.storage.k8s.io/v1", kind, metadata: { name: "strict" }, spec };
      await kube().post(`${path}?dryRun=All&fieldValidation=Strict`, asked);
    }
    const set = await kube().get<StatefulSet>(`/apis/apps/v1/namespaces/${namespace}/statefulsets/postgresql`);
    assert.deepEqual(
      set.spec.template.spec.initContainers?.map((each) => each.name),
      ["set-password"],
    );
  });

  it("is told by deployers for listed snapshots alone, such that no snapshot goes with it", async () => {
    const folder = mkdtempSync(join(tmpdir(), "berth-deployer-"));
    try {
      const account = "/api/v1/namespaces/berth-system/serviceaccounts/berth-deployer/token";
      const { status } = await kube().post<{ status: { token: string } }>(account, { spec: {} });
      const kubeconfig = parse(readFileSync(simulated().kubeconfig, "utf8")) as { users: { user: object }[] };
      const users = kubeconfig.users.map((user) => ({ ...user, user: { token: status.token } }));
      writeFileSync(join(folder, "kubeconfig"), stringify({ ...kubeconfig, users }));
      const deployer = Kube.load(join(folder, "kubeconfig"));
      const { metadata, spec } = await kube().get<Spec>(`${contents}/${namespace}-postgresql-from-guests`);
      const tell = (change: object, labels = metadata.labels) =>
        deployer.post(`${contents}?dryRun=All`, {
          apiVersion: "snapshot.storage.k8s.io/v1",
          kind: "VolumeSnapshotContent",
          metadata: { name: "another", labels },
          spec: { ...spec, ...change },
        });
      await tell({});
      for (const change of [
        { source: { snapshotHandle: "snap-of-production" } },
        { source: { volumeHandle: "vol-1" } },
        { driver: "efs.csi.aws.com" },
        { deletionPolicy: "Delete" },
      ])
        await assert.rejects(tell(change), /deployers of Berth write in namespaces/, JSON.stringify(change));
      await assert.rejects(tell({}, {}), /deployers of Berth write in namespaces/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("is none that a fork's environment may have, whoever asks", async () => {
    const name = uniqueName("fork");
    const labels = { ...environmentLabels(name), "berth.dev/trust": "fork" };
    await kube().post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
    try {
      const known = { volumeSnapshotContentName: `${namespace}-postgresql-from-guests` };
      const asked = kube().post(`${api}/namespaces/${name}/volumesnapshots?dryRun=All`, {
        apiVersion: "snapshot.storage.k8s.io/v1",
        kind: "VolumeSnapshot",
        metadata: { name: "guests" },
        spec: { source: known },
      });
      await assert.rejects(asked, /tier-without-secrets: a VolumeSnapshot brings what others own into it; fix: /);
    } finally {
      await kube().delete(`/api/v1/namespaces/${name}`);
    }
  });

  it("keeps its data when the snapshot is another one or none", async () => {
    const { uid } = (await claim()).metadata;
    await deployTo(target, request({ from: { volumeSnapshot: "more" }, storage: "2Gi" }, "2"));
    assert.equal((await claim()).metadata.uid, uid);
    assert.equal(await kube().find(`${contents}/${namespace}-postgresql-from-guests`), undefined);
    await deployTo(target, request({ storage: "2Gi" }, "3"));
    assert.equal((await claim()).metadata.uid, uid);
    assert.deepEqual((await kube().get<{ items: unknown[] }>(snapshots)).items, []);
  });

  it("leaves nothing, in the namespace or outside", async () => {
    await deployTo(target, request({ from: { volumeSnapshot: "more" }, storage: "2Gi" }, "4"));
    const { receipt } = await destroyFrom(target, project);
    assert.deepEqual(receipt.left, []);
    assert.equal(await kube().find(`${contents}/${namespace}-postgresql-from-more`), undefined);
  });
});
