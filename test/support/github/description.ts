import { readFileSync } from "node:fs";

import { Ajv2019, type ErrorObject, type ValidateFunction } from "ajv/dist/2019";

import type { Json } from "./json";

/*
 * GitHub's own description of its REST API, as the npm package @octokit/openapi ships it: which routes there are, and what their
 * requests and answers look like. The one of GitHub Enterprise Cloud is read, because it is that of github.com and what organisations
 * of an enterprise have besides, such as internal repositories.
 */

/** How requests are named in the description: `get`, `put`, … */
const methods = ["get", "post", "put", "patch", "delete"] as const;

type Method = (typeof methods)[number];

interface Schema {
  [key: string]: unknown;
}

interface Parameter {
  in: string;
  name: string;
}

interface Content {
  content?: Record<string, { schema?: Schema }>;
}

interface RawOperation {
  operationId: string;
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: (Content & { required?: boolean }) | { $ref: string };
  responses: Record<string, Content | { $ref: string }>;
}

interface RawDescription {
  paths: Record<string, Partial<Record<Method, RawOperation>>>;
  components: Record<string, Record<string, unknown>>;
}

/** What GitHub takes although its description does not say so, with where it is known from. */
const undocumented: Record<string, Record<string, Schema>> = {
  // The web page has the switch, answers carry it, and the Terraform provider's github_repository_environment sends it.
  "repos/create-or-update-environment": { can_admins_bypass: { type: "boolean" } },
  // The web page has the switch, and the Terraform provider's github_repository sends it; described for users' repositories only.
  "repos/update": { has_discussions: { type: "boolean" } },
};

/** One operation of the API. */
export interface Operation {
  /** GitHub's name for it, for example `repos/get`. */
  id: string;
  /** Names of what the path has in braces, in their order. */
  parameters: string[];
  /** Names that its query may have. */
  query: ReadonlySet<string>;
  /** Whether a request without a body is refused. */
  bodyRequired: boolean;
  /**
   * What is wrong with a request's body; empty when nothing is.
   *
   * @param strict refuses properties that the description does not have, which GitHub ignores
   */
  checkRequest(body: Json, strict: boolean): string[];
  /** What is wrong with an answer; empty when nothing is. */
  checkResponse(status: number, body: Json | undefined): string[];
}

/** An operation that a request asks for, with the values of what its path has in braces. */
export interface Match {
  operation: Operation;
  values: Record<string, string>;
}

interface Route {
  method: string;
  pattern: RegExp;
  /** Segments that are given literally; a route with more of them is meant. */
  literals: number;
  operation: Operation;
}

let loaded: Description | undefined;

