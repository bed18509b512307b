import type { Registration } from "../support/mocks";

/*
 * A diagram of a resource graph in Mermaid's words: each component with what it consists of, and an arrow to each component that it takes values
 * from.
 */

/** Type of Berth's own components. */
const COMPONENT = /^berth:/;

/** Kinds that the diagram leaves out: settings of a resource beside them. */
const SETTINGS =
  /(Alias|Association|Attachment|Binding|Budget|Controls|Configuration|Policy|PublicAccessBlock|Reservation|Route|Tag|Template|Versioning|IngressRule)$/;

/**
 * Draws the components of a graph.
 *
 * @param registrations what a program registered
 */
export function diagramOf(registrations: readonly Registration[]): string {
  const components = registrations.filter(({ type }) => COMPONENT.test(type));
  const ownerOf = owners(registrations);
  const boxes = components.map((component) => {
    const children = registrations.filter(
      ({ name, type }) => ownerOf(name) === component.name && !COMPONENT.test(type),
    );
    const lines = [`<b>${component.name}</b> (${shortType(component.type)})`, ...kinds(children)];
    return `  ${id(component.name)}["${lines.join("<br/>")}"]`;
  });
  const arrows = new Set<string>();
  for (const { name, dependsOn = [] } of registrations) {
    const owner = ownerOf(name);
    for (const needed of dependsOn) {
      const other = ownerOf(needed);
      if (owner !== undefined && other !== undefined && owner !== other) arrows.add(`  ${id(owner)} --> ${id(other)}`);
    }
  }
  for (const { name, parent } of components) {
    if (parent !== undefined && parent !== "") arrows.add(`  ${id(parent)} --- ${id(name)}`);
  }
  return ["flowchart BT", ...boxes.sort(), ...[...arrows].sort()].join("\n");
}

/** Gives for a resource's name the nearest component above it; a component belongs to itself. */
function owners(registrations: readonly Registration[]): (name: string) => string | undefined {
  const byName = new Map(registrations.map((one) => [one.name, one]));
  return (name) => {
    let one = byName.get(name);
    while (one !== undefined && !COMPONENT.test(one.type)) one = byName.get(one.parent ?? "");
    return one?.name;
  };
}

/** `3 × Subnet` for each kind. */
function kinds(children: readonly Registration[]): string[] {
  const counts = new Map<string, number>();
  for (const { type } of children.filter((child) => !child.type.startsWith("pulumi:"))) {
    const kind = shortType(type);
    if (!SETTINGS.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => (count === 1 ? kind : `${count} × ${kind}`));
}

/** `aws:ec2/subnet:Subnet` is a Subnet; a service whose kind says too little is named besides. */
function shortType(type: string): string {
  const [provider = "", module = "", kind = ""] = type.split(":");
  const service = module.split("/")[0] ?? "";
  if (provider === "eks") return "EKS control plane";
  if (provider === "aws" && ["Key", "Repository", "Addon", "Role"].includes(kind))
    return `${service.toUpperCase()} ${kind}`;
  return kind;
}

function id(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, "_");
}
