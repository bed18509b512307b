import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse } from "yaml";

import { auditPolicy, authenticationConfiguration } from "./audit";
import { ensureCertificates, planCertificates } from "./certificates";
import { ensureEncryption } from "./encryption";
import { writeKubeconfig } from "./kubeconfig";
import { planNetwork } from "./plan";

const day = 24 * 60 * 60 * 1000;
const plans = planCertificates({ network: planNetwork(3), apiAddress: "10.89.3.2", nodes: ["berth-a"] });

describe("certificates and configuration with secrets", () => {
  let folder: string;
  const certificate = async (file: string): Promise<X509Certificate> =>
    new X509Certificate(await readFile(join(folder, `${file}.crt`)));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-pki-"));
    await ensureCertificates(folder, plans);
  });
  after(() => rm(folder, { recursive: true }));

  it("gives the API server every name and address that it is called by", async () => {
    const names = (await certificate("apiserver")).subjectAltName ?? "";
    for (const name of ["DNS:kubernetes.default.svc.cluster.local", "IP Address:10.89.3.2", "IP Address:10.91.3.1"]) {
      assert.ok(names.includes(name), name);
    }
  });

  it("signs each by its own authority", async () => {
    for (const plan of plans) {
      const authority = await certificate(plan.issuer);
      const leaf = await certificate(plan.file);
      assert.ok(leaf.verify(authority.publicKey), plan.file);
      assert.equal(leaf.ca, false, plan.file);
      assert.equal(leaf.publicKey.asymmetricKeyType, "ec", plan.file);
    }
    assert.ok(!(await certificate("etcd")).verify((await certificate("ca")).publicKey));
  });

  it("names the kubelet so that the Node authoriser knows it", async () => {
    assert.equal((await certificate("client-kubelet")).subject, "O=system:nodes\nCN=system:node:berth-a");
  });

  it("keeps every file to its owner", async () => {
    for (const file of await readdir(folder)) assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600, file);
  });

  it("issues nothing again while all is good", async () => {
    const before = await readFile(join(folder, "apiserver.crt"), "utf8");
    assert.deepEqual((await ensureCertificates(folder, plans)).issued, []);
    assert.equal(await readFile(join(folder, "apiserver.crt"), "utf8"), before);
  });

  it("issues again what is damaged, missing, or does not fit any more", async () => {
    await writeFile(join(folder, "etcd.crt"), "no certificate");
    await rm(join(folder, "serving.key"));
    const changed = plans.map((plan) => (plan.file === "apiserver" ? { ...plan, addresses: ["10.89.4.2"] } : plan));
    const { issued } = await ensureCertificates(folder, changed);
    assert.deepEqual(issued.sort(), ["apiserver", "etcd", "serving"]);
    assert.deepEqual((await ensureCertificates(folder, plans)).issued, ["apiserver"]);
  });

  it("renews leaves in their last month, and keeps the authorities", async () => {
    const authority = await readFile(join(folder, "ca.crt"), "utf8");
    const { issued } = await ensureCertificates(folder, plans, Date.now() + 340 * day);
    assert.equal(issued.length, plans.length);
    assert.equal(await readFile(join(folder, "ca.crt"), "utf8"), authority);
    await ensureCertificates(folder, plans);
  });

  it("writes kubeconfigs for their owner only", async () => {
    const path = join(folder, "kubeconfig");
    await writeKubeconfig({ path, pki: folder, client: "admin", server: "https://10.89.3.2:6443", context: "berth-a" });
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const config = parse(await readFile(path, "utf8")) as {
      "current-context": string;
      clusters: { cluster: { server: string } }[];
    };
    assert.equal(config["current-context"], "berth-a");
    assert.equal(config.clusters[0]?.cluster.server, "https://10.89.3.2:6443");
  });

  it("makes one encryption key and keeps it", async () => {
    const path = join(folder, "encryption.yaml");
    await ensureEncryption(path);
    const text = await readFile(path, "utf8");
    await ensureEncryption(path);
    assert.equal(await readFile(path, "utf8"), text);
    const { resources } = parse(text) as { resources: { resources: string[]; providers: Record<string, unknown>[] }[] };
    assert.deepEqual(
      resources[0]?.providers.map((provider) => Object.keys(provider)),
      [["secretbox"]],
    );
    assert.match(text, /secret: [A-Za-z0-9+/]{43}=/);
  });
});

describe("auditPolicy", () => {
  it("never logs a body", () => {
    const { rules } = parse(auditPolicy()) as { rules: { level: string }[] };
    assert.deepEqual([...new Set(rules.map(({ level }) => level))].sort(), ["Metadata", "None"]);
    assert.deepEqual(rules.at(-1), { level: "Metadata" });
  });

  it("leaves out no one's writes", () => {
    const { rules } = parse(auditPolicy()) as { rules: { level: string; users?: string[]; verbs?: string[] }[] };
    for (const { level, users, verbs } of rules) {
      if (level === "None" && users !== undefined) assert.deepEqual(verbs, ["get", "list", "watch"]);
    }
  });
});

describe("authenticationConfiguration", () => {
  it("lets callers without credentials ask for health only", () => {
    const { anonymous } = parse(authenticationConfiguration()) as { anonymous: { conditions: { path: string }[] } };
    assert.deepEqual(anonymous.conditions.map(({ path }) => path).sort(), ["/healthz", "/livez", "/readyz"]);
  });
});
