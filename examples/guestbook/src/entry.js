/** Longest name and message, in characters; the page's form and the table have the same limits. */
export const limits = { name: 60, message: 500 };

/** Control characters except line feed and tab; PostgreSQL refuses NUL, and the rest has no place in a page. */
const unwanted = /[^\P{Cc}\n\t]/gu;

/**
 * Checks what a visitor sent.
 *
 * @returns {{ entry: { name: string, message: string } } | { problems: string[] }}
 */
export function parseEntry(input) {
  const problems = [];
  const entry = {};
  for (const [field, most] of Object.entries(limits)) {
    const value = input?.[field];
    const text = typeof value === "string" ? value.replace(/\r\n?/g, "\n").replace(unwanted, "").trim() : "";
    // Code points, as PostgreSQL counts them.
    const length = [...text].length;
    if (length === 0) problems.push(`${field} is missing: 1 to ${most} characters are accepted`);
    else if (length > most) problems.push(`${field} has ${length} characters: at most ${most} are accepted`);
    entry[field] = field === "name" ? text.replace(/\s+/g, " ") : text;
  }
  return problems.length === 0 ? { entry } : { problems };
}
