import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { berth, main } from "./berth";

describe("berth", () => {
  it("says its version, which is that of the package, and ends well", async () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, "..", "package.json"), "utf8")) as { version: string };
    const written: string[] = [];
    const write = process.stdout.write.bind(process.stdout);
    process.stdout.write = (chunk: string | Uint8Array) => written.push(String(chunk)) > 0;
    try {
      await main(["--version"]);
    } finally {
      process.stdout.write = write;
    }
    assert.deepEqual([written, process.exitCode], [[`${version}\n`], 0]);
  });

  it("has the option in its help, and no short form that could be taken for --verbose", () => {
    assert.match(berth().helpInformation(), /^ {2}--version +print the version and end$/m);
  });
});
