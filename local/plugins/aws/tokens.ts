import { rules } from "./rules";

/** Types that share their last word with another. */
const preferred: Record<string, string> = { Tag: "aws:ec2/tag:Tag" };

/**
 * Token of a covered type by its last word.
 *
 * @example coveredType("Subnet") // "aws:ec2/subnet:Subnet"
 * @throws Error when there is none
 */
export function coveredType(name: string): string {
  if (name.includes(":")) return name;
  const found = preferred[name] ?? Object.keys(rules.types).find((token) => token.endsWith(`:${name}`));
  if (found === undefined) throw new Error(`no covered type is called ${name}`);
  return found;
}
