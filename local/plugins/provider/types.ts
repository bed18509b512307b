import type { ComponentResourceOptions, Inputs } from "@pulumi/pulumi";
import type { ConstructResult } from "@pulumi/pulumi/provider";

import type { Properties } from "./values";

/** Which resource a call is about. */
export interface ResourceName {
  /** The whole name in the stack. */
  urn: string;
  /** Type token, for example `aws:ec2/vpc:Vpc`. */
  type: string;
  /** The last part of the URN. */
  name: string;
}

/** A property that cannot be, as check and invoke report it. */
export interface CheckFailure {
  /** Path of the property, for example `cidrBlock`; empty for the resource as a whole. */
  property: string;
  /** What is wrong with it. */
  reason: string;
}

/** Asks whether the inputs of a resource can be, and for the inputs with defaults filled in. */
export interface CheckRequest extends ResourceName {
  /** Checked inputs of the last update; undefined for a new resource and for a replacement of one. */
  olds?: Properties;
  /** Inputs of the program, which may contain unknowns. */
  news: Properties;
  /** Bytes to derive names from: the same in preview and update, different for each resource. */
  randomSeed: Uint8Array;
  /** A name that the stack's config proposes or demands, instead of one made by {@link autoname}. */
  autonaming?: { proposedName: string; mode: "propose" | "enforce" | "disable" };
}

/** Answer to a {@link CheckRequest}. */
export interface CheckResult {
  inputs: Properties;
  failures?: CheckFailure[];
}

/** Asks what has to happen so that a resource gets new inputs. */
export interface DiffRequest extends ResourceName {
  id: string;
  /** Outputs in the state. */
  olds: Properties;
  /** Checked inputs of the last update. */
  oldInputs: Properties;
  /** Checked inputs, which may contain unknowns. */
  news: Properties;
}

/** How one property changes. */
export interface PropertyChange {
  kind: "add" | "delete" | "update";
  /** The change needs a new resource. */
  replace?: boolean;
}

/** Answer to a {@link DiffRequest}. */
export interface DiffResult {
  /** Changes by property path; none: the resource stays as it is. */
  changes: Record<string, PropertyChange>;
  /**
   * A replacement deletes first, because two cannot exist at a time.
   * @default false
   */
  deleteBeforeReplace?: boolean;
}

/** Asks for a new resource. */
export interface CreateRequest extends ResourceName {
  inputs: Properties;
  /** Nothing may be made: the answer says what would be, with unknowns for what only the making tells. */
  preview: boolean;
}

/** A resource as it is. */
export interface ResourceState {
  id: string;
  outputs: Properties;
}

/** Asks to change a resource. */
export interface UpdateRequest extends ResourceName {
  id: string;
  olds: Properties;
  oldInputs: Properties;
  news: Properties;
  preview: boolean;
}

/** Asks how a resource is, for a refresh, an import or a `get`. */
export interface ReadRequest extends ResourceName {
  id: string;
  /** Outputs in the state; empty for an import. */
  state: Properties;
  /** Inputs in the state; empty for an import. */
  inputs: Properties;
}

/** Answer to a {@link ReadRequest}. */
export interface ReadResult extends ResourceState {
  /** Inputs that would lead to the resource as it is. */
  inputs: Properties;
}

/** Asks to delete a resource. */
export interface DeleteRequest extends ResourceName {
  id: string;
  state: Properties;
}

/** Calls a function of the package, for example `aws:index/getRegion:getRegion`. */
export interface InvokeRequest {
  token: string;
  args: Properties;
}

/** Answer to an {@link InvokeRequest}. */
export interface InvokeResult {
  result: Properties;
  failures?: CheckFailure[];
}

/** Asks for a component, whose children this process registers with the engine. */
export interface ConstructRequest {
  name: string;
  type: string;
  /** Arguments with outputs in them, as the constructor of a component gets them. */
  inputs: Inputs;
  options: ComponentResourceOptions;
}

/** What the engine lends to a provider. */
export interface Engine {
  /** Shows a message to whoever runs the operation. */
  log(severity: "debug" | "info" | "warning" | "error", message: string, urn?: string): Promise<void>;
}

/** A resource provider. What it leaves out fails by name. Errors thrown end the operation with their message. */
export interface Provider {
  /** Name of the package, for example `aws`. */
  name: string;
  /** Version of the npm package that it stands in for. */
  version: string;
  /** Is called once before anything else, with the inputs of the provider resource. */
  configure?(inputs: Properties, engine: Engine): Promise<void> | void;
  check?(request: CheckRequest): Promise<CheckResult> | CheckResult;
  diff?(request: DiffRequest): Promise<DiffResult> | DiffResult;
  create?(request: CreateRequest): Promise<ResourceState> | ResourceState;
  /** Null: the resource is gone. */
  read?(request: ReadRequest): Promise<ReadResult | null> | ReadResult | null;
  /** Returns the outputs. */
  update?(request: UpdateRequest): Promise<Properties> | Properties;
  delete?(request: DeleteRequest): Promise<void> | void;
  invoke?(request: InvokeRequest): Promise<InvokeResult> | InvokeResult;
  construct?(request: ConstructRequest): Promise<ConstructResult>;
  /** The user asked to stop. */
  cancel?(): Promise<void> | void;
}

/** A resource that was made or changed but does not work. The engine keeps it in the state as tainted. */
export class InitializationError extends Error {
  override readonly name = "InitializationError";

  /**
   * @param id what to delete it by
   * @param outputs how it is
   * @param reasons why it does not work
   * @param inputs what led to it
   */
  constructor(
    readonly id: string,
    readonly outputs: Properties,
    readonly reasons: string[],
    readonly inputs: Properties = {},
  ) {
    super(reasons.join("; "));
  }
}
