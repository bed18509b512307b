import { lintSource } from "@secretlint/core";
import { creator as recommended } from "@secretlint/secretlint-rule-preset-recommend";

/*
 * Finds secrets among values: by the known formats of secretlint's recommended rules, and by how random a text is.
 */

/** A value somewhere in a resource. */
export interface Value {
  /** Where it stands, such as `data.config.yaml`. */
  readonly place: string;
  /** Name that goes with it: of a variable, a key or an argument. */
  readonly name: string;
  readonly text: string;
  /** Whether how random it is says nothing, as in user data with certificates. @default false */
  readonly formatsOnly?: boolean;
}

/** A value that looks like a secret. */
export interface Finding {
  readonly value: Value;
  /** What it looks like, without the value itself. */
  readonly kind: string;
}

/** From how much randomness on, in bits for each character, a text counts as a secret. */
export interface Limits {
  readonly base64Entropy: number;
  readonly hexEntropy: number;
}

/** The limits that detect-secrets has: its plugins Base64HighEntropyString and HexHighEntropyString. */
export const LIMITS: Limits = { base64Entropy: 4.5, hexEntropy: 3 };

/** Fewer characters than these carry too little to be told from words: 24 characters of base64 are 18 bytes. */
const SHORTEST = 24;

const config = {
  rules: [
    {
      id: "@secretlint/secretlint-rule-preset-recommend",
      rule: recommended,
      rules: [{ id: "@secretlint/secretlint-rule-aws", options: { enableIDScanRule: true } }],
    },
  ],
};

/** Finds the values that look like secrets: at most one finding for each. */
export async function findSecrets(values: readonly Value[], limits: Limits = LIMITS): Promise<Finding[]> {
  const formats = await knownFormats(values);
  return values.flatMap((value, index) => {
    const kind =
      formats.get(index) ?? (value.formatsOnly ? undefined : (byName(value, limits) ?? byRandomness(value, limits)));
    return kind === undefined ? [] : [{ value, kind }];
  });
}

/** A comment by which a value could switch the rules off; it is made another word of the same length. */
const COMMENT = /(secretlint)-/gi;

/** The name of the format by the index of the value that has it. */
async function knownFormats(values: readonly Value[]): Promise<Map<number, string>> {
  const found = new Map<number, string>();
  // All in one text: the rules start once for a resource, not for every value. Names stay with values since some rules need them.
  const texts = values.map(({ name, text }) => `${name}=${text}\n`.replace(COMMENT, "$1_"));
  const ends: number[] = [];
  for (const text of texts) ends.push((ends.at(-1) ?? 0) + text.length);
  const { messages } = await lintSource({
    source: { content: texts.join(""), filePath: "values", ext: "", contentType: "text" },
    options: { noPhysicFilePath: true, maskSecrets: true, config },
  });
  for (const { range, messageId, ruleId } of messages) {
    const index = ends.findIndex((end) => range[0] < end);
    found.set(index, `${messageId} (${ruleId.split("secretlint-rule-").at(-1) ?? ruleId})`);
  }
  return found;
}

/** Names whose value is a password, whatever it looks like. */
const PASSWORD_NAME = /(^|[_.-])(password|passwd|passphrase|pwd)$/i;

/** Names whose value is a secret when it looks random. */
const SECRET_NAME =
  /(^|[_.-])(secret|token|api[_-]?key|access[_-]?key|private[_-]?key|signing[_-]?key|encryption[_-]?key|credentials?|salt)$/i;

/** What stands in for a secret: a reference, a path, a switch, or nothing. */
const STAND_IN =
  /^(|\$.*|\{\{.*\}\}|<.*>|\*+|x+|\/.*|file:.*|https?:\/\/[^@]*|true|false|yes|no|on|off|none|null|\d{1,6}[smhd]?)$/i;

/** Camel case is divided as other names are. */
function divided(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2");
}

function byName({ name, text }: Value, limits: Limits): string | undefined {
  if (STAND_IN.test(text)) return undefined;
  if (PASSWORD_NAME.test(divided(name))) return "a password, by its name";
  if (!SECRET_NAME.test(divided(name)) || text.length < 8 || /\s/.test(text)) return undefined;
  const isMixed = /\d/.test(text) && /[a-z]/i.test(text);
  return isMixed && entropyOf(text) >= limits.hexEntropy ? "a secret, by its name and randomness" : undefined;
}

/** Certificates and public keys are random and no secrets. */
const PUBLIC_BLOCKS = /-----BEGIN (CERTIFICATE|PUBLIC KEY|CERTIFICATE REQUEST)-----[\s\S]*?-----END \1-----/g;

/** Digests of a known kind name what everybody may know. */
const DIGESTS = /\b(sha(1|224|256|384|512)|md5)[:-][A-Za-z0-9+/=]+/g;

function byRandomness({ text }: Value, limits: Limits): string | undefined {
  const rest = text.replace(PUBLIC_BLOCKS, "").replace(DIGESTS, "");
  for (const word of rest.split(/[^A-Za-z0-9+/=_-]+/)) {
    if (word.length < SHORTEST || word.includes("//")) continue;
    // Words joined by dashes, underscores or slashes are names and paths; a random text has its characters of all sorts between them too.
    const parts = word.split(/[-_/+=]+/).filter((part) => part !== "");
    const random = parts.filter((part) => /[a-z]/.test(part) && /[A-Z]/.test(part) && /\d/.test(part));
    const share = random.join("").length / word.length;
    if (share >= 0.5 && entropyOf(word) >= limits.base64Entropy) return "a random text";
  }
  return undefined;
}

/** Shannon entropy of a text's characters, in bits for each. */
export function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
