import type { Inputs, ProviderResource, ResourceHookBinding } from "@pulumi/pulumi";
import * as providerServer from "@pulumi/pulumi/provider/server";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb";
import type { ConstructRequest } from "@pulumi/pulumi/proto/provider_pb";
import type { ChannelOptions } from "@grpc/grpc-js";
import * as resource from "@pulumi/pulumi/resource";
import * as runtimeResource from "@pulumi/pulumi/runtime/resource";
import * as runtimeSettings from "@pulumi/pulumi/runtime/settings";
import * as runtimeState from "@pulumi/pulumi/runtime/state";

/*
 * Functions of the SDK that its own provider server is made of and that its type definitions leave out. That server
 * answers for one provider with plain JavaScript values and drops secrets, so it cannot be used as it is.
 */

/** Options of a connection, with the size that messages of the engine may have. */
export const { grpcChannelOptions } = runtimeSettings as unknown as { grpcChannelOptions: ChannelOptions };

/** Asks the engine what it can do; the answer decides how resources are registered. */
export const { awaitFeatureSupport, waitForRPCs } = runtimeSettings as unknown as {
  awaitFeatureSupport: () => Promise<void>;
  waitForRPCs: () => Promise<void>;
};

/** Runs a function with a state of the SDK's runtime of its own, so that several components are built at a time. */
export const { withLocalStorage } = runtimeState as unknown as {
  withLocalStorage: <T>(run: () => Promise<T>) => Promise<T>;
};

/** Reads a component's arguments as outputs with their dependencies. */
export const { deserializeInputs } = providerServer as unknown as {
  deserializeInputs: (
    inputs: Struct | undefined,
    dependencies: ReturnType<ConstructRequest["getInputdependenciesMap"]>,
  ) => Promise<Inputs>;
};

/** Reads hooks that the program has attached to a component. */
export const { hookBindingFromProto } = runtimeResource as unknown as {
  hookBindingFromProto: (proto: ReturnType<ConstructRequest["getResourceHooks"]>) => ResourceHookBinding | undefined;
};

/** Stands for a resource of the program, of which this process knows the name only. */
export const { DependencyResource, DependencyProviderResource } = resource as unknown as {
  DependencyResource: new (urn: string) => resource.Resource;
  DependencyProviderResource: new (reference: string) => ProviderResource;
};
