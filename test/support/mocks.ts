import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks";

/*
 * Runs a Pulumi program without an engine and gives back every resource that it registered, with its options, which Pulumi's own
 * mocks do not show.
 */

/** One registered resource. Other resources are named by their logical names. */
export interface Registration {
  type: string;
  name: string;
  /** Inputs; a secret is `{ secret: value }`. */
  inputs: Record<string, unknown>;
  parent?: string;
  deletedWith?: string;
  dependsOn?: string[];
  protect?: boolean;
  /** True when the resource stays as it is when it leaves the program. */
  retainOnDelete?: boolean;
  ignoreChanges?: string[];
  /** The explicit provider's logical name. */
  provider?: string;
  /** ID of what exists and is taken over. */
  import?: string;
  /** ID of what exists and is only read. */
  reads?: string;
  customTimeouts?: { create?: string; update?: string; delete?: string };
}

/** What to run a program with. */
export interface RecordOptions {
  /** @default "stack" */
  stack?: string;
  /** Stack config; values that are not text are given as JSON. */
  config?: Record<string, unknown>;
  /** Keys of `config` whose values are encrypted in the stack's file. */
  encrypted?: string[];
  /** Outputs of the stacks that the program may refer to, by full name. */
  stacks?: Record<string, Record<string, unknown>>;
}

/** What a program registered. */
export class Recording {
  constructor(
    readonly registrations: readonly Registration[],
    /** What it warned of. */
    readonly warnings: readonly string[],
    /** What the program gave back. */
    readonly result: unknown,
  ) {}

  /**
   * The one resource of a type and name.
   *
   * @throws Error that lists what there is when there is no such resource
   */
  get(type: string, name: string): Registration {
    const found = this.registrations.find((one) => one.type === type && one.name === name);
    if (found) return found;
    const all = this.registrations.map((one) => `${one.type} ${one.name}`).join("\n  ");
    throw new Error(`No ${type} named ${name} was registered. There are:\n  ${all}`);
  }

  /** All resources of a type. */
  ofType(type: string): Registration[] {
    return this.registrations.filter((one) => one.type === type);
  }
}

/** Signature by which the engine's protocol marks a secret. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/** Password that every RandomPassword has under these mocks. */
export const MOCK_PASSWORD = "mock-password";

/**
 * Runs a program under mocks.
 *
 * @param program registers resources; may be asynchronous
 * @throws Error on any resource type or function call that the mocks do not know
 */
