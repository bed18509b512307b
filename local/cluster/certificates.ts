import "reflect-metadata";

import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  webcrypto,
  X509Certificate,
} from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { readIfPresent, writePrivate } from "./files";
import type { NetworkPlan } from "./plan";

/** One certificate that the cluster needs; pure data, see {@link planCertificates}. */
export interface CertificatePlan {
  /** File name without ending: `<file>.crt` and `<file>.key` in the folder of keys. */
  file: string;
  /** File name of the issuing authority. */
  issuer: (typeof authorities)[number];
  commonName: string;
  /** Groups for Kubernetes (the subject's organizations). */
  organizations?: string[];
  /** Present on certificates of servers. */
  dnsNames?: string[];
  /** Present on certificates of servers. */
  addresses?: string[];
}

/**
 * Authorities of the cluster: one for its API, one for etcd alone, one for the aggregation layer's front proxy, and one for what
 * browsers and curl see at the gateway.
 */
export const authorities = ["ca", "etcd-ca", "front-proxy-ca", "gateway-ca"] as const;

/** The authority that people may trust; what it may sign for is in {@link nameConstraints}. */
const gatewayAuthority = "gateway-ca" satisfies (typeof authorities)[number];

const day = 24 * 60 * 60 * 1000;
/** Authorities live ten years and leaves one, as kubeadm has it. */
const authorityLifetime = 3650 * day;
const leafLifetime = 365 * day;
/** A leaf that ends sooner than this is issued again by the next `up`. */
const renewBefore = 30 * day;
/** Certificates start a little in the past: a machine's clock may be set back. */
const clockSkew = 5 * 60 * 1000;

/** Group that a ClusterRoleBinding of ours makes cluster administrators. It can be taken away, unlike `system:masters`. */
export const administratorsGroup = "berth:cluster-admins";

/**
 * Client identities, by the name of their kubeconfig. Users whose role Kubernetes defines itself carry its `system:` names.
 *
 * @param nodes names of the cluster's nodes; each real one gets a kubelet identity.
 */
export function planClients(
  nodes: readonly string[],
): Record<string, { commonName: string; organizations?: string[] }> {
  return {
    admin: { commonName: "berth:admin", organizations: [administratorsGroup] },
    // Only for the first seconds: it binds the administrators' group. `system:masters` passes by RBAC.
    bootstrap: { commonName: "berth:bootstrap", organizations: ["system:masters"] },
    "controller-manager": { commonName: "system:kube-controller-manager" },
    scheduler: { commonName: "system:kube-scheduler" },
    kubelet: { commonName: `system:node:${nodes[0] ?? ""}`, organizations: ["system:nodes"] },
    "kube-proxy": { commonName: "system:kube-proxy" },
    "network-policies": { commonName: "berth:network-policies" },
    provisioner: { commonName: "berth:provisioner" },
    gateway: { commonName: "berth:gateway" },
    kwok: { commonName: "berth:kwok" },
  };
}

/**
 * Every leaf certificate of a cluster.
 *
 * @param options.apiAddress address that the API server listens on.
 * @param options.nodes names of the nodes.
 */
export function planCertificates(options: {
  network: NetworkPlan;
  apiAddress: string;
  nodes: readonly string[];
}): CertificatePlan[] {
  const { network, apiAddress, nodes } = options;
  const loopback = "127.0.0.1";
  const clients = Object.entries(planClients(nodes)).map(([name, subject]) => ({
    file: `client-${name}`,
    issuer: "ca" as const,
    ...subject,
  }));
  return [
    {
      file: "apiserver",
      issuer: "ca",
      commonName: "kube-apiserver",
      dnsNames: [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        `kubernetes.default.svc.${network.clusterDomain}`,
        "localhost",
      ],
      addresses: [...new Set([network.apiServiceAddress, apiAddress, loopback])],
    },
    { file: "apiserver-kubelet-client", issuer: "ca", commonName: "kube-apiserver-kubelet-client" },
    { file: "apiserver-etcd-client", issuer: "etcd-ca", commonName: "kube-apiserver-etcd-client" },
    { file: "etcd", issuer: "etcd-ca", commonName: "etcd", dnsNames: ["localhost"], addresses: [loopback] },
    { file: "front-proxy-client", issuer: "front-proxy-ca", commonName: "front-proxy-client" },
    {
      file: "serving",
      issuer: "ca",
      commonName: "berth-control-plane",
      dnsNames: ["localhost"],
      addresses: [loopback],
    },
    {
      file: "kubelet-serving",
      issuer: "ca",
      commonName: `system:node:${nodes[0] ?? ""}`,
      organizations: ["system:nodes"],
      dnsNames: [nodes[0] ?? "localhost"],
      addresses: [...new Set([network.nodeAddress, loopback])],
    },
    ...clients,
  ];
}

