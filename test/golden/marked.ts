/*
 * Parts of documents that are generated, between `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
 */

/**
 * Gives a document with another text in one of its generated parts.
 *
 * @throws Error when the document has no such part
 */
export function withGenerated(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- generated: ${name} -->`, `<!-- end of ${name} -->`];
  const [first, last] = [document.indexOf(begin), document.indexOf(end)];
  if (first < 0 || last < first) throw new Error(`the document has no part between ${begin} and ${end}`);
  return `${document.slice(0, first)}${begin}\n\n${text}\n\n${document.slice(last)}`;
}
