import { readFileSync } from "node:fs";

import type { ConstructResult } from "@pulumi/pulumi/provider";

import type { ConstructRequest, Engine, Properties, Provider } from "../provider";
import { ClusterComponent } from "./cluster";

/** The stand-in for Pulumi's plugin of EKS. Its resources are those of the provider for AWS, which may be a stand-in too. */
export class EksProvider implements Provider {
  readonly name = "eks";
  readonly version = readVersion();

  async configure(_inputs: Properties, engine: Engine): Promise<void> {
    await engine.log(
      "warning",
      "EKS is a stand-in: there is no cluster behind what it makes (local/plugins/eks/README.md)",
    );
  }

  construct({ type, name, inputs, options }: ConstructRequest): Promise<ConstructResult> {
    if (type !== "eks:index:Cluster")
      throw new Error(`the stand-in for EKS does not cover the component ${type} (local/plugins/eks/README.md)`);
    const { urn, state } = new ClusterComponent(name, inputs, options);
    return Promise.resolve({ urn, state });
  }
}

function readVersion(): string {
  const manifest = readFileSync(require.resolve("@pulumi/eks/package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