/**
 * The gateway's certificate: one for every environment, as their hosts are single labels below the domain.
 *
 * @param domain domain of all environments.
 */
export function planGatewayCertificate(domain: string): CertificatePlan {
  return { file: "gateway", issuer: gatewayAuthority, commonName: `*.${domain}`, dnsNames: [`*.${domain}`, domain] };
}

/**
 * X.509 name constraints (RFC 5280, 4.2.1.10) in DER: names below `localhost`, and no address at all. Whoever adds the gateway's
 * authority to a browser thus trusts it for this machine only, even if its key gets lost.
 */
function nameConstraints(): Buffer {
  const tlv = (tag: number, ...parts: Buffer[]): Buffer => {
    const content = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, content.length]), content]);
  };
  const sequence = 0x30;
  const subtree = (tag: number, name: Buffer): Buffer => tlv(sequence, tlv(tag, name));
  // GeneralName: dNSName is [2], iPAddress is [7] with address and mask; all zeros mean every address.
  const permitted = tlv(0xa0, subtree(0x82, Buffer.from("localhost", "ascii")));
  const excluded = tlv(0xa1, subtree(0x87, Buffer.alloc(8)), subtree(0x87, Buffer.alloc(32)));
  return tlv(sequence, permitted, excluded);
}

/** Subject alternative names as Node prints them, to compare a certificate on disk with its plan. */
function alternativeNames(plan: CertificatePlan): string {
  return [
    ...(plan.dnsNames ?? []).map((name) => `DNS:${name}`),
    ...(plan.addresses ?? []).map((address) => `IP Address:${address}`),
  ].join(", ");
}

/**
 * Whether the certificate on disk still serves its plan.
 *
 * @param pem the certificate, or null when there is none.
 * @param issuerPem the authority's certificate that must have signed it.
 * @param now milliseconds since the epoch.
 */
export function isCurrent(pem: string | null, issuerPem: string, plan: CertificatePlan, now: number): boolean {
  if (pem === null) return false;
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (error) {
    // OpenSSL's parse errors carry such a code: a damaged file is issued again.
    if (error instanceof Error && "code" in error) return false;
    throw error;
  }
  const subject = [...(plan.organizations ?? []).map((o) => `O=${o}`), `CN=${plan.commonName}`].join("\n");
  return (
    certificate.verify(new X509Certificate(issuerPem).publicKey) &&
    certificate.subject === subject &&
    (certificate.subjectAltName ?? "") === alternativeNames(plan) &&
    Date.parse(certificate.validTo) - now > renewBefore
  );
}

/** A private key as Web Crypto and as PEM; every key of the cluster is an EC key on P-256. */
async function newKey(): Promise<{ keys: webcrypto.CryptoKeyPair; pem: string }> {
  const keys = await webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
  const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  const pem = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  return { keys, pem: pem.export({ format: "pem", type: "sec1" }).toString() };
}

const signing = { name: "ECDSA", hash: "SHA-256" } as const;

/** Positive and 16 bytes long: RFC 5280 wants at most 20 octets, CA/B at least 64 bits of randomness. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString("hex");
}

/**
 * Makes what is missing, damaged, soon to expire or no longer fitting among the cluster's keys and certificates. What is
 * good stays as it is, so a restart changes nothing.
 *
 * @param folder folder of keys; made with mode 0700.
 * @param plans see {@link planCertificates}.
 * @param now milliseconds since the epoch. @default the clock
 * @returns names of the files that were issued, empty when all was good, and the fingerprint of all certificates.
 */
