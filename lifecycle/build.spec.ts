import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { build, commands } from "./build";
import { BerthError, ExitCode } from "./errors";

const digest = `sha256:${"ab".repeat(32)}`;

describe("berth build", () => {
  let folder: string;
  let path: string | undefined;
  const plan = () => ({
    context: folder,
    dockerfile: join(folder, "Dockerfile"),
    repository: "ghcr.io/acme/shop",
    tag: "ghcr.io/acme/shop:pr-7",
  });
  const log = () => readFileSync(join(folder, "log"), "utf8");

  /** Stands in for a builder: notes its arguments, and writes the digest as the real one does. */
  const standIn = (name: string, script: string): void => {
    const file = join(folder, "bin", name);
    writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "${name} $*" >> ${join(folder, "log")}\n${script}\n`);
    chmodSync(file, 0o755);
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-spec-"));
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "Dockerfile"), "FROM scratch\n");
    path = process.env["PATH"];
    process.env["PATH"] = [join(folder, "bin"), "/usr/bin", "/bin"].join(delimiter);
  });
  afterEach(() => {
    process.env["PATH"] = path;
    rmSync(folder, { recursive: true });
  });

  it("gives docker context, Dockerfile and tag, pushes, and answers with the digest", async () => {
    standIn(
      "docker",
      `while [ $# -gt 0 ]; do [ "$1" = --metadata-file ] && printf '{"containerimage.digest":"${digest}"}' > "$2"; shift; done`,
    );
    const result = await build(plan(), { to: { kind: "registry" }, builder: "docker" });
    assert.deepEqual(result, {
      image: `ghcr.io/acme/shop@${digest}`,
      tag: "ghcr.io/acme/shop:pr-7",
      builder: "docker",
    });
    assert.match(log(), new RegExp(`^docker buildx build --file ${folder}/Dockerfile --tag ghcr.io/acme/shop:pr-7 `));
    assert.match(log(), new RegExp(` --push ${folder}\n$`));
  });

  it("builds and pushes with buildah in two steps", async () => {
    standIn(
      "buildah",
      `while [ $# -gt 0 ]; do [ "$1" = --digestfile ] && printf '${digest}' > "$2"; shift; done; exit 0`,
    );
    const result = await build(plan(), { to: { kind: "registry" }, builder: "buildah" });
    assert.equal(result.image, `ghcr.io/acme/shop@${digest}`);
    assert.match(
      log(),
      /^buildah build --file .*\nbuildah push --digestfile \S+ \S+:pr-7 docker:\/\/ghcr\.io\/acme\/shop:pr-7\n$/,
    );
  });

  it("writes an archive where no registry is wanted", () => {
    const to = { kind: "archive", path: "/tmp/i.tar" } as const;
    assert.ok(
      commands("docker", plan(), to, "/n")[0]?.includes("type=oci,dest=/tmp/i.tar,name=ghcr.io/acme/shop:pr-7"),
    );
    assert.ok(commands("buildah", plan(), to, "/n")[1]?.includes("oci-archive:/tmp/i.tar:ghcr.io/acme/shop:pr-7"));
  });

  it("says what the builder said when it fails, and what to correct when there is no Dockerfile", async () => {
    standIn("buildah", `echo "step 3: no such file: package.json" >&2; exit 1`);
    await assert.rejects(build(plan(), { to: { kind: "registry" }, builder: "buildah" }), (error: unknown) => {
      assert.ok(error instanceof BerthError);
      assert.match(error.message, /buildah build failed:\nstep 3: no such file: package\.json/);
      return true;
    });
    await assert.rejects(
      build({ ...plan(), dockerfile: join(folder, "none") }, { to: { kind: "registry" } }),
      (error: unknown) => {
        assert.ok(error instanceof BerthError);
        assert.equal(error.exitCode, ExitCode.usage);
        assert.match(error.fix, /image\.context and image\.dockerfile/);
        return true;
      },
    );
  });

  it("does not take an answer without a digest for one", async () => {
    standIn("buildah", `while [ $# -gt 0 ]; do [ "$1" = --digestfile ] && : > "$2"; shift; done; exit 0`);
    await assert.rejects(build(plan(), { to: { kind: "registry" }, builder: "buildah" }), /did not say which digest/);
  });
});
