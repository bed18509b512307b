import assert from "node:assert/strict";

import { changed, goInputs, type GoProgram } from "./go-program";

describe("a program from a Go module", () => {
  const program: GoProgram = { folder: "ferretdb", module: "example.org/m", package: "cmd/m", tags: ["small"] };

  it("is another one with another go.mod, package, tag or file", async () => {
    const variants: GoProgram[] = [
      program,
      { ...program, folder: "versitygw" },
      { ...program, package: "cmd/other" },
      { ...program, tags: [] },
      { ...program, files: { "version.txt": { content: "1" } } },
      { ...program, files: { "version.txt": { content: "2" } } },
      { ...program, files: { "version.txt": { from: "1", to: "2" } } },
    ];
    const keys = await Promise.all(variants.map(async (each) => JSON.stringify(await goInputs(each))));
    assert.equal(new Set(keys).size, variants.length);
    assert.equal(JSON.stringify(await goInputs(program)), keys[0]);
  });

  it("has a file changed where the text is in it once, and no file that is not what was expected", () => {
    assert.equal(changed("a if b c", { from: "if b", to: "" }, "main.go"), "a  c");
    for (const file of ["a c", "if b if b"])
      assert.throws(() => changed(file, { from: "if b", to: "" }, "main.go"), /main\.go has [02] times/);
  });
});
