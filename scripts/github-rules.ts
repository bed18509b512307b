import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

import { format, resolveConfig } from "prettier";
import ts from "typescript";

import { kindTokens } from "../local/plugins/github/tokens";
import type { KindRules, PropertyRule, PropertyType } from "../local/plugins/github/rules";

/*
 * Reads from the TypeScript definitions of the npm package @pulumi/github what each resource takes and gives, and writes it to
 * local/plugins/github/rules.json: the stand-in then refuses what the official plugin would refuse, without anybody having typed the
 * names. Run it with `node --require tsx/cjs scripts/github-rules.ts` after an update of the package; a test fails when it is stale.
 */

/** The file that the stand-in reads. */
export const rulesFile = join(__dirname, "../local/plugins/github/rules.json");

/** The rules of all covered kinds, by type token. */
export function readRules(): Record<string, KindRules> {
  const folder = dirname(require.resolve("@pulumi/github/package.json"));
  const nested = interfaces(parse(join(folder, "types/input.d.ts")));
  return Object.fromEntries(
    [...kindTokens].sort().map((token) => {
      const [, module = "", name = ""] = /^github:index\/(\w+):(\w+)$/.exec(token) ?? [];
      const source = parse(join(folder, `${module}.d.ts`));
      const args = interfaces(source).get(`${name}Args`);
      if (args === undefined) throw new Error(`${module}.d.ts declares no ${name}Args`);
      const script = readFileSync(join(folder, `${module}.js`), "utf8");
      return [
        token,
        { inputs: properties(args, nested), outputs: outputs(source, name), secretOutputs: secretOutputs(script) },
      ];
    }),
  );
}

/** The text of the rules' file, in the house format. */
export async function renderRules(): Promise<string> {
  const options = await resolveConfig(rulesFile);
  return format(JSON.stringify(readRules()), { ...options, parser: "json" });
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
}

function interfaces(source: ts.SourceFile): Map<string, ts.InterfaceDeclaration> {
  const found = new Map<string, ts.InterfaceDeclaration>();
  source.forEachChild((node) => {
    if (ts.isInterfaceDeclaration(node)) found.set(node.name.text, node);
  });
  return found;
}

function properties(
  declaration: ts.InterfaceDeclaration,
  nested: ReadonlyMap<string, ts.InterfaceDeclaration>,
): Record<string, PropertyRule> {
  const rules: Record<string, PropertyRule> = {};
  for (const member of declaration.members) {
    if (!ts.isPropertySignature(member) || member.type === undefined) continue;
    const deprecated = ts.getJSDocTags(member).some((tag) => tag.tagName.text === "deprecated");
    rules[member.name.getText()] = {
      type: propertyType(member.type, nested),
      ...(member.questionToken === undefined && { required: true }),
      ...(deprecated && { deprecated: true }),
    };
  }
  return rules;
}

/** What a value may be, from the text of its type: `pulumi.Input<…>` and `| undefined` say nothing about it. */
function propertyType(node: ts.TypeNode, nested: ReadonlyMap<string, ts.InterfaceDeclaration>): PropertyType {
  if (ts.isUnionTypeNode(node)) {
    const [only, ...others] = node.types.filter((type) => type.kind !== ts.SyntaxKind.UndefinedKeyword);
    if (only === undefined || others.length > 0) throw new Error(`a union that is not known: ${node.getText()}`);
    return propertyType(only, nested);
  }
  if (ts.isArrayTypeNode(node)) return { list: propertyType(node.elementType, nested) };
  if (ts.isTypeReferenceNode(node)) {
    const name = node.typeName.getText();
    const [argument] = node.typeArguments ?? [];
    if (name === "pulumi.Input" && argument !== undefined) return propertyType(argument, nested);
    const declaration = nested.get(name.replace(/^inputs\./, ""));
    if (declaration !== undefined) return { object: properties(declaration, nested) };
  }
  if (node.kind === ts.SyntaxKind.StringKeyword) return "string";
  if (node.kind === ts.SyntaxKind.NumberKeyword) return "number";
  if (node.kind === ts.SyntaxKind.BooleanKeyword) return "boolean";
  throw new Error(`a type that is not known: ${node.getText()}`);
}

/** Names of the outputs: the read-only fields of the class. */
function outputs(source: ts.SourceFile, name: string): string[] {
  const names: string[] = [];
  source.forEachChild((node) => {
    if (!ts.isClassDeclaration(node) || node.name?.text !== name) return;
    for (const member of node.members) {
      if (ts.isPropertyDeclaration(member) && member.type?.getText().startsWith("pulumi.Output<") === true)
        names.push(member.name.getText());
    }
  });
  return names;
}

/** Outputs that the package marks as secret. */
function secretOutputs(script: string): string[] {
  const list = /additionalSecretOutputs: (\[[^\]]*\])/.exec(script)?.[1];
  return list === undefined ? [] : (JSON.parse(list) as string[]);
}

if (require.main === module) {
  void renderRules().then((text) => writeFileSync(rulesFile, text));
}
