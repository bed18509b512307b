import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";

import { repositoryPath } from "../root";
import { run } from "../run";
import type { ImageName, Recipe } from "../types";

const flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="];

/**
 * An image with one small program of ours and nothing else, compiled from `<name>/main.go`. In Go, because Go is there to build the
 * toolchain and a C compiler may not be; it uses the standard library alone.
 */
export async function goFileRecipe(name: ImageName): Promise<Recipe> {
  const source = repositoryPath("local/images", name, "main.go");
  return {
    name,
    layers: [
      {
        label: name,
        inputs: [await readFile(source, "utf8"), ...flags],
        estimateSeconds: 3,
        shared: false,
        async fill(folder, { signal }) {
          const scratch = await mkdtemp(join(dirname(folder), `${name}-`));
          try {
            // Outside every module, so that no go.mod of the surroundings counts.
            await cp(source, join(scratch, "main.go"));
            await run(["go", "build", ...flags, "-o", join(folder, name), "main.go"], {
              signal,
              cwd: scratch,
              env: { CGO_ENABLED: "0", GO111MODULE: "off", GOFLAGS: "", GOOS: "linux" },
              fixWhenMissing: "Install Go 1.26 or newer and put it on PATH.",
              fixWhenFailed: "Check that `go version` prints 1.26 or newer.",
            });
          } finally {
            await rm(scratch, { recursive: true, force: true });
          }
        },
      },
    ],
    config: { User: "65535:65535", Env: ["PATH=/"], Entrypoint: [`/${name}`] },
  };
}
