import assert from "node:assert/strict";
import { ExitCode } from "../lifecycle/errors";
import { KubeError } from "../lifecycle/kube";
import { explainError } from "./command";

describe("an error that a command shows", () => {
  it("is the missing right where the API server refused for want of one, and no mistake in Berth", () => {
    const words =
      'secrets is forbidden: User "alice" cannot list resource "secrets" in API group "" in the namespace "shop-pr-1"';
    const { message, fix, exitCode } = explainError(new KubeError(403, "Forbidden", words));
    assert.equal(message, "you have no right to list secrets in the namespace shop-pr-1");
    assert.match(fix ?? "", /^deploy once more: /);
    assert.equal(exitCode, ExitCode.prerequisite);
    assert.equal(explainError(new KubeError(403, "Forbidden", "quota")).exitCode, ExitCode.unexpected);
  });
});
