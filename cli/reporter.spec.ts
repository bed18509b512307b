import assert from "node:assert/strict";
import pc from "picocolors";
import { Reporter } from "./reporter";

const colors = pc.createColors(false);

function collect(isTTY: boolean, verbose = false): { reporter: Reporter; text: () => string } {
  const written: string[] = [];
  let clock = 0;
  const stream = {
    isTTY,
    columns: 40,
    write: (text: string | Uint8Array) => {
      written.push(String(text));
      return true;
    },
  };
  const reporter = new Reporter({ stream, colors, verbose, clock: () => (clock += 100) });
  return { reporter, text: () => written.join("") };
}

describe("progress", () => {
  it("without a terminal is one line for each phase and warning, with the elapsed time", () => {
    const { reporter, text } = collect(false);
    reporter.tell({ kind: "phase", text: "deploying" });
    reporter.tell({ kind: "detail", text: "creating Deployment app" });
    reporter.tell({ kind: "warning", text: "pod app: Unschedulable" });
    reporter.end();
    assert.equal(text(), "   0.1s deploying\n   0.2s pod app: Unschedulable\n");
  });

  it("tells details too when asked", () => {
    const { reporter, text } = collect(false, true);
    reporter.tell({ kind: "detail", text: "creating Deployment app" });
    assert.equal(text(), "   0.1s   creating Deployment app\n");
  });

  it("on a terminal keeps details on one line that never wraps and goes away", () => {
    const { reporter, text } = collect(true);
    reporter.tell({ kind: "detail", text: "x".repeat(100) });
    reporter.end();
    const [drawn = ""] = text()
      .split("\r\u001b[2K")
      .filter((part) => part !== "");
    assert.ok(drawn.length < 40, drawn);
    assert.ok(text().endsWith("\r\u001b[2K"));
  });
});
