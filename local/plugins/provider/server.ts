import { fstatSync } from "node:fs";

import {
  credentials,
  Metadata,
  Server,
  ServerCredentials,
  status,
  type sendUnaryData,
  type ServerUnaryCall,
  type ServiceError,
} from "@grpc/grpc-js";
import { InputPropertiesError } from "@pulumi/pulumi";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import * as errors from "@pulumi/pulumi/proto/errors_pb";
import { PluginInfo, type PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService, type IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import { construct } from "./construct";
import { grpcChannelOptions } from "./sdk";
import { InitializationError, type Engine, type Provider, type ResourceName } from "./types";
import { decodeAll, encodeAll, type Properties } from "./values";

/** A provider that answers. */
export interface RunningServer {
  /** Port on 127.0.0.1. */
  port: number;
  /** Ends it at once. */
  stop(): void;
}

/** How often a plugin looks whether its engine is still there, in milliseconds: one that was killed cannot tell. */
const engineCheckInterval = 1000;

/**
 * Serves a provider as the process that the engine starts: prints the port and ends when the engine interrupts it or
 * goes away.
 *
 * @param args arguments of the process; the last is the engine's address
 */
export async function serveProvider(provider: Provider, args: readonly string[] = process.argv.slice(2)) {
  const server = await startServer(provider, args.findLast((arg) => !arg.startsWith("-")) ?? "");
  const end = () => {
    server.stop();
    process.exit(0);
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  // The engine holds the other end of the standard input, whose closing tells at once that it is gone.
  const input = fstatSync(0);
  if (input.isFIFO() || input.isSocket()) process.stdin.on("end", end).on("error", end).resume();
  const engine = process.ppid;
  setInterval(() => {
    if (process.ppid !== engine) end();
  }, engineCheckInterval).unref();
  process.stdout.write(`${server.port}\n`);
}

/**
 * Serves a provider on a free port of 127.0.0.1.
 *
 * @param engineAddress where the engine listens; it may also tell so itself when it connects
 */
export async function startServer(provider: Provider, engineAddress = ""): Promise<RunningServer> {
  const server = new Server(grpcChannelOptions);
  server.addService(ResourceProviderService, service(provider, engineAddress));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error);
      else resolve(bound);
    });
  });
  return { port, stop: () => server.forceShutdown() };
}