export async function ensureCertificates(
  folder: string,
  plans: readonly CertificatePlan[],
  now: number = Date.now(),
): Promise<{ issued: string[]; fingerprint: string }> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const issued: string[] = [];
  const fingerprint = createHash("sha256");
  for (const authority of authorities) {
    const present = await readIfPresent(join(folder, `${authority}.crt`));
    const key = await readIfPresent(join(folder, `${authority}.key`));
    if (present === null || key === null) {
      await issueAuthority(folder, authority, now);
      issued.push(authority);
    }
  }
  await ensureServiceAccountKeys(folder);
  for (const plan of plans) {
    const issuerPem = await readFile(join(folder, `${plan.issuer}.crt`), "utf8");
    const pem = await readIfPresent(join(folder, `${plan.file}.crt`));
    const key = await readIfPresent(join(folder, `${plan.file}.key`));
    if (key === null || !isCurrent(pem, issuerPem, plan, now)) {
      await issueLeaf(folder, plan, now);
      issued.push(plan.file);
    }
    fingerprint.update(await readFile(join(folder, `${plan.file}.crt`)));
  }
  return { issued, fingerprint: fingerprint.digest("hex") };
}

async function issueAuthority(folder: string, authority: string, now: number): Promise<void> {
  const x509 = await import("@peculiar/x509");
  const { keys, pem } = await newKey();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: [{ CN: [`berth-${authority}`] }],
      serialNumber: serialNumber(),
      notBefore: new Date(now - clockSkew),
      notAfter: new Date(now + authorityLifetime),
      keys,
      signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ...(authority === gatewayAuthority ? [new x509.Extension("2.5.29.30", true, nameConstraints())] : []),
      ],
    },
    webcrypto,
  );
  await writePrivate(join(folder, `${authority}.key`), pem);
  await writePrivate(join(folder, `${authority}.crt`), `${certificate.toString("pem")}\n`);
}

async function issueLeaf(folder: string, plan: CertificatePlan, now: number): Promise<void> {
  const x509 = await import("@peculiar/x509");
  const issuer = new x509.X509Certificate(await readFile(join(folder, `${plan.issuer}.crt`), "utf8"));
  const issuerKey = createPrivateKey(await readFile(join(folder, `${plan.issuer}.key`), "utf8"));
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    issuerKey.export({ format: "der", type: "pkcs8" }),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const { keys, pem } = await newKey();
  const isServer = plan.dnsNames !== undefined || plan.addresses !== undefined;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      subject: [...(plan.organizations ?? []).map((o) => ({ O: [o] })), { CN: [plan.commonName] }],
      issuer: issuer.subjectName.toJSON(),
      serialNumber: serialNumber(),
      notBefore: new Date(now - clockSkew),
      notAfter: new Date(now + leafLifetime),
      publicKey: keys.publicKey,
      signingKey,
      signingAlgorithm: signing,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([
          // etcd's gateway dials itself with its serving certificate, so servers are clients too.
          ...(isServer ? [x509.ExtendedKeyUsage.serverAuth] : []),
          x509.ExtendedKeyUsage.clientAuth,
        ]),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ...(isServer
          ? [
              new x509.SubjectAlternativeNameExtension([
                ...(plan.dnsNames ?? []).map((value) => ({ type: "dns" as const, value })),
                ...(plan.addresses ?? []).map((value) => ({ type: "ip" as const, value })),
              ]),
            ]
          : []),
      ],
    },
    webcrypto,
  );
  await writePrivate(join(folder, `${plan.file}.key`), pem);
  await writePrivate(join(folder, `${plan.file}.crt`), `${certificate.toString("pem")}\n`);
}

/** The pair that signs and checks ServiceAccount tokens. */
async function ensureServiceAccountKeys(folder: string): Promise<void> {
  const keyFile = join(folder, "service-accounts.key");
  const publicFile = join(folder, "service-accounts.pub");
  if ((await readIfPresent(keyFile)) !== null && (await readIfPresent(publicFile)) !== null) return;
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { format: "pem", type: "sec1" },
    publicKeyEncoding: { format: "pem", type: "spki" },
  });
  await writePrivate(keyFile, privateKey);
  await writePrivate(publicFile, publicKey);
}
