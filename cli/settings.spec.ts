import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../config/problems";
import { BerthError, ExitCode } from "../lifecycle/errors";
import { readSettings } from "./settings";

describe("further settings of the embedded cluster's platform", () => {
  const folder = mkdtempSync(join(tmpdir(), "berth-settings-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const read = (text: string) => {
    const path = join(folder, "settings.yaml");
    writeFileSync(path, text);
    return readSettings(path);
  };

  it("are what the file says, without defaults", () => {
    const text = "previewSecrets: { shop: { namespace: shop-preview-secrets, secrets: [stripe] } }";
    assert.deepEqual(read(text), {
      previewSecrets: { shop: { namespace: "shop-preview-secrets", secrets: ["stripe"] } },
    });
  });

  it("are refused where they follow from the cluster", () => {
    assert.throws(
      () => read("domain: example.com\ngateway: {}\n"),
      (error) =>
        error instanceof BerthError &&
        error.exitCode === ExitCode.usage &&
        /has domain, gateway, which/.test(error.message),
    );
  });

  it("are refused where they cannot be, with the field", () => {
    for (const text of ["previewSecrets: { shop: { namespace: kube-system } }", "previewSecret: {}", "[]", "x"]) {
      assert.throws(() => read(text), ConfigError, text);
    }
  });

  it("say which file is missing", () => {
    assert.throws(() => readSettings(join(folder, "nowhere.yaml")), /cannot read the settings .*nowhere\.yaml/);
  });
});
