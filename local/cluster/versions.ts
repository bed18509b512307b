import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { requiredVersion } from "../toolchain/parts";
import { repositoryRoot } from "../toolchain/sources";

/** Versions of the programs that are built from Go modules. */
export interface Versions {
  kubernetes: string;
  etcd: string;
  kwok: string;
  coredns: string;
  traefik: string;
  networkPolicies: string;
}

const modules: Record<keyof Versions, string> = {
  kubernetes: "k8s.io/kubernetes",
  etcd: "go.etcd.io/etcd/server/v3",
  kwok: "sigs.k8s.io/kwok",
  coredns: "github.com/coredns/coredns",
  traefik: "github.com/traefik/traefik/v3",
  networkPolicies: "sigs.k8s.io/kube-network-policies",
};

/** Reads the versions from the go.mod that the programs are built from. */
export async function readVersions(): Promise<Versions> {
  const text = await goMod();
  const entries = Object.entries(modules).map(([name, module]) => [name, requiredVersion(text, module)]);
  return Object.fromEntries(entries) as Versions;
}

/** Version of the Pulumi engine that is built from Go modules. */
export async function engineVersion(): Promise<string> {
  return requiredVersion(await goMod(), "github.com/pulumi/pulumi/pkg/v3");
}

async function goMod(): Promise<string> {
  return readFile(join(repositoryRoot(), "local", "go", "go.mod"), "utf8");
}
