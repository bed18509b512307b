/** One apt source file in the form that mmdebstrap takes. */
export interface AptSource {
  /** `list` for one-line entries, `sources` for deb822 stanzas. */
  format: "list" | "sources";
  content: string;
}

/**
 * Picks the machine's own Debian archive out of its apt sources, so that images come from the same mirror, with the
 * same signing keys, as the machine's packages, and from no third-party repository.
 *
 * @param files name and content of `/etc/apt/sources.list` and of the files in `/etc/apt/sources.list.d`.
 * @param codename release of the machine, as in `VERSION_CODENAME` of os-release.
 * @returns the entries of that release and of its updates and security suites, component `main`.
 */
export function debianSources(files: readonly { name: string; content: string }[], codename: string): AptSource[] {
  const found: AptSource[] = [];
  for (const file of [...files].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (file.name.endsWith(".sources")) {
      const stanzas = file.content
        .trim()
        .split(/\n\s*\n/)
        .filter((stanza) => stanzaFits(stanza, codename));
      if (stanzas.length > 0) found.push({ format: "sources", content: `${stanzas.join("\n\n")}\n` });
    } else if (file.name.endsWith(".list")) {
      const lines = file.content.split("\n").filter((line) => lineFits(line, codename));
      if (lines.length > 0) found.push({ format: "list", content: `${lines.join("\n")}\n` });
    }
  }
  return found;
}

function suiteFits(suite: string, codename: string): boolean {
  return [codename, `${codename}-updates`, `${codename}-security`].includes(suite);
}

function lineFits(line: string, codename: string): boolean {
  const match = /^deb\s+(?:\[[^\]]*\]\s+)?\S+\s+(\S+)\s+(.*)$/.exec(line.trim());
  if (match === null) return false;
  const [, suite = "", components = ""] = match;
  return suiteFits(suite, codename) && components.split(/\s+/).includes("main");
}

function stanzaFits(stanza: string, codename: string): boolean {
  const fields = new Map<string, string[]>();
  for (const line of stanza.split("\n")) {
    const match = /^([A-Za-z-]+):\s*(.*)$/.exec(line);
    if (match?.[1] !== undefined && match[2] !== undefined)
      fields.set(match[1].toLowerCase(), match[2].trim().split(/\s+/));
  }
  const suites = fields.get("suites") ?? [];
  return (
    (fields.get("types") ?? []).includes("deb") &&
    fields.get("enabled")?.[0] !== "no" &&
    (fields.get("components") ?? []).includes("main") &&
    suites.length > 0 &&
    suites.every((suite) => suiteFits(suite, codename))
  );
}

/**
 * The machine's apt settings that a download depends on (proxies, certificates, retries).
 *
 * @param dump what `apt-config dump` prints.
 * @returns values for mmdebstrap's `--aptopt`.
 */
export function downloadOptions(dump: string): string[] {
  return dump
    .split("\n")
    .filter((line) => /^Acquire::(?:Retries|(?:http|https)::[A-Za-z:-]+) "[^"]+";$/.test(line.trim()))
    .map((line) => line.trim().replace(/;$/, ""));
}

/**
 * Value of a field of os-release.
 *
 * @param content the file `/etc/os-release`.
 * @param field for example `VERSION_CODENAME`.
 * @returns the value without quotes, or undefined.
 */
export function osReleaseField(content: string, field: string): string | undefined {
  const match = new RegExp(`^${field}=(.*)$`, "m").exec(content);
  return match?.[1]?.replace(/^"(.*)"$/, "$1");
}
