import { output, type Alias, type ComponentResourceOptions } from "@pulumi/pulumi";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { setAllConfig } from "@pulumi/pulumi/runtime/config";
import { serializeResourceProperties } from "@pulumi/pulumi/runtime/rpc";
import { resetOptions } from "@pulumi/pulumi/runtime/settings";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import {
  awaitFeatureSupport,
  DependencyProviderResource,
  DependencyResource,
  deserializeInputs,
  hookBindingFromProto,
  waitForRPCs,
  withLocalStorage,
} from "./sdk";
import type { Provider } from "./types";

/** Builds a component: connects the SDK to the engine that asks, and lets the provider register the children. */
export function construct(
  provider: Required<Pick<Provider, "construct">>,
  request: proto.ConstructRequest,
  engineAddress: string,
): Promise<proto.ConstructResponse> {
  return withLocalStorage(async () => {
    await connect(request, engineAddress);
    const inputs = await deserializeInputs(request.getInputs(), request.getInputdependenciesMap());
    const built = await provider.construct({
      name: request.getName(),
      type: request.getType(),
      inputs,
      options: readOptions(request),
    });
    const response = new proto.ConstructResponse();
    response.setUrn(await resolved(built.urn));
    const [state, dependencies] = await serializeResourceProperties(request.getName(), built.state);
    for (const [key, resources] of dependencies) {
      const urns = new proto.ConstructResponse.PropertyDependencies();
      urns.setUrnsList(await Promise.all([...resources].map((resource) => resolved(resource.urn))));
      response.getStatedependenciesMap().set(key, urns);
    }
    response.setState(Struct.fromJavaScript(state as Parameters<typeof Struct.fromJavaScript>[0]));
    await waitForRPCs();
    return response;
  });
}

async function connect(request: proto.ConstructRequest, engineAddress: string): Promise<void> {
  resetOptions(
    request.getProject(),
    request.getStack(),
    request.getParallel(),
    engineAddress,
    request.getMonitorendpoint(),
    request.getDryrun(),
    request.getOrganization(),
  );
  await awaitFeatureSupport();
  setAllConfig(Object.fromEntries(request.getConfigMap().entries()), request.getConfigsecretkeysList());
}

function readOptions(request: proto.ConstructRequest): ComponentResourceOptions {
  const deletedWith = request.getDeletedwith();
  const timeouts = request.getCustomtimeouts()?.toObject();
  return {
    aliases: request.getAliasesList().map(readAlias),
    dependsOn: request.getDependenciesList().map((urn) => new DependencyResource(urn)),
    protect: request.getProtect(),
    providers: Object.fromEntries(
      [...request.getProvidersMap().entries()].map(([name, reference]) => [
        name,
        new DependencyProviderResource(reference),
      ]),
    ),
    parent: request.getParent() ? new DependencyResource(request.getParent()) : undefined,
    ignoreChanges: request.getIgnorechangesList(),
    replaceOnChanges: request.getReplaceonchangesList(),
    customTimeouts: timeouts,
    retainOnDelete: request.getRetainondelete(),
    deletedWith: deletedWith ? new DependencyResource(deletedWith) : undefined,
    hooks: hookBindingFromProto(request.getResourceHooks()),
  };
}

type WireAlias = ReturnType<proto.ConstructRequest["getAliasesList"]>[number];

function readAlias(alias: WireAlias): string | Alias {
  const spec = alias.getSpec();
  if (!spec) return alias.getUrn();
  return {
    ...(spec.getName() && { name: spec.getName() }),
    ...(spec.getType() && { type: spec.getType() }),
    ...(spec.getProject() && { project: spec.getProject() }),
    ...(spec.getStack() && { stack: spec.getStack() }),
    ...(spec.getParenturn() && { parent: spec.getParenturn() }),
  };
}

function resolved(value: unknown): Promise<string> {
  return (output(value) as unknown as { promise(): Promise<string> }).promise();
}