/** The routes of GitHub's REST API. */
export class Description {
  private readonly ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false, discriminator: true });
  private readonly routes: Route[] = [];
  private readonly operations = new Map<string, Operation>();
  private readonly validators = new Map<string, ValidateFunction>();

  private constructor(private readonly raw: RawDescription) {
    for (const [path, item] of Object.entries(raw.paths)) {
      for (const method of methods) {
        const found = item[method];
        if (found !== undefined) this.add(method.toUpperCase(), path, found);
      }
    }
  }

  /** Reads the description once for the whole process: it has 14 MB. */
  static load(): Description {
    loaded ??= new Description(
      JSON.parse(readFileSync(require.resolve("@octokit/openapi/generated/ghec.json"), "utf8")) as RawDescription,
    );
    return loaded;
  }

  /** The operation for a request; undefined when GitHub has none such. */
  find(method: string, path: string): Match | undefined {
    let best: { route: Route; match: RegExpExecArray } | undefined;
    for (const route of this.routes) {
      if (route.method !== method) continue;
      const match = route.pattern.exec(path);
      if (match !== null && (best === undefined || route.literals > best.route.literals)) best = { route, match };
    }
    if (best === undefined) return undefined;
    const { operation } = best.route;
    const values = best.match.slice(1).map((value) => decodeURIComponent(value));
    return { operation, values: Object.fromEntries(operation.parameters.map((name, i) => [name, values[i] ?? ""])) };
  }

  /** The operation of that name. @throws Error when GitHub has none such. */
  operation(id: string): Operation {
    const found = this.operations.get(id);
    if (found === undefined) throw new Error(`GitHub's description has no operation ${id}`);
    return found;
  }

  private add(method: string, path: string, raw: RawOperation): void {
    const segments = path.split("/").slice(1);
    const parameters = segments.flatMap((segment) => /^\{(\w+)\}$/.exec(segment)?.[1] ?? []);
    const pattern = segments.map((segment) => (segment.startsWith("{") ? "([^/]+)" : escape(segment))).join("/");
    const body = raw.requestBody && this.resolve<Content & { required?: boolean }>(raw.requestBody);
    const query = (raw.parameters ?? [])
      .map((one) => this.resolve<Parameter>(one))
      .filter((one) => one.in === "query")
      .map((one) => one.name);
    const operation: Operation = {
      id: raw.operationId,
      parameters,
      query: new Set(query),
      bodyRequired: body?.required ?? false,
      checkRequest: (value, strict) => this.checkRequest(raw, body, value, strict),
      checkResponse: (status, value) => this.checkResponse(raw, status, value),
    };
    this.routes.push({
      method,
      pattern: new RegExp(`^/${pattern}$`),
      literals: segments.length - parameters.length,
      operation,
    });
    this.operations.set(raw.operationId, operation);
  }

  private checkRequest(raw: RawOperation, body: Content | undefined, value: Json, strict: boolean): string[] {
    const schema = body?.content?.["application/json"]?.schema;
    if (schema === undefined) return [];
    const more = undocumented[raw.operationId];
    const whole =
      more === undefined ? schema : { ...schema, properties: { ...(schema["properties"] as object), ...more } };
    return this.validate(`${raw.operationId} request ${strict}`, whole, value, strict);
  }

  private checkResponse(raw: RawOperation, status: number, value: Json | undefined): string[] {
    const listed = raw.responses[String(status)];
    if (listed === undefined) {
      // Any request can be sent on or meet a limit, a lack of rights or a fault of GitHub's, which the description seldom lists.
      return status >= 300 ? [] : [`the description has no answer ${status}`];
    }
    const content = this.resolve<Content>(listed).content;
    if (content === undefined) return value === undefined ? [] : [`the description has no body for ${status}`];
    const schema = content["application/json"]?.schema;
    if (schema === undefined) return [];
    if (value === undefined) return [`the description has a body for ${status}`];
    return this.validate(`${raw.operationId} ${status}`, schema, value, false);
  }

  private validate(key: string, schema: Schema, value: Json, strict: boolean): string[] {
    let validator = this.validators.get(key);
    if (validator === undefined) {
      validator = this.ajv.compile(new Conversion(this.raw, strict).convert(schema));
      this.validators.set(key, validator);
    }
    return validator(value) ? [] : explain(validator.errors ?? []);
  }

  private resolve<Value>(value: Value | { $ref: string }): Value {
    return isReference(value) ? this.resolve(lookUp(this.raw, value.$ref) as Value) : value;
  }
}

/** Makes a JSON Schema of 2019-09 from a schema of OpenAPI 3.0, with everything that it refers to inside. */
class Conversion {
  private readonly definitions: Record<string, unknown> = {};

  constructor(
    private readonly raw: RawDescription,
    private readonly strict: boolean,
  ) {}

  convert(schema: Schema): object {
    const converted = this.one(schema, false);
    return { ...(converted as object), $defs: this.definitions };
  }

