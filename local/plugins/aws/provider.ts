import {
  autoname,
  containsSecret,
  containsUnknown,
  isObject,
  plainAll,
  sameValue,
  Secret,
  unknown,
  type CheckRequest,
  type CheckResult,
  type CreateRequest,
  type DeleteRequest,
  type DiffRequest,
  type DiffResult,
  type Engine,
  type InvokeRequest,
  type Properties,
  type Provider,
  type ReadRequest,
  type ReadResult,
  type ResourceState,
  type UpdateRequest,
} from "../provider";
import { type Account, AccountFile, type Stored } from "./account";
import { asText, textsAt, type Behaviour, type Call, type Reference, type Values } from "./behaviour";
import { behaviours } from "./behaviours";
import { checkProperties, isAbsent } from "./check";
import { diffProperties } from "./diff";
import { AwsError } from "./errors";
import { callFunction } from "./functions";
import { rules, type TypeRules } from "./rules";
import { readSettings, partitionOf, type Settings } from "./settings";

/** Property in which the inputs say which of them the provider filled in, as Pulumi's bridged providers have it. */
const defaultsKey = "__defaults";

/** The stand-in for Pulumi's provider of AWS. */
export class AwsProvider implements Provider {
  readonly name = "aws";
  readonly version = rules.sources["@pulumi/aws"];
  private readonly file: AccountFile;
  private settings: Settings | undefined;

