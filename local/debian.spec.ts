import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ensureDebianPackages, missingPackages, missingPackagesError } from "./debian";
import { LocalError } from "./errors";

describe("local/debian", () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-debian-"));
    await writeFile(join(folder, "tool-a"), "");
    await chmod(join(folder, "tool-a"), 0o755);
    await writeFile(join(folder, "no-program"), "");
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("misses a package of which any program is not there or cannot be run", async () => {
    const packages = [
      { name: "a", why: "one", programs: ["tool-a", join(folder, "tool-a")] },
      { name: "b", why: "two", programs: ["tool-a", "tool-b"] },
      { name: "c", why: "three", programs: [join(folder, "no-program")] },
    ];
    const missing = await missingPackages(packages, `relative:${folder}`);
    assert.deepEqual(
      missing.map(({ name }) => name),
      ["b", "c"],
    );
  });

  it("names each package with its reason, and the command for this user", () => {
    const missing = [
      { name: "runc", why: "running containers", programs: ["runc"] },
      { name: "nftables", why: "Service addresses", programs: ["nft"] },
    ];
    const asRoot = missingPackagesError(missing, true);
    assert.equal(
      asRoot.message,
      "Debian packages are missing: runc (for running containers); nftables (for Service addresses).",
    );
    assert.match(asRoot.fix, /--install.*: apt-get install --no-install-recommends runc nftables$/u);
    assert.equal(asRoot.exitCode, 7);
    assert.match(missingPackagesError(missing, false).fix, /^Install them: sudo apt-get install/u);
  });

  it("installs nothing unasked", async () => {
    const packages = [{ name: "none", why: "a test", programs: [join(folder, "absent")] }];
    await assert.rejects(
      ensureDebianPackages({ packages, onInstall: () => assert.fail("must not install") }),
      LocalError,
    );
    assert.deepEqual(await ensureDebianPackages({ packages: [], install: true }), []);
  });
});
