import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { KubeConfig, KubernetesObjectApi, type KubernetesObject } from "@kubernetes/client-node";
import {
  LocalWorkspace,
  PulumiCommand,
  type EngineEvent,
  type OpMap,
  type PolicyEvent,
  type PreviewOptions,
  type Stack,
} from "@pulumi/pulumi/automation";
import { parse, stringify } from "yaml";

import type { ClusterInput } from "../../../config/cluster";
import { testCluster } from "../../support/cluster";

/*
 * A cluster's stack as one runs it by hand: the compiled program, a stack config in a file, the real engine. The plugins for AWS and EKS are stand-ins
 * which keep what they make in a file; the cluster that they stand in for is the simulated one of the tests.
 */

const root = join(__dirname, "../../..");

/** The settings of an example that is committed. */
export async function exampleCluster(file: string): Promise<ClusterInput> {
  const { config } = parse(await readFile(join(root, file), "utf8")) as { config: { "berth:cluster": ClusterInput } };
  return config["berth:cluster"];
}

/** What happened to one resource. */
export interface Step {
  /** `create`, `update`, `delete`, `replace`, … */
  op: string;
  type: string;
  /** Logical name. */
  name: string;
}

/** What an operation did. */
export interface ClusterOutcome {
  /** Everything that was printed. */
  output: string;
  changes: OpMap;
  outputs: Record<string, unknown>;
  /** All that was done; what stayed the same and what was only read is left out. */
  steps: Step[];
  /** Messages of the engine, of programs and plugins. */
  messages: string[];
  /** What policies found, by their names. */
  policies: Pick<PolicyEvent, "policyName" | "enforcementLevel" | "message">[];
}

/** A resource that the stand-in for AWS has. */
export interface AwsResource {
  type: string;
  id: string;
}

/** One stack of a cluster, in folders of its own. */
export class ClusterStack {
  private constructor(
    private readonly stack: Stack,
    private readonly folder: string,
    private readonly kube: KubernetesObjectApi,
    /** The stack's name. */
    readonly name: string,
  ) {}

  /** Makes an empty stack. The cluster knows the kind VolumeSnapshotClass until it is closed. */
  static async open(name: string): Promise<ClusterStack> {
    const cluster = await testCluster();
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const kube = KubernetesObjectApi.makeApiClient(config);
    await define(kube);
    const folder = await mkdtemp(join(tmpdir(), "berth-cluster-"));
    const [work, state] = [join(folder, "work"), join(folder, "state")];
    await Promise.all([work, state].map((path) => mkdir(path)));
    const project = parse(await readFile(join(root, "Pulumi.yaml"), "utf8")) as { main: string };
    await writeFile(join(work, "Pulumi.yaml"), stringify({ ...project, main: join(root, project.main) }));
    const stack = await LocalWorkspace.createStack(
      { stackName: name, workDir: work },
      {
        pulumiCommand: await PulumiCommand.get({ root: dirname(dirname(cluster.pulumi)) }),
        envVars: {
          ...cluster.env,
          PULUMI_BACKEND_URL: pathToFileURL(state).href,
          PULUMI_CONFIG_PASSPHRASE_FILE: "",
          PULUMI_CONFIG_PASSPHRASE: "cluster",
          BERTH_STAND_IN_STATE: join(folder, "clouds"),
          BERTH_STAND_IN_KUBECONFIG: cluster.kubeconfig,
        },
      },
    );
    return new ClusterStack(stack, folder, kube, name);
  }

  /** Writes the stack's config, as one does by hand. */
  async configure(cluster: unknown): Promise<void> {
    const path = join(this.folder, "work", `Pulumi.${this.name}.yaml`);
    const old = parse(await readFile(path, "utf8")) as Record<string, unknown>;
    await writeFile(path, stringify({ ...old, config: { "berth:role": "cluster", "berth:cluster": cluster } }));
  }

  preview(options: Pick<PreviewOptions, "policyPacks"> = {}): Promise<ClusterOutcome> {
    return watched((common) => this.stack.preview({ ...common, ...options }));
  }

  up(options: { expectNoChanges?: boolean } = {}): Promise<ClusterOutcome> {
    return watched((common) => this.stack.up({ ...common, ...options }));
  }

  destroy(): Promise<ClusterOutcome> {
    return watched((options) => this.stack.destroy(options));
  }

  /** All that the stand-in for AWS has. */
  async aws(): Promise<AwsResource[]> {
    try {
      const text = await readFile(join(this.folder, "clouds", "aws.json"), "utf8");
      return (JSON.parse(text) as { resources: AwsResource[] }).resources;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error;
    }
  }

  /** Whether there is such an object in the cluster. */
  async has(apiVersion: string, kind: string, name: string, namespace?: string): Promise<boolean> {
    try {
      await this.kube.read({ apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } });
      return true;
    } catch (error) {
      if ((error as { code?: number }).code === 404) return false;
      throw error;
    }
  }

  /** Takes away what is left of the stack, and its folders. */
  async close(unprotected?: ClusterInput): Promise<void> {
    try {
      if (unprotected) {
        await this.configure({ ...unprotected, deletionProtection: false });
        await this.stack.up().catch(() => undefined);
      }
      await this.stack.destroy({ continueOnError: true });
    } finally {
      await this.kube.delete(await definition()).catch(() => undefined);
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}

/** What an operation that has to fail printed. */
export async function failing(operation: Promise<ClusterOutcome>): Promise<string> {
  return operation.then(
    () => assert.fail("the operation succeeded although it should have failed"),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

async function definition(): Promise<KubernetesObject> {
  return parse(await readFile(join(root, "test/support/volume-snapshot-class.yaml"), "utf8")) as KubernetesObject;
}

/** Makes the kind known, and waits until the API server serves it. */
async function define(kube: KubernetesObjectApi): Promise<void> {
  for (let tries = 0; ; tries++) {
    // Again each time: what is there may be on its way out, since the stack before this one has just been closed.
    await kube.create(await definition()).catch((error: unknown) => {
      if ((error as { code?: number }).code !== 409) throw error;
    });
    try {
      await kube.list("snapshot.storage.k8s.io/v1", "VolumeSnapshotClass");
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

interface Watch {
  onOutput: (text: string) => void;
  onEvent: (event: EngineEvent) => void;
}

async function watched(
  run: (options: Watch) => Promise<{
    summary?: { resourceChanges?: OpMap };
    changeSummary?: OpMap;
    outputs?: Record<string, { value: unknown }>;
  }>,
): Promise<ClusterOutcome> {
  let output = "";
  const steps: Step[] = [];
  const messages: string[] = [];
  const policies: ClusterOutcome["policies"] = [];
  const result = await run({
    onOutput: (text) => (output += text),
    onEvent: ({ resourcePreEvent, diagnosticEvent, policyEvent }) => {
      if (policyEvent) policies.push(policyEvent);
      if (diagnosticEvent) messages.push(`${diagnosticEvent.severity}: ${diagnosticEvent.message}`);
      if (!resourcePreEvent) return;
      const { op, type, urn } = resourcePreEvent.metadata;
      if (["same", "read", "refresh"].includes(op)) return;
      steps.push({ op, type, name: urn.split("::").at(-1) ?? "" });
    },
  });
  const outputs = Object.fromEntries(Object.entries(result.outputs ?? {}).map(([key, { value }]) => [key, value]));
  return {
    output,
    changes: result.summary?.resourceChanges ?? result.changeSummary ?? {},
    outputs,
    steps,
    messages,
    policies,
  };
}
