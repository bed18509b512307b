/*
 * What an instance type's name says: `m7gd.2xlarge` is family m, generation 7, attributes g (AWS Graviton processor) and d, size
 * 2xlarge ("Amazon EC2 instance type naming conventions", Amazon EC2 Instance Types guide).
 */

const PATTERN = /^([a-z]+)(\d+)([a-z]*(?:-[a-z0-9]+)*)\.([a-z0-9-]+)$/;

/** Processor architecture, as EC2 calls it. */
export type Architecture = "x86_64" | "arm64";

/**
 * Types on Xen. The VPC CNI assigns prefixes on Nitro only ("Assign more IP addresses to Amazon EKS nodes with prefixes", Amazon
 * EKS User Guide); the list is that of "Instances built on the AWS Nitro System" (Amazon EC2 Instance Types guide), turned round.
 */
const XEN = new Set(
  "c1 c3 c4 cc1 cc2 cg1 cr1 d2 f1 g2 g3 g3s h1 hi1 hs1 i2 i3 m1 m2 m3 m4 p2 p3 r3 r4 t1 t2 x1 x1e".split(" "),
);

/** Families with GPUs and other accelerators, whose drivers AL2023's standard image for EKS does not have. */
const ACCELERATED = new Set(["cg", "dl", "f", "g", "gr", "inf", "p", "trn", "vt"]);

/** Whether `text` has the form of an instance type's name. Macs and older High Memory types, which are no nodes, have another. */
export function isInstanceType(text: string): boolean {
  return PATTERN.test(text);
}

/** Whether the type runs on Nitro; true for a name that says nothing. */
export function isNitro(type: string): boolean {
  const [kind = "", size] = type.split(".");
  return !XEN.has(kind) || (kind === "i3" && size === "metal");
}

/** Whether the type has a GPU or another accelerator; false for a name that says nothing. */
export function isAccelerated(type: string): boolean {
  return ACCELERATED.has(PATTERN.exec(type)?.[1] ?? "");
}

/** Architecture of a type: Graviton's letter is a g after the generation, and a1 was the first of them. */
export function architectureOf(type: string): Architecture {
  const [, family, generation, attributes = ""] = PATTERN.exec(type) ?? [];
  if (family === "a" && generation === "1") return "arm64";
  return /^[a-z]*g/.test(attributes) ? "arm64" : "x86_64";
}