function service(provider: Provider, startAddress: string): IResourceProviderServer {
  const engine = new EngineLog(startAddress);
  let acceptsConfiguration: Promise<void> | undefined;

  /** What a provider leaves out fails by name. */
  const having = <Name extends keyof Provider>(name: Name, what: string): Provider & Required<Pick<Provider, Name>> => {
    if (!provider[name]) throw new Error(`the stand-in provider ${provider.name} has no ${what}`);
    return provider as Provider & Required<Pick<Provider, Name>>;
  };
  const unsupported = (what: string) =>
    unary(() => {
      throw Object.assign(new Error(`the stand-in provider ${provider.name} has no ${what}`), {
        code: status.UNIMPLEMENTED,
      });
    });

  return {
    handshake: unary((request: proto.ProviderHandshakeRequest) => {
      engine.address = request.getEngineAddress();
      const response = new proto.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptResources(provider.construct !== undefined);
      response.setAcceptOutputs(provider.construct !== undefined);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),
    attach: unary((request: PluginAttach) => {
      engine.address = request.getAddress();
      return new Empty();
    }),
    getPluginInfo: unary(() => {
      const info = new PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),
    getSchema: unary(() => {
      const response = new proto.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: provider.name, version: provider.version }));
      return response;
    }),
    parameterize: unsupported("parameters"),
    getMapping: unary(() => new proto.GetMappingResponse()),
    getMappings: unary(() => new proto.GetMappingsResponse()),
    call: unary((request: proto.CallRequest) => {
      throw new Error(`the stand-in provider ${provider.name} has no method ${request.getTok()}`);
    }),
    list: (call: { emit(event: "error", error: Partial<ServiceError>): void }) =>
      call.emit("error", { code: status.UNIMPLEMENTED, details: "the stand-in provider lists nothing" }),

    checkConfig: unary((request: proto.CheckRequest) => {
      const response = new proto.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: unary((request: proto.DiffRequest) => {
      const response = new proto.DiffResponse();
      const same = request.getOldInputs()?.serializeBinary() ?? request.getOlds()?.serializeBinary();
      const news = request.getNews()?.serializeBinary();
      const changed = Buffer.compare(Buffer.from(same ?? []), Buffer.from(news ?? [])) !== 0;
      response.setChanges(
        changed ? proto.DiffResponse.DiffChanges.DIFF_SOME : proto.DiffResponse.DiffChanges.DIFF_NONE,
      );
      return response;
    }),
    configure: unary(async (request: proto.ConfigureRequest) => {
      acceptsConfiguration ??= Promise.resolve(provider.configure?.(read(request.getArgs()), engine));
      await acceptsConfiguration;
      const response = new proto.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setAcceptresources(provider.construct !== undefined);
      response.setAcceptoutputs(provider.construct !== undefined);
      response.setSupportsAutonamingConfiguration(true);
      return response;
    }),

    check: unary(async (request: proto.CheckRequest) => {
      const news = read(request.getNews());
      const modes = { 0: "propose", 1: "enforce", 2: "disable" } as const;
      const naming = request.getAutonaming();
      const answer = (await provider.check?.({
        ...nameOf(request),
        olds: request.hasOlds() ? read(request.getOlds()) : undefined,
        news,
        randomSeed: request.getRandomseed_asU8(),
        autonaming: naming && { proposedName: naming.getProposedName(), mode: modes[naming.getMode()] },
      })) ?? { inputs: news };
      const response = new proto.CheckResponse();
      response.setInputs(write(answer.inputs));
      response.setFailuresList(writeFailures(answer.failures));
      return response;
    }),
    diff: unary(async (request: proto.DiffRequest) => {
      const answer = (await provider.diff?.({
        ...nameOf(request),
        id: request.getId(),
        olds: read(request.getOlds()),
        oldInputs: read(request.getOldInputs()),
        news: read(request.getNews()),
      })) ?? { changes: {} };
      return writeDiff(answer.changes, answer.deleteBeforeReplace ?? false);
    }),
    create: unary(async (request: proto.CreateRequest) => {
      const name = nameOf(request);
      const { id, outputs } = await having("create", `resource type ${name.type}`).create({
        ...name,
        inputs: read(request.getProperties()),
        preview: request.getPreview(),
      });
      const response = new proto.CreateResponse();
      response.setId(id);
      response.setProperties(write(outputs));
      return response;
    }),
    read: unary(async (request: proto.ReadRequest) => {
      const name = nameOf(request);
      const found = await having("read", `resource type ${name.type}`).read({
        ...name,
        id: request.getId(),
        state: read(request.getProperties()),
        inputs: read(request.getInputs()),
      });
      const response = new proto.ReadResponse();
      if (!found) return response;
      response.setId(found.id);
      response.setProperties(write(found.outputs));
      response.setInputs(write(found.inputs));
      return response;
    }),
    update: unary(async (request: proto.UpdateRequest) => {
      const name = nameOf(request);
      const outputs = await having("update", `resource type ${name.type}`).update({
        ...name,
        id: request.getId(),
        olds: read(request.getOlds()),
        oldInputs: read(request.getOldInputs()),
        news: read(request.getNews()),
        preview: request.getPreview(),
      });
      const response = new proto.UpdateResponse();
      response.setProperties(write(outputs));
      return response;
    }),
    delete: unary(async (request: proto.DeleteRequest) => {
      const name = nameOf(request);
      await having("delete", `resource type ${name.type}`).delete({
        ...name,
        id: request.getId(),
        state: read(request.getProperties()),
      });
      return new Empty();
    }),
    invoke: unary(async (request: proto.InvokeRequest) => {
      const token = request.getTok();
      const answer = await having("invoke", `function ${token}`).invoke({ token, args: read(request.getArgs()) });
      const response = new proto.InvokeResponse();
      response.setReturn(write(answer.result));
      response.setFailuresList(writeFailures(answer.failures));
      return response;
    }),
    construct: unary((request: proto.ConstructRequest) =>
      construct(having("construct", `component ${request.getType()}`), request, engine.address),
    ),
    cancel: unary(async () => {
      await provider.cancel?.();
      return new Empty();
    }),
  };
}

/** The engine's log, to which one connects when there is something to say. */
class EngineLog implements Engine {
  constructor(public address: string) {}

  log(severity: "debug" | "info" | "warning" | "error", message: string, urn = ""): Promise<void> {
    if (this.address === "") return Promise.resolve();
    const client = new EngineClient(this.address, credentials.createInsecure(), grpcChannelOptions);
    const request = new LogRequest();
    const severities = {
      debug: LogSeverity.DEBUG,
      info: LogSeverity.INFO,
      warning: LogSeverity.WARNING,
      error: LogSeverity.ERROR,
    };
    request.setSeverity(severities[severity]);
    request.setMessage(message);
    request.setUrn(urn);
    return new Promise((resolve, reject) => {
      client.log(request, (error: ServiceError | null) => {
        client.close();
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

/** A handler that answers with what a function returns and reports what it throws. */
function unary<Request, Response>(answer: (request: Request) => Promise<Response> | Response) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    const run = async () => answer(call.request);
    run().then(
      (response) => callback(null, response),
      (error: unknown) => callback(asStatus(error)),
    );
  };
}

/** An error as gRPC reports it, with the details from which the engine learns properties and half-made resources. */
function asStatus(error: unknown): Partial<ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InitializationError) {
    const detail = new proto.ErrorResourceInitFailed();
    detail.setId(error.id);
    detail.setProperties(write(error.outputs));
    detail.setReasonsList(error.reasons);
    detail.setInputs(write(error.inputs));
    return withDetail(status.UNKNOWN, message, detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  }
  if (InputPropertiesError.isInstance(error)) {
    const detail = new errors.InputPropertiesError();
    for (const { propertyPath, reason } of error.errors) {
      const one = new errors.InputPropertiesError.PropertyError();
      one.setPropertyPath(propertyPath);
      one.setReason(reason);
      detail.addErrors(one);
    }
    const { message: text } = error as Error;
    return withDetail(status.INVALID_ARGUMENT, text, detail.serializeBinary(), "pulumirpc.InputPropertiesError");
  }
  return { code: (error as { code?: status }).code ?? status.UNKNOWN, details: message };
}

function withDetail(code: status, message: string, bytes: Uint8Array, type: string): Partial<ServiceError> {
  const detail = new Any();
  detail.pack(bytes, type);
  const answer = new Status();
  answer.setCode(code);
  answer.setMessage(message);
  answer.addDetails(detail);
  const metadata = new Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(answer.serializeBinary()));
  return { code, details: message, metadata };
}

function nameOf(request: { getUrn(): string; getType(): string; getName(): string }): ResourceName {
  const urn = request.getUrn();
  const [, , types = "", ...name] = urn.split("::");
  return {
    urn,
    type: request.getType() || types.slice(types.lastIndexOf("$") + 1),
    name: request.getName() || name.join("::"),
  };
}

function read(struct: Struct | undefined): Properties {
  return decodeAll(struct?.toJavaScript() ?? {});
}

function write(properties: Properties): Struct {
  return Struct.fromJavaScript(encodeAll(properties) as Parameters<typeof Struct.fromJavaScript>[0]);
}

function writeFailures(failures: readonly { property: string; reason: string }[] = []): proto.CheckFailure[] {
  return failures.map(({ property, reason }) => {
    const failure = new proto.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });
}

function writeDiff(
  changes: Record<string, { kind: "add" | "delete" | "update"; replace?: boolean }>,
  deleteBeforeReplace: boolean,
): proto.DiffResponse {
  const response = new proto.DiffResponse();
  const entries = Object.entries(changes);
  const { DIFF_SOME, DIFF_NONE } = proto.DiffResponse.DiffChanges;
  response.setChanges(entries.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(deleteBeforeReplace);
  const roots = (chosen: typeof entries) => [...new Set(chosen.map(([path]) => path.replace(/[.[].*$/, "")))];
  response.setDiffsList(roots(entries));
  response.setReplacesList(roots(entries.filter(([, change]) => change.replace)));
  const { Kind } = proto.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
  } as const;
  for (const [path, change] of entries) {
    const diff = new proto.PropertyDiff();
    diff.setKind(kinds[change.kind][change.replace ? 1 : 0]);
    diff.setInputdiff(true);
    response.getDetaileddiffMap().set(path, diff);
  }
  return response;
}
