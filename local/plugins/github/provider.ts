import {
  autoname,
  containsSecret,
  containsUnknown,
  plainAll,
  revealAll,
  Secret,
  unknown,
  type CheckFailure,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type Engine,
  type Properties,
  type PropertyValue,
  type Provider,
  type ReadRequest,
  type ReadResult,
  type ResourceState,
  type UpdateRequest,
} from "../provider";
import { Client } from "./client";
import { compare, isSame } from "./compare";
import { kinds, type Kind, type Values } from "./kinds";
import { checkProperties, rulesByToken, type KindRules } from "./rules";
import { readSettings } from "./settings";
import { kindTokens } from "./tokens";

/*
 * A stand-in for the plugin of @pulumi/github, for tests and for trying the stack `github` out without an account. It talks to a server
 * that is named to it, such as the fake one of test/support/github, and never to GitHub's own.
 */

/** A covered kind with what @pulumi/github declares of it. */
interface Covered {
  kind: Kind;
  rules: KindRules;
}

/** The provider. */
export class GithubProvider implements Provider {
  readonly name = "github";
  private client?: Client;
  private unknownSettings = false;

  /** @param version that of the npm package it stands in for */
  constructor(readonly version: string) {}

  async configure(inputs: Properties, engine: Engine): Promise<void> {
    // A preview may configure it with what the same preview only plans to make.
    this.unknownSettings = containsUnknown(inputs);
    if (this.unknownSettings) return;
    const settings = readSettings(inputs);
    await engine.log("warning", `The GitHub plugin is a stand-in that talks to ${settings.api}, not to github.com.`);
    this.client = new Client(settings, (message) => void engine.log("info", message).catch(() => undefined));
  }

  cancel(): void {
    this.client?.stop();
  }

  check({ type, olds, news, ...request }: CheckRequest): CheckResult {
    const { kind, rules } = covered(type);
    const inputs = withName(kind, olds, news, request);
    const failures: CheckFailure[] = [
      ...checkProperties(rules.inputs, inputs),
      ...(kind.refused ?? [])
        .filter((property) => (inputs[property] ?? null) !== null)
        .map((property) => ({ property, reason: "is not covered by the stand-in" })),
    ];
    // Rules of a kind may rely on types.
    if (failures.length === 0) failures.push(...(kind.check?.(inputs) ?? []));
    return { inputs, failures };
  }

  diff({ type, olds, news }: DiffRequest): DiffResult {
    const { kind, rules } = covered(type);
    return { changes: compare(kind, Object.keys(rules.inputs), news, olds) };
  }

  async create({ type, inputs, preview }: CreateRequest): Promise<ResourceState> {
    const { kind, rules } = covered(type);
    if (preview) return { id: "", outputs: foresee(kind, rules, inputs) };
    const client = this.connection();
    const values = plainAll(inputs);
    const id = await kind.create(client, values);
    const made = await this.look(type, id, inputs, values);
    if (made === null) throw new Error(`${type} ${id} is gone right after it was made`);
    return made;
  }

  async update({ type, id, olds, news, preview }: UpdateRequest): Promise<Properties> {
    const { kind } = covered(type);
    if (preview) return { ...olds, ...news };
    const client = this.connection();
    const present = await kind.update(client, id, plainAll(news), plainAll(olds));
    const changed = await this.look(type, present, news, plainAll(news));
    if (changed === null) throw new Error(`${type} ${present} is gone right after it was changed`);
    return changed.outputs;
  }

  async read({ type, id, state, inputs }: ReadRequest): Promise<ReadResult | null> {
    const { kind, rules } = covered(type);
    const found = await this.look(type, id, { ...keep(kind, state), ...inputs }, plainAll(revealAll(state)));
    if (found === null) return null;
    return { ...found, inputs: readInputs(kind, rules, inputs, found.outputs) };
  }

  async delete({ type, id, state }: DeleteRequest): Promise<void> {
    await covered(type).kind.delete(this.connection(), id, plainAll(state));
  }

