import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer } from "node:tls";

import { parse } from "yaml";

import { auditPolicy, authenticationConfiguration } from "./audit";
import { ensureCertificates, planCertificates, planGatewayCertificate } from "./certificates";
import { ensureEncryption } from "./encryption";
import { writeKubeconfig } from "./kubeconfig";
import { planNetwork } from "./plan";

const day = 24 * 60 * 60 * 1000;
const plans = [
  ...planCertificates({ network: planNetwork(3), apiAddress: "10.89.3.2", nodes: ["berth-a"] }),
  planGatewayCertificate("berth.localhost"),
];

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

  it("gives the gateway one certificate for every single label below the domain", async () => {
    const gateway = await certificate("gateway");
    assert.equal(gateway.subjectAltName, "DNS:*.berth.localhost, DNS:berth.localhost");
    assert.ok(gateway.checkHost("shop-pr-7.berth.localhost"));
    assert.equal(gateway.checkHost("a.shop-pr-7.berth.localhost"), undefined);
  });

  it("lets the gateway's authority sign for names below localhost only", async () => {
    const [authority, key] = [await certificate("gateway-ca"), await readFile(join(folder, "gateway-ca.key"))];
    const elsewhere = await mkdtemp(join(tmpdir(), "berth-pki-other-"));
    try {
      await writeFile(join(elsewhere, "gateway-ca.crt"), authority.toString());
      await writeFile(join(elsewhere, "gateway-ca.key"), key);
      const outcomes: Record<string, string> = {};
      for (const [file, names] of Object.entries({
        own: { dnsNames: ["shop-pr-7.berth.localhost"] },
        foreign: { dnsNames: ["bank.example.com"] },
        address: { addresses: ["127.0.0.1"] },
      })) {
        await ensureCertificates(elsewhere, [{ file, issuer: "gateway-ca", commonName: "x", ...names }]);
        outcomes[file] = await handshake(elsewhere, file, names);
      }
      assert.deepEqual(outcomes, {
        own: "trusted",
        foreign: "permitted subtree violation",
        address: "excluded subtree violation",
      });
    } finally {
      await rm(elsewhere, { recursive: true });
    }
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

/** Connects to a server with a certificate of the folder. @returns what a client that trusts the gateway's authority says */
async function handshake(folder: string, file: string, names: { dnsNames?: string[] }): Promise<string> {
  const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
  const server = createServer({ key: await read(`${file}.key`), cert: await read(`${file}.crt`) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const [servername] = names.dnsNames ?? [];
  try {
    const ca = await read("gateway-ca.crt");
    const where = { host: "127.0.0.1", port, ca, ...(servername === undefined ? {} : { servername }) };
    return await new Promise<string>((resolve) => {
      const socket = connect(where, () => {
        resolve("trusted");
        socket.destroy();
      });
      socket.once("error", (error: Error) => resolve(error.message));
    });
  } finally {
    server.close();
  }
}
