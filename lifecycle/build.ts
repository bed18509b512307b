import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import type { BuildPlan } from "../config/build";
import { BerthError, ExitCode } from "./errors";
import { silent, type Progress } from "./progress";
import { interrupted } from "./state";

/** Programs that build an image. */
export const builders = ["docker", "buildah"] as const;

export type Builder = (typeof builders)[number];

/** Where a built image goes. */
export type Destination =
  | { readonly kind: "registry" }
  /** An archive in the OCI layout, at this path. */
  | { readonly kind: "archive"; readonly path: string };

/** How to build. */
export interface BuildOptions {
  readonly to: Destination;
  /** @default docker where it is on PATH, else buildah */
  readonly builder?: Builder;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

/** A built image. */
export interface BuildResult {
  /** By digest: what `berth deploy --image` takes. */
  readonly image: string;
  readonly tag: string;
  readonly builder: Builder;
}

/**
 * Builds an app's image with the machine's own builder and brings it where it is wanted.
 *
 * @throws BerthError when there is no Dockerfile, no builder, or the build fails
 */
export async function build(plan: BuildPlan, options: BuildOptions): Promise<BuildResult> {
  const { to, progress = silent, signal } = options;
  if (!existsSync(plan.dockerfile)) {
    throw new BerthError(`there is no ${plan.dockerfile}`, {
      fix: "set image.context and image.dockerfile in the config: the folder seen from the config, the file seen from that folder.",
      exitCode: ExitCode.usage,
    });
  }
  const builder = options.builder ?? findBuilder();
  progress({ kind: "phase", text: `building ${plan.tag} with ${builder}` });
  const folder = await mkdtemp(join(tmpdir(), "berth-build-"));
  try {
    const note = join(folder, "digest");
    for (const command of commands(builder, plan, to, note)) await run(command, progress, signal);
    const digest = digestIn(await readFile(note, "utf8"));
    if (digest === undefined) {
      throw new BerthError(`${builder} did not say which digest the image has`, {
        fix: "use a newer version of it (docker needs its buildx plugin), or another with --builder.",
        exitCode: ExitCode.prerequisite,
      });
    }
    return { image: `${plan.repository}@${digest}`, tag: plan.tag, builder };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The commands that build an image and note its digest in a file. */
export function commands(builder: Builder, plan: BuildPlan, to: Destination, note: string): string[][] {
  const { context, dockerfile, tag } = plan;
  if (builder === "docker") {
    const output = to.kind === "registry" ? ["--push"] : ["--output", `type=oci,dest=${to.path},name=${tag}`];
    // Without provenance the image is one manifest, whose digest is the same wherever it is kept.
    const rest = ["--provenance=false", "--metadata-file", note, ...output, context];
    return [["docker", "buildx", "build", "--file", dockerfile, "--tag", tag, ...rest]];
  }
  const target = to.kind === "registry" ? `docker://${tag}` : `oci-archive:${to.path}:${tag}`;
  return [
    ["buildah", "build", "--file", dockerfile, "--tag", tag, context],
    ["buildah", "push", "--digestfile", note, tag, target],
  ];
}

/** The digest in a note: buildah's is one, docker's is in JSON. */
function digestIn(text: string): string | undefined {
  const digest = text.startsWith("{")
    ? (JSON.parse(text) as Record<string, unknown>)["containerimage.digest"]
    : text.trim();
  return typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : undefined;
}

function findBuilder(): Builder {
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = builders.find((name) => folders.some((folder) => existsSync(join(folder, name))));
  if (found !== undefined) return found;
  throw new BerthError(`there is no program that builds images: ${builders.join(" or ")}`, {
    fix: "install one of them (Debian: apt-get install buildah), or build the image elsewhere and pass it with `berth deploy --image`.",
    exitCode: ExitCode.prerequisite,
  });
}

/** Lines of a failed build that are shown. */
const shownLines = 15;

async function run(command: readonly string[], progress: Progress, signal?: AbortSignal): Promise<void> {
  const [program = "", ...args] = command;
  if (signal?.aborted) throw interrupted();
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], signal });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (chunk: string) => {
      for (const line of chunk.split("\n").filter((each) => each.trim() !== "")) {
        lines.push(line);
        progress({ kind: "detail", text: line });
      }
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  }).catch((error: unknown) => {
    if (signal?.aborted) throw interrupted();
    throw new BerthError(`${program} cannot be started`, {
      fix: "install it, or choose another with --builder.",
      exitCode: ExitCode.prerequisite,
      cause: error,
    });
  });
  if (code === 0) return;
  throw new BerthError(`${program} ${args[0] ?? ""} failed:\n${lines.slice(-shownLines).join("\n")}`, {
    fix: "correct what its last lines name, then run the command again.",
    exitCode: ExitCode.environmentFailed,
  });
}