  /**
   * Reads a resource and makes its outputs: what GitHub tells, and what only the program knows.
   *
   * @param state outputs in the state, or what a resource has just been made from
   */
  private async look(type: string, id: string, inputs: Properties, state: Values): Promise<ResourceState | null> {
    const { kind, rules } = covered(type);
    const view = await kind.read(this.connection(), id, state);
    if (view === null) return null;
    const outputs: Properties = {};
    for (const [name, value] of Object.entries(view.values)) {
      const given = inputs[name];
      outputs[name] = given !== undefined && containsSecret(given) ? new Secret(value) : value;
    }
    for (const name of kind.unreadable ?? []) {
      const given = inputs[name];
      if (given !== undefined && given !== null) outputs[name] = given;
    }
    for (const name of rules.secretOutputs) {
      const value = outputs[name];
      if (value !== undefined && !containsSecret(value)) outputs[name] = new Secret(value);
    }
    return { id: view.id, outputs };
  }

  private connection(): Client {
    if (this.client !== undefined) return this.client;
    throw new Error(
      this.unknownSettings
        ? "the settings of the GitHub provider are not known yet"
        : "the GitHub provider is not configured",
    );
  }
}

/** The kind of a type token. @throws Error that names a type which is not covered */
function covered(type: string): Covered {
  const [kind, rules] = [kinds.get(type), rulesByToken[type]];
  if (kind !== undefined && rules !== undefined) return { kind, rules };
  const names = kindTokens.map((token) => token.slice(token.lastIndexOf(":") + 1));
  throw new Error(`the stand-in provider github has no resource type ${type}; it has ${names.join(", ")}`);
}

/** Inputs with the name that a program may leave out. */
function withName(
  { autoname: naming }: Kind,
  olds: Properties | undefined,
  news: Properties,
  request: Pick<CheckRequest, "name" | "randomSeed" | "autonaming">,
): Properties {
  if (naming === undefined || (news[naming.property] ?? null) !== null) return news;
  const former = olds?.[naming.property];
  return { ...news, [naming.property]: former ?? autoname(request, naming.maximum) };
}

/** Outputs of a resource that is only planned. */
function foresee(kind: Kind, { inputs: declared, outputs: names }: KindRules, inputs: Properties): Properties {
  const outputs: Properties = {};
  for (const name of names) {
    const given = inputs[name] ?? null;
    const isComputed = !(name in declared) || kind.computed?.includes(name) === true;
    if (given !== null) outputs[name] = given;
    else if (isComputed && kind.unreadable?.includes(name) !== true) outputs[name] = unknown;
    else if (kind.defaults?.[name] !== undefined) outputs[name] = kind.defaults[name];
  }
  return outputs;
}

/** What of the state only the program knows. */
function keep(kind: Kind, state: Properties): Properties {
  const names = (kind.unreadable ?? []).filter((name) => state[name] !== undefined);
  return Object.fromEntries(names.map((name): [string, PropertyValue] => [name, state[name] ?? null]));
}

/**
 * Inputs that would lead to the resource as it is. What the program gave stays as it was given where it is still true; what it did not
 * give and is not as it would be by default is in them too, so that `ignoreChanges` finds it.
 */
function readInputs(kind: Kind, { inputs: declared }: KindRules, given: Properties, outputs: Properties): Properties {
  const isImport = Object.keys(given).length === 0;
  const inputs: Properties = {};
  for (const [name, { deprecated }] of Object.entries(declared)) {
    const was = given[name] ?? null;
    const is = outputs[name] ?? null;
    const isUnreadable = kind.unreadable?.includes(name) === true;
    const isComputed = kind.computed?.includes(name) === true;
    if (was !== null) inputs[name] = isUnreadable || sameInput(kind, name, was, is) ? was : is;
    else if (isUnreadable || is === null || (isComputed && !isImport) || deprecated === true) continue;
    else if (!isSame(kind, name, kind.defaults?.[name] ?? null, is)) inputs[name] = is;
  }
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== null));
}

function sameInput(kind: Kind, name: string, was: PropertyValue, is: PropertyValue): boolean {
  const [one, other] = [was, is].map((value) => kind.complete?.({ [name]: value })[name] ?? value);
  return isSame(kind, name, one ?? null, other ?? null);
}