  /**
   * @param part whether the schema is a part of an allOf, where a property that this part does not have may belong to another
   */
  private one(schema: unknown, part: boolean): unknown {
    if (typeof schema !== "object" || schema === null) return schema;
    if (isReference(schema)) return { $ref: `#/$defs/${this.define(schema.$ref, part)}` };
    const { nullable, properties, items, allOf, anyOf, oneOf, additionalProperties, ...rest } = schema as Schema;
    delete rest["example"];
    delete rest["examples"];
    delete rest["discriminator"];
    const converted: Schema = { ...rest };
    if (typeof properties === "object" && properties !== null)
      converted["properties"] = Object.fromEntries(
        Object.entries(properties).map(([name, value]) => [name, this.one(value, false)]),
      );
    if (items !== undefined) converted["items"] = this.one(items, false);
    if (Array.isArray(allOf)) converted["allOf"] = allOf.map((one) => this.one(one, true));
    if (Array.isArray(anyOf)) converted["anyOf"] = anyOf.map((one) => this.one(one, part));
    if (Array.isArray(oneOf)) Object.assign(converted, this.alternatives(oneOf, part));
    if (additionalProperties !== undefined) converted["additionalProperties"] = this.one(additionalProperties, false);
    if (this.strict && !part && additionalProperties === undefined && (properties !== undefined || allOf !== undefined))
      converted["unevaluatedProperties"] = false;
    return nullable === true ? { anyOf: [{ type: "null" }, converted] } : converted;
  }

  /** Alternatives of which `type` says which is meant: what is wrong is then told of that one only. */
  private alternatives(oneOf: unknown[], part: boolean): Schema {
    const converted = { oneOf: oneOf.map((one) => this.one(one, part)) };
    const types = oneOf.map((one) => typeOf(isReference(one) ? lookUp(this.raw, one.$ref) : one));
    if (types.some((type) => type === undefined) || new Set(types).size < types.length) return converted;
    return {
      ...converted,
      type: "object",
      discriminator: { propertyName: "type" },
      required: ["type"],
      properties: { type: { enum: types } },
    };
  }

  private define(reference: string, part: boolean): string {
    const name = `${reference.slice(reference.lastIndexOf("/") + 1)}${part ? "-part" : ""}`;
    if (!(name in this.definitions)) {
      this.definitions[name] = true;
      this.definitions[name] = this.one(lookUp(this.raw, reference), part);
    }
    return name;
  }
}

function isReference(value: unknown): value is { $ref: string } {
  return typeof value === "object" && value !== null && typeof (value as { $ref?: unknown }).$ref === "string";
}

/** The only value that a schema allows for `type`. */
function typeOf(schema: unknown): string | undefined {
  const { properties, required } = schema as { properties?: { type?: { enum?: string[] } }; required?: string[] };
  const values = properties?.type?.enum ?? [];
  return required?.includes("type") === true && values.length === 1 ? values[0] : undefined;
}

function lookUp(raw: RawDescription, reference: string): unknown {
  let found: unknown = raw;
  for (const key of reference.split("/").slice(1)) found = (found as Record<string, unknown>)[key];
  return found;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Where a value is wrong and why. The value itself may be secret and is left out. */
function explain(errors: ErrorObject[]): string[] {
  const lines: string[] = [];
  const accepted = new Map<string, Set<string>>();
  for (const { instancePath, keyword, message, params } of errors) {
    const { unevaluatedProperty, additionalProperty, allowedValues } = params as {
      unevaluatedProperty?: string;
      additionalProperty?: string;
      allowedValues?: Json[];
    };
    const property = unevaluatedProperty ?? additionalProperty;
    if (property !== undefined) lines.push(`${instancePath}/${property} is not a property of this request`);
    else if (allowedValues !== undefined) {
      const values = accepted.get(instancePath) ?? new Set();
      for (const value of allowedValues) values.add(JSON.stringify(value));
      accepted.set(instancePath, values);
    } else if (keyword !== "discriminator" && !(keyword === "type" && message === "must be null"))
      lines.push(`${instancePath || "/"} ${message ?? "is wrong"}`);
  }
  for (const [path, values] of accepted) lines.push(`${path} must be one of ${[...values].join(", ")}`);
  // That none of several alternatives fits says less than why the likely one does not.
  const telling = lines.filter((line) => !/ must match (a|exactly one) schema in /.test(line));
  return [...new Set(telling.length > 0 ? telling : lines)];
}
