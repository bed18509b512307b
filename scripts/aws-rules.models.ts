import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import type { PropertyRule, TypeRules } from "../local/plugins/aws/rules";
import type { CoveredType } from "./aws-rules.types";

/*
 * Adds what botocore's service models say to what the npm package says: which values, patterns and lengths the API takes, and which
 * properties can be changed.
 */

/** A shape of a service model. */
export interface Shape {
  type: string;
  members?: Record<string, { shape: string; location?: string }>;
  member?: { shape: string };
  key?: { shape: string };
  value?: { shape: string };
  enum?: string[];
  pattern?: string;
  min?: number;
  max?: number;
}

/** The part of a service model that is read. */
export interface ServiceModel {
  operations: Record<string, { input?: { shape: string } }>;
  shapes: Record<string, Shape>;
}

/** Finds the model of a service, for example `ec2`. */
export type Models = (service: string) => ServiceModel;

/** Longest list of values that is taken over. Longer ones are catalogues, such as the instance types. */
const longestEnum = 60;

/** Reads service models from an unpacked botocore, each in its newest version. */
export function openModels(botocore: string): Models {
  const loaded = new Map<string, ServiceModel>();
  return (service) => {
    const known = loaded.get(service);
    if (known) return known;
    const folder = join(botocore, "data", service);
    const newest = readdirSync(folder).sort().at(-1) ?? "";
    const text = gunzipSync(readFileSync(join(folder, newest, "service-2.json.gz"))).toString("utf8");
    const model = JSON.parse(text) as ServiceModel;
    loaded.set(service, model);
    return model;
  };
}

/**
 * Adds the API's limits to the rules of a type.
 *
 * @returns names of properties for which the API has no member, for whoever maintains the list of types
 * @throws Error when the list of types names an operation or a member that the models do not have
 */
export function addLimits(rules: TypeRules, covered: CoveredType, models: Models): string[] {
  const create = input(covered.create, models);
  const updates = (covered.updates ?? []).map((operation) => input(operation, models));
  const named = new Set(Object.keys(covered.names ?? {}));
  const unmatched = limitAll(rules.inputs, "", create, covered, models);
  for (const [name, rule] of Object.entries(rules.inputs)) {
    if (updates.length === 0 || covered.changeable?.includes(name) || ALWAYS_CHANGEABLE.has(name)) continue;
    const [first = ""] = (covered.names?.[name] ?? name).split(".");
    const wanted = named.has(name) ? first : name;
    if (memberOf(create, wanted) && !updates.some((update) => memberOf(update, wanted))) rule.replaces = true;
  }
  for (const path of covered.changeable ?? []) delete at(rules.inputs, path).replaces;
  for (const path of covered.replaces ?? []) at(rules.inputs, path).replaces = true;
  return unmatched;
}

/** Tags are changed by operations of their own; the region is no member of the API but the place that is asked. */
const ALWAYS_CHANGEABLE = new Set(["tags", "region"]);

/** Where a member was found. */
interface Place {
  model: ServiceModel;
  shape: Shape;
}

function limitAll(
  properties: Record<string, PropertyRule>,
  path: string,
  place: Place | undefined,
  covered: CoveredType,
  models: Models,
): string[] {
  return Object.entries(properties).flatMap(([name, rule]) => {
    const here = path === "" ? name : `${path}.${name}`;
    const member = find(here, name, place, covered, models);
    if (!member) return ALWAYS_CHANGEABLE.has(name) ? [] : [here];
    return limit(rule, here, member, covered, models);
  });
}

function find(
  path: string,
  name: string,
  place: Place | undefined,
  covered: CoveredType,
  models: Models,
): Place | undefined {
  const explicit = covered.names?.[path];
  if (explicit === undefined) return place && memberOf(place, name);
  if (explicit === "-") return undefined;
  const [operation, members] = explicit.includes(":") ? explicit.split(":") : [covered.create, explicit];
  let found: Place | undefined = input(operation ?? "", models);
  for (const member of (members ?? "").split(".")) found = found && memberOf(through(found), member);
  if (!found) throw new Error(`${covered.create} has no member ${explicit} for ${path}`);
  return found;
}

function limit(rule: PropertyRule, path: string, member: Place, covered: CoveredType, models: Models): string[] {
  // One object of the package may be a list of the API, and the other way round.
  if (rule.type === "object") return limitAll(rule.properties ?? {}, path, through(member), covered, models);
  if (rule.type === "list" && rule.items) {
    if (member.shape.type === "list") Object.assign(rule, sizes(member.shape));
    return limit(rule.items, path, through(member), covered, models);
  }
  const { shape } = member;
  if (rule.type === "map") {
    if (shape.type === "map") Object.assign(rule, sizes(shape));
    return [];
  }
  if (rule.type === "string" && shape.type === "string") {
    if (shape.enum && shape.enum.length <= longestEnum) rule.enum = [...shape.enum].sort();
    if (shape.pattern !== undefined && isSupported(shape.pattern)) rule.pattern = shape.pattern;
  }
  if ((rule.type === "string" && shape.type === "string") || (rule.type === "number" && isNumber(shape)))
    Object.assign(rule, sizes(shape));
  return [];
}

/** Patterns are of Java; the few that JavaScript does not know are left out. */
function isSupported(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false;
  }
}

function isNumber(shape: Shape): boolean {
  return ["integer", "long", "float", "double"].includes(shape.type);
}

function sizes({ min, max }: Shape): Pick<PropertyRule, "min" | "max"> {
  return { ...(min !== undefined && min > 0 && { min }), ...(max !== undefined && { max }) };
}

/** The element of a list, the thing itself otherwise. */
function through(place: Place): Place {
  const { model, shape } = place;
  return shape.type === "list" && shape.member ? { model, shape: shapeOf(model, shape.member.shape) } : place;
}

function memberOf({ model, shape }: Place, name: string): Place | undefined {
  const wanted = plainName(name);
  for (const [member, { shape: of }] of Object.entries(shape.members ?? {}))
    if (plainName(member) === wanted) return { model, shape: shapeOf(model, of) };
  return undefined;
}

/** Names differ in case and number: `subnetIds`, `SubnetId`. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/ies$/, "y").replace(/s$/, "");
}

function input(operation: string, models: Models): Place {
  const [service = "", name = ""] = operation.split(".");
  const model = models(service);
  const shape = model.operations[name]?.input?.shape;
  if (shape === undefined) throw new Error(`${service} has no operation ${name} with an input`);
  return { model, shape: shapeOf(model, shape) };
}

function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (!shape) throw new Error(`there is no shape ${name}`);
  return shape;
}

function at(properties: Record<string, PropertyRule>, path: string): PropertyRule {
  const [first = "", ...rest] = path.split(".");
  const rule = properties[first];
  if (!rule) throw new Error(`there is no property ${path}`);
  const inner = rule.items?.properties ?? rule.properties;
  return rest.length === 0 ? rule : at(inner ?? {}, rest.join("."));
}
