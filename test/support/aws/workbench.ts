import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decodeAll, encodeAll } from "../../../local/plugins/provider/values";
import {
  plainAll,
  type DiffResult,
  type Plain,
  type Properties,
  type PropertyValue,
} from "../../../local/plugins/provider";
import { AccountFile, type Account } from "../../../local/plugins/aws/account";
import type { Values } from "../../../local/plugins/aws/behaviour";
import { AwsProvider } from "../../../local/plugins/aws/provider";
import { coveredType } from "../../../local/plugins/aws/tokens";

/** A resource that a test has made. */
export interface Made {
  type: string;
  name: string;
  id: string;
  outputs: Record<string, Plain>;
  /** Checked inputs, as the engine keeps them. */
  inputs: Properties;
}

/** Does with a stand-in for AWS what the engine does, without one, for tests of single rules. */
export class Workbench {
  private constructor(
    readonly provider: AwsProvider,
    readonly folder: string,
  ) {}

  /** A new, empty account. */
  static async open(settings: Properties = { region: "eu-central-1" }): Promise<Workbench> {
    const folder = await mkdtemp(join(tmpdir(), "berth-aws-"));
    const provider = new AwsProvider(folder, { BERTH_STAND_IN_PATIENCE: "0" });
    await provider.configure(settings, { log: () => Promise.resolve() });
    return new Workbench(provider, folder);
  }

  /** Makes a resource, or throws what check or the API have against it. */
  async make(type: string, name: string, inputs: Record<string, PropertyValue>): Promise<Made> {
    const token = coveredType(type);
    const checked = this.check(token, name, inputs);
    const { id, outputs } = await this.provider.create({ ...named(token, name), inputs: checked, preview: false });
    return { type: token, name, id, outputs: plainAll(wire(outputs)), inputs: checked };
  }

  /** Changes inputs of a resource; the others stay. Undefined takes one away. */
  async change(made: Made, changes: Record<string, PropertyValue | undefined>): Promise<Made> {
    const { news } = this.difference(made, changes);
    const request = { ...named(made.type, made.name), id: made.id, olds: made.outputs, oldInputs: made.inputs, news };
    const outputs = await this.provider.update({ ...request, preview: false });
    return { ...made, inputs: news, outputs: plainAll(wire(outputs)) };
  }

  /** What the engine would do to change inputs of a resource. */
  difference(made: Made, changes: Record<string, PropertyValue | undefined>): DiffResult & { news: Properties } {
    const inputs = { ...made.inputs, ...changes };
    const given = Object.entries(inputs).filter((one): one is [string, PropertyValue] => one[1] !== undefined);
    const news = this.check(made.type, made.name, Object.fromEntries(given), made.inputs);
    const request = { ...named(made.type, made.name), id: made.id, olds: made.outputs, oldInputs: made.inputs, news };
    return { ...this.provider.diff(request), news };
  }

  /** Deletes a resource. */
  remove(made: Made): Promise<void> {
    return this.provider.delete({
      ...named(made.type, made.name),
      id: made.id,
      state: { ...made.inputs, ...made.outputs },
    });
  }

  /** Works on the account past the provider, as someone else would. */
  outside<Result>(work: (account: Account) => Result): Promise<Result> {
    return new AccountFile(this.folder).use(work);
  }

  /** The message with which an operation fails. */
  async refusal(operation: Promise<unknown>): Promise<string> {
    return operation.then(
      () => assert.fail("it was not refused"),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  }

  /** Removes the account. */
  close(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }

  private check(type: string, name: string, news: Properties, olds?: Properties): Properties {
    const randomSeed = Buffer.from(name);
    const { inputs, failures = [] } = this.provider.check({ ...named(type, name), news: wire(news), olds, randomSeed });
    if (failures.length > 0)
      throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
    return inputs;
  }
}

/** Output of a resource as a text. */
export function out(made: Made, name: string): string {
  const value = made.outputs[name];
  assert.ok(typeof value === "string", `${name} of ${made.name} is no text`);
  return value;
}

/** A policy by which a service takes a role. */
export function trust(service: string, actions: string[] = ["sts:AssumeRole"]): string {
  const statement = { Effect: "Allow", Principal: { Service: service }, Action: actions };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

/** A policy of a role. */
export const somePolicy = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }],
});

/** Values that went over the wire and back. */
function wire(properties: Properties | Values): Properties {
  return decodeAll(encodeAll(properties));
}

function named(type: string, name: string): { urn: string; type: string; name: string } {
  return { urn: `urn:pulumi:case::project::${type}::${name}`, type, name };
}
