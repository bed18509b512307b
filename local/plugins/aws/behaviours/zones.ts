/** A zone has a letter; us-east-1 has the most of them ("Regions and Zones", Amazon EC2 User Guide). */
const letters = ["a", "b", "c", "d", "e", "f"];

/** Availability zones of a region. Every region has six here, whereas most have three. */
export function zonesOf(region: string): { name: string; id: string }[] {
  return letters.map((letter, index) => ({ name: `${region}${letter}`, id: `${shortName(region)}-az${index + 1}` }));
}

/** How zone IDs call a region: `euc1` for `eu-central-1`. */
function shortName(region: string): string {
  const [first = "", ...rest] = region.split("-");
  const short = rest.map((part) =>
    /^(north|south)(east|west)$/.test(part) ? `${part[0] ?? ""}${part[5] ?? ""}` : (part[0] ?? ""),
  );
  return `${first}${short.join("")}`;
}