  /**
   * @param folder where the account lies
   * @param env variables of the process
   */
  constructor(
    folder: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {
    this.file = new AccountFile(folder);
  }

  async configure(inputs: Properties, engine: Engine): Promise<void> {
    this.settings = readSettings(inputs, this.env);
    await engine.log(
      "warning",
      `AWS is a stand-in: resources are made in a file only, in account ${this.settings.accountId} (local/plugins/aws/README.md)`,
    );
  }

  check(request: CheckRequest): CheckResult {
    const { behaviour, typeRules } = known(request.type);
    const given = withoutDefaults(request.news);
    const inputs: Properties = Object.fromEntries(Object.entries(given).filter(([, value]) => !isAbsent(value)));
    const filled = fillName(request, behaviour, inputs);
    const failures = checkProperties(inputs, typeRules.inputs);
    // What is of the wrong shape is not looked into any further.
    if (failures.length === 0) failures.push(...(behaviour.check?.(inputs) ?? []));
    return { inputs: { ...inputs, [defaultsKey]: filled }, failures };
  }

  diff(request: DiffRequest): DiffResult {
    const { behaviour, typeRules } = known(request.type);
    const oldInputs = withoutDefaults(request.oldInputs);
    const news = withoutDefaults(request.news);
    const changes = diffProperties(oldInputs, news, typeRules.inputs, new Set(behaviour.sets));
    const tagged = "tagsAll" in request.olds && !containsUnknown(news["tags"] ?? null);
    if (tagged && changes["tags"] === undefined && !sameValue(this.allTags(news), request.olds["tagsAll"]))
      changes["tagsAll"] = { kind: "update" };
    if (Object.keys(changes).length > 0)
      for (const path of behaviour.replacesWhen?.(plainAll(oldInputs), news) ?? [])
        changes[path] = { kind: "update", replace: true };
    return { changes, deleteBeforeReplace: keepsName(behaviour, oldInputs, news, request.oldInputs[defaultsKey]) };
  }

  async create(request: CreateRequest): Promise<ResourceState> {
    const { behaviour, typeRules } = known(request.type);
    const inputs = withoutDefaults(request.inputs);
    if (request.preview) return { id: "", outputs: this.foresee(inputs, typeRules) };
    const values = plainAll(inputs);
    const name = text(values, behaviour.autoname?.property ?? "") || request.name;
    return this.speaking(`creating ${behaviour.title} (${name})`, async () => {
      await this.await(behaviour, values, request.name);
      const resource = await this.file.use((account) => {
        const call = this.call(account, behaviour, values, request.name);
        requireReferences(call, behaviour);
        behaviour.verify?.(call, undefined);
        const id = behaviour.id(call);
        const made = this.describe(call, behaviour, request.type, id, undefined);
        account.put(made);
        behaviour.applied?.(call, made, undefined);
        return made;
      });
      return { id: resource.id, outputs: withSecrets(resource.outputs, inputs) };
    });
  }

  async update(request: UpdateRequest): Promise<Properties> {
    const { behaviour, typeRules } = known(request.type);
    const inputs = withoutDefaults(request.news);
    if (request.preview) {
      const foreseen = { ...request.olds, ...this.foresee(inputs, typeRules, request.olds) };
      for (const name of behaviour.volatile ?? []) foreseen[name] = unknown;
      return foreseen;
    }
    const values = plainAll(inputs);
    return this.speaking(`updating ${behaviour.title} (${request.id})`, () =>
      this.file.use((account) => {
        const call = this.call(account, behaviour, values, request.name);
        const before = account.find(request.type, call.region, request.id);
        if (!before) throw behaviour.notFound(request.id);
        requireReferences(call, behaviour);
        behaviour.verify?.(call, before);
        const changed = this.describe(call, behaviour, request.type, request.id, before);
        account.put(changed);
        behaviour.applied?.(call, changed, before);
        return withSecrets(changed.outputs, inputs);
      }),
    );
  }

  async read(request: ReadRequest): Promise<ReadResult | null> {
    const { behaviour } = known(request.type);
    const inputs = withoutDefaults(request.inputs);
    return this.file.use((account) => {
      const region = this.region(behaviour, plainAll(inputs));
      const found = account.find(request.type, region, request.id);
      if (!found) return null;
      // What is as it was is given back as it was, so that secrets stay secret.
      const seen = Object.entries(found.inputs).map(([key, value]): [string, Properties[string]] => {
        const was = inputs[key];
        return [key, was !== undefined && sameValue(was, value) ? was : value];
      });
      return {
        id: found.id,
        outputs: withSecrets(found.outputs, inputs),
        inputs: { ...Object.fromEntries(seen), [defaultsKey]: request.inputs[defaultsKey] ?? [] },
      };
    });
  }

  async delete(request: DeleteRequest): Promise<void> {
    const { behaviour } = known(request.type);
    await this.speaking(`deleting ${behaviour.title} (${request.id})`, () =>
      this.file.use((account) => {
        const state = plainAll(request.state);
        const call = this.call(account, behaviour, state, request.name);
        const found = account.find(request.type, call.region, request.id);
        if (!found) return;
        this.remove({ ...call, inputs: found.inputs }, found, state);
      }),
    );
  }

  async invoke(request: InvokeRequest) {
    const result = await this.file.use((account) =>
      callFunction(request.token, plainAll(request.args), account, this.configured()),
    );
    return { result };
  }

  private configured(): Settings {
    if (!this.settings) throw new Error("the stand-in for AWS was not configured");
    return this.settings;
  }

  private region(behaviour: Behaviour, values: Values): string {
    if (behaviour.global) return "";
    return text(values, "region") || this.configured().region;
  }

  private call(account: Account, behaviour: Behaviour, values: Values, name: string): Call {
    const { accountId } = this.configured();
    const inputs = Object.fromEntries(Object.entries(values).filter(([key]) => key !== "region"));
    const region = this.region(behaviour, values);
    const partition = partitionOf(region || this.configured().region);
    const tags = Object.fromEntries(
      Object.entries(plainAll(this.allTags(values))).map(([key, value]) => [key, asText(value)]),
    );
    return { account, accountId, region, partition, name, inputs, tags, now: new Date().toISOString() };
  }

  private allTags(values: Properties): Record<string, Properties[string]> {
    const tags = values["tags"];
    return { ...this.configured().defaultTags, ...(isObject(tags) ? tags : {}) };
  }

  /** What a preview knows of a resource's outputs. */
  private foresee(inputs: Properties, typeRules: TypeRules, olds: Properties = {}): Properties {
    const outputs: Properties = { ...inputs };
    for (const name of typeRules.outputs) if (!(name in outputs) && !(name in olds)) outputs[name] = unknown;
    if (typeRules.outputs.includes("region")) outputs["region"] = inputs["region"] ?? this.configured().region;
    if (typeRules.outputs.includes("tagsAll")) outputs["tagsAll"] = this.allTags(inputs);
    return outputs;
  }

  private describe(call: Call, behaviour: Behaviour, type: string, id: string, before: Stored | undefined): Stored {
    const typeRules = known(type).typeRules;
    const outputs: Values = { ...call.inputs, ...behaviour.describe(call, id, before) };
    if (typeRules.outputs.includes("region")) outputs["region"] = call.region || this.configured().region;
    if (typeRules.outputs.includes("tagsAll")) outputs["tagsAll"] = call.tags;
    const inputs: Values = { ...call.inputs };
    const contents = before?.contents;
    return { type, id, region: call.region, inputs, outputs, ...(contents && { contents }) };
  }

  /** Waits for what a resource lacks, as whoever waits for AWS does, though not for 20 minutes. */
  private async await(behaviour: Behaviour, values: Values, name: string): Promise<void> {
    const { lacks } = behaviour;
    if (!lacks) return;
    const end = Date.now() + this.configured().patience;
    for (;;) {
      const reason = await this.file.use((account) => lacks(this.call(account, behaviour, values, name)));
      if (reason === undefined) return;
      if (Date.now() >= end) throw new Error(reason);
      await new Promise((resolve) => setTimeout(resolve, Math.min(200, end - Date.now())));
    }
  }

  private remove(call: Call, resource: Stored, state: Values): void {
    const { behaviour } = known(resource.type);
    const users = usersOf(call.account, resource);
    const blocking = users.filter(({ deletion }) => deletion === "blocks").map(({ user }) => user);
    if (blocking.length > 0 && behaviour.inUse) throw behaviour.inUse(resource, blocking);
    // Settings that only the program knows, such as force flags, are those of its last update.
    behaviour.remove?.({ ...call, inputs: { ...call.inputs, ...flags(state) } }, resource);
    call.account.remove(resource);
    for (const { user, deletion } of users) if (deletion === "goes") call.account.remove(user);
  }

  /** Says in an error what was being done. */
  private async speaking<Result>(doing: string, work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      throw new Error(`${doing}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
  }
}

/**
 * Behaviour and rules of a type.
 *
 * @throws Error for a type that is not covered
 */
function known(type: string): { behaviour: Behaviour; typeRules: TypeRules } {
  const behaviour = behaviours[type];
  const typeRules = rules.types[type];
  if (!behaviour || !typeRules)
    throw new Error(`the stand-in for AWS does not cover the resource type ${type} (local/plugins/aws/README.md)`);
  return { behaviour, typeRules };
}

/** Gives a name where the program gives none; the one of last time where there is one. */
function fillName(request: CheckRequest, behaviour: Behaviour, inputs: Properties): string[] {
  const { property, maximum, form = (name: string) => name } = behaviour.autoname ?? {};
  if (property === undefined || property in inputs || `${property}Prefix` in inputs) return [];
  const old = request.olds?.[property];
  const oldDefaults = request.olds?.[defaultsKey];
  const wasFilled = Array.isArray(oldDefaults) && oldDefaults.includes(property);
  inputs[property] = wasFilled && old !== undefined ? old : form(autoname(request, maximum));
  return [property];
}

/** A replacement that keeps its name has to wait until the old one is gone. */
function keepsName(
  { autoname: naming }: Behaviour,
  olds: Properties,
  news: Properties,
  oldDefaults: Properties[string] | undefined,
): boolean {
  if (!naming || (Array.isArray(oldDefaults) && oldDefaults.includes(naming.property))) return false;
  return naming.property in news && sameValue(olds[naming.property], news[naming.property]);
}

function requireReferences(call: Call, behaviour: Behaviour): void {
  for (const reference of behaviour.references ?? []) {
    for (const value of textsAt(call.inputs, reference.property.split("."))) {
      if (value === "" || reference.except?.(value, call)) continue;
      const target = behaviours[reference.to];
      const region = target?.global ? "" : call.region;
      const there = call.account.all(reference.to, region).some((one) => names(one, reference, value));
      if (!there) throw target?.notFound(value) ?? new AwsError("NotFound", `${value} does not exist`);
    }
  }
}

/** Who refers to a resource, and what that means for its deletion. */
function usersOf(account: Account, resource: Stored): { user: Stored; deletion: NonNullable<Reference["deletion"]> }[] {
  return account.everything().flatMap((user) => {
    const references = (behaviours[user.type]?.references ?? []).filter(
      (reference) =>
        reference.to === resource.type &&
        (user.region === resource.region || resource.region === "") &&
        textsAt(user.inputs, reference.property.split(".")).some((value) => names(resource, reference, value)),
    );
    // What AWS made by itself, it takes away by itself.
    const ofUser = (deletion: NonNullable<Reference["deletion"]>) =>
      user.implicit && deletion === "blocks" ? "goes" : deletion;
    return references.map(({ deletion = "blocks" }) => ({ user, deletion: ofUser(deletion) }));
  });
}

function names(resource: Stored, { by }: Reference, value: string): boolean {
  return (by === undefined ? resource.id : resource.outputs[by]) === value;
}

/** Outputs in which what the program marked as secret is so again. */
function withSecrets(outputs: Values, inputs: Properties): Properties {
  return Object.fromEntries(
    Object.entries(outputs).map(([key, value]) => {
      const input = inputs[key];
      return [key, input !== undefined && containsSecret(input) ? new Secret(value) : value];
    }),
  );
}

/** Inputs without the note of which of them the provider filled in. */
function withoutDefaults(inputs: Properties): Properties {
  return Object.fromEntries(Object.entries(inputs).filter(([key]) => key !== defaultsKey));
}

function flags(state: Values): Values {
  return Object.fromEntries(Object.entries(state).filter(([key]) => /^(force|preserve|skip)/.test(key)));
}

function text(values: Values, name: string): string {
  const value = values[name];
  return typeof value === "string" ? value : "";
}
