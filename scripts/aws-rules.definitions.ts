import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

import ts from "typescript";

import type { PropertyRule, TypeRules } from "../local/plugins/aws/rules";

/*
 * Reads what @pulumi/aws says about its types from its TypeScript definitions: which properties a resource has, which are required,
 * what their types are, and which outputs there are.
 */

/** Folder of the installed npm package. */
const folder = dirname(require.resolve("@pulumi/aws/package.json"));

/** Version of the installed npm package. */
export function definitionsVersion(): string {
  return (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string }).version;
}

/**
 * What the npm package says about types of resources.
 *
 * @param tokens for example `aws:ec2/subnet:Subnet`
 * @throws Error when the package has no such type, or one with a property whose type this cannot read
 */
export function readDefinitions(tokens: readonly string[]): Record<string, TypeRules> {
  const shared = new SharedTypes();
  return Object.fromEntries(tokens.map((token) => [token, readType(token, shared)]));
}

/** The argument types that several resources may use, which lie in one big file. */
class SharedTypes {
  private readonly interfaces = new Map<string, ts.InterfaceDeclaration>();

  constructor() {
    const visit = (statements: readonly ts.Statement[], path: string) => {
      for (const one of statements) {
        if (ts.isInterfaceDeclaration(one)) this.interfaces.set(`${path}${one.name.text}`, one);
        if (ts.isModuleDeclaration(one) && one.body && ts.isModuleBlock(one.body))
          visit(one.body.statements, `${path}${one.name.text}.`);
      }
    };
    visit(parse(join(folder, "types", "input.d.ts")).statements, "inputs.");
  }

  /** @param name for example `inputs.eks.ClusterVpcConfig` */
  find(name: string): ts.InterfaceDeclaration | undefined {
    return this.interfaces.get(name);
  }
}

function readType(token: string, shared: SharedTypes): TypeRules {
  const [, path = "", name = ""] = token.split(":");
  const file = join(folder, `${path}.d.ts`);
  const compiled = readFileSync(join(folder, `${path}.js`), "utf8");
  if (!compiled.includes(`'${token}'`)) throw new Error(`${file} is not of ${token}`);
  const { statements } = parse(file);
  const args = statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === `${name}Args`);
  const resource = statements.find((one) => ts.isClassDeclaration(one) && one.name?.text === name);
  if (!args || !ts.isInterfaceDeclaration(args) || !resource || !ts.isClassDeclaration(resource))
    throw new Error(`${file} has no ${name} with ${name}Args`);
  return { inputs: readProperties(args, shared, token), ...readOutputs(resource) };
}

function readProperties(
  declaration: ts.InterfaceDeclaration,
  shared: SharedTypes,
  place: string,
): Record<string, PropertyRule> {
  const properties = declaration.members.filter(ts.isPropertySignature).map((member): [string, PropertyRule] => {
    const name = nameOf(member.name);
    if (!member.type) throw new Error(`${place}.${name} has no type`);
    const { type, ...rest } = readPropertyType(member.type, shared, `${place}.${name}`);
    const rule: PropertyRule = { type };
    if (!member.questionToken) rule.required = true;
    if (/forces? (?:a )?new/i.test(commentOf(member))) rule.replaces = true;
    return [name, Object.assign(rule, rest)];
  });
  return Object.fromEntries(properties.sort(byName));
}

/** Reads `pulumi.Input<…>`, unions with undefined, lists, maps, and references to interfaces. */
function readPropertyType(node: ts.TypeNode, shared: SharedTypes, place: string): PropertyRule {
  if (ts.isUnionTypeNode(node)) {
    const known = node.types.filter((one) => one.kind !== ts.SyntaxKind.UndefinedKeyword);
    const [first, ...others] = known.map((one) => readPropertyType(one, shared, place));
    if (!first) throw new Error(`${place} is nothing but undefined`);
    // A text or the object that the SDK writes as one; or a text or a resource, of which the SDK sends the ID.
    return others.some((one) => one.type === "object" || one.type === "json") ? { type: "json" } : first;
  }
  if (ts.isArrayTypeNode(node)) return { type: "list", items: readPropertyType(node.elementType, shared, place) };
  if (ts.isTypeLiteralNode(node)) {
    const index = node.members.find(ts.isIndexSignatureDeclaration);
    if (index) return { type: "map", items: readPropertyType(index.type, shared, place) };
  }
  if (ts.isTypeReferenceNode(node)) return readReference(node, shared, place);
  switch (node.kind) {
    case ts.SyntaxKind.StringKeyword:
      return { type: "string" };
    case ts.SyntaxKind.NumberKeyword:
      return { type: "number" };
    case ts.SyntaxKind.BooleanKeyword:
      return { type: "boolean" };
    default:
      throw new Error(`${place} has a type that is not understood: ${node.getText()}`);
  }
}

function readReference(node: ts.TypeReferenceNode, shared: SharedTypes, place: string): PropertyRule {
  const name = node.typeName.getText();
  const [argument] = node.typeArguments ?? [];
  if (name === "pulumi.Input" && argument) return readPropertyType(argument, shared, place);
  // `inputs.iam.PolicyDocument` is written as JSON text; enumerations and resources are sent as text.
  if (name.endsWith("PolicyDocument")) return { type: "json" };
  const declaration = shared.find(name);
  if (declaration) return { type: "object", properties: readProperties(declaration, shared, place) };
  if (name.startsWith("inputs.")) throw new Error(`${place} is a ${name}, which input.d.ts does not have`);
  return { type: "string" };
}

function readOutputs(resource: ts.ClassDeclaration): Pick<TypeRules, "outputs" | "optionalOutputs"> {
  const outputs: string[] = [];
  const optionalOutputs: string[] = [];
  for (const member of resource.members) {
    if (!ts.isPropertyDeclaration(member) || !member.type?.getText().startsWith("pulumi.Output<")) continue;
    (/\| undefined>$/.test(member.type.getText()) ? optionalOutputs : outputs).push(nameOf(member.name));
  }
  return { outputs: outputs.sort(), optionalOutputs: optionalOutputs.sort() };
}

function nameOf(name: ts.PropertyName): string {
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : name.getText();
}

function commentOf(node: ts.Node): string {
  const text = node.getSourceFile().text;
  return (ts.getLeadingCommentRanges(text, node.pos) ?? []).map(({ pos, end }) => text.slice(pos, end)).join("\n");
}

function byName([one]: [string, unknown], [other]: [string, unknown]): number {
  return one < other ? -1 : 1;
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
}
