import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

import { KubeConfig, KubernetesObjectApi, PatchStrategy, type KubernetesObject } from "@kubernetes/client-node";
import { LocalWorkspace, PulumiCommand, type EngineEvent, type OpMap, type Stack } from "@pulumi/pulumi/automation";
import * as settings from "@pulumi/pulumi/runtime/settings";

import { testCluster, type TestCluster, type TestEngine } from "../../support/cluster";

/*
 * The programs of these tests run inside the test's process, hundreds of them, each for an engine on ports of its own. gRPC shares connections by address
 * within a process and keeps those to an engine that is gone; an engine that by chance gets the same port is then called unavailable ("No connection
 * established. Last error: null"). So each client has connections of its own.
 */
const { grpcClientOptions } = settings as unknown as { grpcClientOptions: Record<string, unknown> };
grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;

/** A Kubernetes object whose fields a test looks into. */
export interface Live extends KubernetesObject {
  data?: Record<string, string>;
  spec?: Record<string, unknown>;
  status?: Record<string, unknown>;
}

/** What an operation said and did. */
export interface Outcome {
  /** Everything that was printed. */
  output: string;
  /** Resources by what happened to them; absent when the operation failed. */
  changes: OpMap;
  /** Values of the stack's outputs. */
  outputs: Record<string, unknown>;
  /** Events of the engine, in order. */
  events: EngineEvent[];
}

/** A program: it makes resources and may return an object of the stack's outputs, also as a promise. */
export type Program = () => unknown;

let counter = 0;

/** A name that no other test of this run or of another has: for namespaces, stacks and cluster-scoped objects. */
export function uniqueName(prefix: string): string {
  counter += 1;
  return `t-${prefix}-${process.pid.toString(36)}${counter.toString(36)}`;
}

/** How a test's stack differs from others. */
export interface TestStackOptions {
  /** @default "case" */
  stackName?: string;
  /** Folders of policy packs that judge every preview and update. @default none */
  policyPacks?: string[];
  /** A file of parameters for each pack. @default none */
  policyPackConfigs?: string[];
}

/** A stack in a backend of its own whose program the test sets step by step. */
export class TestStack<Engine extends TestEngine = TestCluster> {
  /** The program of the next operation. */
  program: Program = () => undefined;

  private constructor(
    readonly stack: Stack,
    readonly cluster: Engine,
    private readonly folder: string,
    private readonly holder: { stack?: { program: Program } },
    private readonly options: TestStackOptions,
  ) {}

  /** Makes an empty stack on the cluster of this test run. */
  static async open(env: Record<string, string> = {}): Promise<TestStack> {
    return TestStack.openWith(await testCluster(), env);
  }

  /** Makes an empty stack that an engine of the test's choice runs. */
  static async openWith<Engine extends TestEngine>(
    engine: Engine,
    env: Record<string, string> = {},
    options: TestStackOptions = {},
  ): Promise<TestStack<Engine>> {
    const folder = await mkdtemp(join(tmpdir(), "berth-provider-"));
    const holder: { stack?: TestStack<Engine> } = {};
    const stack = await LocalWorkspace.createStack(
      {
        stackName: options.stackName ?? "case",
        projectName: "conformance",
        program: async () => ({ ...((await holder.stack?.program()) as object | undefined) }),
      },
      {
        pulumiCommand: await PulumiCommand.get({ root: dirname(dirname(engine.pulumi)) }),
        envVars: {
          ...engine.env,
          PULUMI_BACKEND_URL: pathToFileURL(folder).href,
          PULUMI_CONFIG_PASSPHRASE_FILE: "",
          PULUMI_CONFIG_PASSPHRASE: "conformance",
          ...env,
        },
      },
    );
    holder.stack = new TestStack(stack, engine, folder, holder, options);
    return holder.stack;
  }

  /** Updates the stack; rejects with the engine's output when it fails. */
  up(program: Program = this.program): Promise<Outcome> {
    this.program = program;
    return this.watched((onOutput, onEvent) => this.stack.up({ onOutput, onEvent, ...this.packs }));
  }

  /** Previews without changing anything. */
  preview(program: Program = this.program): Promise<Outcome> {
    this.program = program;
    return this.watched((onOutput, onEvent) => this.stack.preview({ onOutput, onEvent, ...this.packs }));
  }

  private get packs(): Pick<TestStackOptions, "policyPacks" | "policyPackConfigs"> {
    const { policyPacks, policyPackConfigs } = this.options;
    return { policyPacks, policyPackConfigs };
  }

  /** Reads the state anew from the cluster. */
  refresh(): Promise<Outcome> {
    return this.watched((onOutput, onEvent) => this.stack.refresh({ onOutput, onEvent }));
  }