export async function record(program: () => unknown, options: RecordOptions = {}): Promise<Recording> {
  const registrations: Registration[] = [];
  const warnings: string[] = [];
  await pulumi.runtime.setMocks(
    {
      call: ({ token }) => {
        throw new Error(`No mock for the function ${token}`);
      },
      newResource: (args) => ({ id: `${args.name}-id`, state: stateOf(args, options) }),
    },
    "berth",
    options.stack ?? "stack",
    false,
    "organization",
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(options.config ?? {}).map(([key, value]) => [
        `berth:${key}`,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    (options.encrypted ?? []).map((key) => `berth:${key}`),
  );
  const restore = watchRegistrations((registration) => registrations.push(registration));
  const unwatch = watchWarnings((warning) => warnings.push(warning));
  try {
    const result: unknown = await program();
    await pulumi.runtime.disconnect();
    return new Recording(registrations, warnings, result);
  } finally {
    restore();
    unwatch();
  }
}

function stateOf(args: pulumi.runtime.MockResourceArgs, options: RecordOptions): Record<string, unknown> {
  if (args.type === "pulumi:pulumi:StackReference") {
    const outputs = options.stacks?.[args.name];
    if (!outputs) throw new Error(`No mock for the stack ${args.name}`);
    return { outputs };
  }
  if (args.type === "random:index/randomPassword:RandomPassword") {
    return { ...(args.inputs as object), result: MOCK_PASSWORD };
  }
  if (args.type.startsWith("kubernetes:") && args.id) return readState(args.id);
  if (/^(kubernetes|berth|pulumi:providers):/.test(args.type)) return args.inputs as Record<string, unknown>;
  if (/^(aws|eks|github):/.test(args.type)) return cloudState(args);
  throw new Error(`No mock for the resource type ${args.type}`);
}

/** Value of every key of an object that is read under these mocks, as the API server has it. */
export const MOCK_VALUE = Buffer.from("mock-value").toString("base64");

function readState(id: string): Record<string, unknown> {
  const [namespace, name] = id.split("/");
  return { metadata: { namespace, name, uid: `${id}-uid`, resourceVersion: "1" }, data: { KEY: MOCK_VALUE } };
}

/** What a cloud would answer: the inputs, an ARN that tells which resource is meant, and the outputs that programs read. */
function cloudState({ type, name, inputs }: pulumi.runtime.MockResourceArgs): Record<string, unknown> {
  const given = inputs as Record<string, unknown>;
  const state = { arn: `arn:mock:${name}`, name, ...given };
  if (type === "aws:ec2/launchTemplate:LaunchTemplate") return { ...state, latestVersion: 1 };
  if (type === "aws:eks/nodeGroup:NodeGroup") {
    return { ...state, resources: [{ autoscalingGroups: [{ name: `eks-${String(given["nodeGroupName"])}` }] }] };
  }
  if (type === "aws:ecr/repository:Repository") {
    return { ...state, repositoryUrl: `111122223333.dkr.ecr.mock.amazonaws.com/${state.name}` };
  }
  if (type === "aws:s3/bucket:Bucket") return { bucket: name, ...state };
  if (type !== "eks:index:Cluster") return state;
  const eksCluster = {
    name: given["name"],
    arn: state.arn,
    endpoint: "https://cluster.invalid",
    version: given["version"],
    roleArn: `arn:mock:${name}-role`,
  };
  return { ...state, ...MOCK_CLUSTER, eksCluster };
}

/** What every `eks.Cluster` gives under these mocks. */
export const MOCK_CLUSTER = {
  kubeconfigJson: "{}",
  kubeconfig: {},
  clusterSecurityGroupId: "sg-cluster",
  nodeSecurityGroupId: "sg-node",
};

/** The parts of a registration request that are read here; the SDK ships no types for them. */
interface Request {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Record<string, unknown> };
  getParent(): string;
  getDeletedwith(): string;
  getDependenciesList(): string[];
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getIgnorechangesList(): string[];
  getProvider(): string;
  getImportid(): string;
  getCustomtimeouts(): { getCreate(): string; getUpdate(): string; getDelete(): string } | undefined;
}

/** The parts of a request to read an object that are read here. */
type ReadRequest = Pick<Request, "getType" | "getName" | "getParent"> & { getId(): string };

/** Listens to what the SDK sends to the mocked monitor. Gives a function that stops it. */
function watchRegistrations(listener: (registration: Registration) => void): () => void {
  const prototype = MockMonitor.prototype as {
    registerResource: (request: Request, callback: unknown) => Promise<void>;
    readResource: (request: ReadRequest, callback: unknown) => Promise<void>;
  };
  const { registerResource: original, readResource: originalRead } = prototype;
  prototype.registerResource = async function (request, callback) {
    if (request.getType() !== "pulumi:pulumi:StackReference") listener(read(request));
    return original.call(this, request, callback);
  };
  prototype.readResource = async function (request, callback) {
    const reads = request.getId();
    if (request.getType() !== "pulumi:pulumi:StackReference") {
      const parent = nameOf(request.getParent());
      listener({ type: request.getType(), name: request.getName(), inputs: {}, ...present({ parent, reads }) });
    }
    return originalRead.call(this, request, callback);
  };
  return () => {
    prototype.registerResource = original;
    prototype.readResource = originalRead;
  };
}

/** Listens to what programs warn of, which would go to the terminal here. Gives a function that stops it. */
function watchWarnings(listener: (warning: string) => void): () => void {
  const log = pulumi.log as { warn: typeof pulumi.log.warn };
  const { warn: original } = log;
  log.warn = (warning) => {
    listener(warning);
    return Promise.resolve();
  };
  return () => {
    log.warn = original;
  };
}

function read(request: Request): Registration {
  const timeouts = request.getCustomtimeouts();
  const customTimeouts = timeouts
    ? present({ create: timeouts.getCreate(), update: timeouts.getUpdate(), delete: timeouts.getDelete() })
    : {};
  const dependsOn = request.getDependenciesList().map(nameOf).sort();
  const ignoreChanges = request.getIgnorechangesList();
  return {
    type: request.getType(),
    name: request.getName(),
    inputs: unwrapSecrets(request.getObject().toJavaScript()) as Record<string, unknown>,
    ...present({ parent: nameOf(request.getParent()), deletedWith: nameOf(request.getDeletedwith()) }),
    ...(dependsOn.length > 0 ? { dependsOn } : {}),
    ...(request.getProtect() ? { protect: true } : {}),
    ...(request.getRetainondelete() ? { retainOnDelete: true } : {}),
    ...(ignoreChanges.length > 0 ? { ignoreChanges } : {}),
    // A reference is the provider's URN and ID.
    ...present({ provider: request.getProvider().split("::").at(-2) ?? "", import: request.getImportid() }),
    ...(Object.keys(customTimeouts).length > 0 ? { customTimeouts } : {}),
  };
}

/** The logical name at the end of a URN; empty for none. */
function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? "";
}

function present<Fields extends Record<string, string>>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== "")) as Partial<Fields>;
}

function unwrapSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unwrapSecrets);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  if (fields[SIGNATURE] === SECRET) return { secret: unwrapSecrets(fields["value"]) };
  return Object.fromEntries(Object.entries(fields).map(([key, inner]) => [key, unwrapSecrets(inner)]));
}
