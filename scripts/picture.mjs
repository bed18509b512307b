// `npm run picture`: runs the demo and draws what it printed as docs/demo.svg, the picture of the README.
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { root } from "./dependencies.mjs";

const columns = 118;
const lineHeight = 18;
const charWidth = 8.4;
const margin = 20;
const barHeight = 34;

// SVG viewers fold spaces, each by rules of its own; no-break spaces keep the columns everywhere.
const escape = (text) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0");

/** A terminal window with these lines, as SVG text: sharp at any size, and a diff shows what changed. */
function draw(title, lines) {
  const width = Math.round(columns * charWidth + 2 * margin);
  const height = barHeight + lines.length * lineHeight + 2 * margin;
  const colour = (line) => {
    if (/^\s*(✔|✓)/.test(line)) return "#7ee787";
    if (/^\s*(✘|✖|error)/.test(line)) return "#ff7b72";
    if (line.startsWith("$")) return "#79c0ff";
    return "#e6edf3";
  };
  const rows = lines.map(
    (line, index) =>
      `<text x="${margin}" y="${barHeight + margin + (index + 0.75) * lineHeight}" fill="${colour(line)}">${escape(line)}</text>`,
  );
  const dots = ["#ff5f57", "#febc2e", "#28c840"].map(
    (fill, index) => `<circle cx="${margin + index * 20}" cy="${barHeight / 2}" r="6" fill="${fill}"/>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<rect width="100%" height="100%" rx="10" fill="#0d1117"/>
<rect width="100%" height="${barHeight}" rx="10" fill="#161b22"/>
${dots.join("")}
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">
${rows.join("\n")}
</g>
</svg>
`;
}

const child = spawn(process.execPath, [join(root, "bin/berth.mjs"), "demo", "--no-color"], {
  cwd: root,
  stdio: ["ignore", "pipe", "pipe"],
});
const lines = ["$ npm run demo"];
let rest = "";
for (const stream of [child.stdout, child.stderr]) {
  stream.setEncoding("utf8");
  stream.on("data", (text) => {
    process.stderr.write(text);
    const parts = (rest + text).split("\n");
    rest = parts.pop();
    lines.push(...parts.map((part) => stripVTControlCharacters(part).slice(0, columns)));
  });
}
child.on("close", (code) => {
  if (code !== 0) {
    console.error(`error: the demo ended with exit code ${code}; docs/demo.svg is left as it was`);
    process.exit(1);
  }
  writeFileSync(join(root, "docs/demo.svg"), draw("npm run demo, start to end", lines));
  console.error("drawn: docs/demo.svg");
});