  /** Deletes all resources. */
  destroy(): Promise<Outcome> {
    return this.watched((onOutput, onEvent) => this.stack.destroy({ onOutput, onEvent }));
  }

  /** An operation that has to fail: what was printed, whose text must match. */
  async failing(operation: Promise<Outcome>, ...patterns: RegExp[]): Promise<string> {
    const message = await operation.then(
      () => assert.fail("the operation succeeded although it should have failed"),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    for (const pattern of patterns) assert.match(message, pattern);
    return message;
  }

  /** The state's file as it lies in the backend, with secrets encrypted. */
  async stateText(): Promise<string> {
    return readFile(join(this.folder, `.pulumi/stacks/conformance/${this.stack.name}.json`), "utf8");
  }

  /** Resources in the state, with secrets encrypted. */
  async resources(): Promise<StateResource[]> {
    const { checkpoint } = JSON.parse(await this.stateText()) as {
      checkpoint: { latest?: { resources?: StateResource[] } };
    };
    return checkpoint.latest?.resources ?? [];
  }

  /** The state's only resource of a type. */
  async resource(type: string): Promise<StateResource> {
    const found = (await this.resources()).filter((one) => one.type === type);
    assert.equal(found.length, 1, `resources of type ${type} in the state`);
    const [only] = found;
    assert.ok(only);
    return only;
  }

  /** Destroys what is left and removes the backend. */
  async close(): Promise<void> {
    try {
      await this.stack.destroy({ continueOnError: true });
    } finally {
      delete this.holder.stack;
      await rm(this.folder, { recursive: true, force: true });
    }
  }

  private async watched(
    run: (
      onOutput: (text: string) => void,
      onEvent: (event: EngineEvent) => void,
    ) => Promise<{
      summary?: { resourceChanges?: OpMap };
      changeSummary?: OpMap;
      outputs?: Record<string, { value: unknown }>;
    }>,
  ): Promise<Outcome> {
    let output = "";
    const events: EngineEvent[] = [];
    const result = await run(
      (text) => (output += text),
      (event) => events.push(event),
    );
    const outputs = Object.fromEntries(Object.entries(result.outputs ?? {}).map(([key, { value }]) => [key, value]));
    return { output, changes: result.summary?.resourceChanges ?? result.changeSummary ?? {}, outputs, events };
  }
}

/** A resource as the state holds it. */
export interface StateResource {
  urn: string;
  type: string;
  id?: string;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
  initErrors?: string[];
}

/** What happened to the resources of a type, from an operation's events: `create`, `update`, `replace`, `same`, … */
export function operations(outcome: Outcome, type: string): string[] {
  return outcome.events
    .map((event) => event.resourcePreEvent?.metadata)
    .filter((metadata) => metadata?.type === type)
    .map((metadata) => metadata?.op as string);
}

/** Direct access to the cluster, past Pulumi. */
export async function kube(): Promise<KubernetesObjectApi> {
  const config = new KubeConfig();
  config.loadFromFile((await testCluster()).kubeconfig);
  return KubernetesObjectApi.makeApiClient(config);
}

/** Reads one object; null when there is none. */
export async function find(apiVersion: string, kind: string, name: string, namespace?: string): Promise<Live | null> {
  try {
    const api = await kube();
    return await api.read<Live>({ apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } });
  } catch (error) {
    if ((error as { code?: number }).code === 404) return null;
    throw error;
  }
}

/** Reads one object that has to be there. */
export async function get(apiVersion: string, kind: string, name: string, namespace?: string): Promise<Live> {
  const live = await find(apiVersion, kind, name, namespace);
  assert.ok(live, `${kind} ${namespace ?? ""}/${name} does not exist`);
  return live;
}

/** What to change in an object; null takes a field away. */
export interface Change {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string; labels?: Record<string, string>; finalizers?: string[] | null };
  data?: Record<string, string>;
}

/** Changes an object past Pulumi, by a merge patch under the name of somebody else. */
export async function change(object: Change): Promise<void> {
  const api = await kube();
  await api.patch(
    object as KubernetesObject,
    undefined,
    undefined,
    "somebody-else",
    undefined,
    PatchStrategy.MergePatch,
  );
}

/** Deletes an object past Pulumi. */
export async function remove(apiVersion: string, kind: string, name: string, namespace: string): Promise<void> {
  const object = { apiVersion, kind, metadata: { name, namespace } };
  await (await kube()).delete(object);
}

/** A namespace past Pulumi, for tests that are not about namespaces. */
export async function withNamespace(run: (namespace: string) => Promise<void>): Promise<void> {
  const api = await kube();
  const name = uniqueName("ns");
  const object = { apiVersion: "v1", kind: "Namespace", metadata: { name } };
  await api.create(object);
  try {
    await run(name);
  } finally {
    await api.delete(object);
  }
}
