import assert from "node:assert/strict";
import { ExitCode } from "../lifecycle/errors";
import { exitCodes, exitCodesText } from "./exit-codes";

describe("exit codes", () => {
  it("are all explained, each once", () => {
    assert.deepEqual(
      exitCodes.map(({ code }) => code).sort((a, b) => a - b),
      Object.values(ExitCode).sort((a, b) => a - b),
    );
  });

  it("stand in the help", () => {
    for (const { code, meaning } of exitCodes) assert.ok(exitCodesText().includes(`${code}  ${meaning}`));
  });
});
