import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { parseConfigText, type Config } from "../../../config/load";
import { deploy, type DeployOptions, type DeployRequest, type DeployResult } from "../../../lifecycle/deploy";
import { destroy, type DestroyOptions, type DestroyResult } from "../../../lifecycle/destroy";
import { BerthError, type ExitCode } from "../../../lifecycle/errors";
import { Kube } from "../../../lifecycle/kube";
import { environmentName } from "../../../lifecycle/naming";
import { allProcesses } from "../../../lifecycle/process";
import type { Target } from "../../../lifecycle/target";

/** An image that no node has: simulated pods do not pull. */
export const image = (digit: string) => `localhost/berth/app@sha256:${digit.repeat(64)}`;

/** A commit made of one digit. */
export const commit = (digit: string) => digit.repeat(40);

/** A config with an app and a database, for a project of its own. */
export function configFor(projectId: string, more: object = {}): Config {
  return parseConfigText(stringify({ projectId, databases: { postgresql: true }, ...more }));
}

/** A deploy of a project's pull request 1. */
export function requestFor(projectId: string, digit = "1", more: Partial<DeployRequest> = {}): DeployRequest {
  return {
    config: configFor(projectId),
    number: 1,
    commit: commit(digit),
    image: image(digit),
    branch: "feature",
    owner: "alice",
    ...more,
  };
}

/** Deploys without waiting long for anything. */
export function deployTo(
  target: Target,
  request: DeployRequest,
  options: Partial<DeployOptions> = {},
): Promise<DeployResult> {
  return deploy(target, request, { who: "test", timeout: 120, patience: 120, ...options });
}

/** Destroys pull request 1 of a project. */
export function destroyFrom(
  target: Target,
  projectId: string,
  options: Partial<DestroyOptions> = {},
): Promise<DestroyResult> {
  return destroy(target, environmentName(projectId, 1), { who: "test", timeout: 90, patience: 120, ...options });
}

/** Checks that something fails with an error of Berth's that has this exit code, this text, and a fix. */
export async function failsWith(
  action: Promise<unknown>,
  expected: { exitCode: ExitCode; message: RegExp },
): Promise<BerthError> {
  try {
    await action;
  } catch (error) {
    assert.ok(error instanceof BerthError, String(error));
    assert.match(error.message, expected.message);
    assert.equal(error.exitCode, expected.exitCode);
    assert.ok(error.fix.length > 0);
    return error;
  }
  return assert.fail(`it did not fail; expected was ${expected.message.source}`);
}

/** The cluster of a target. */
export function kubeOf(target: Target): Kube {
  return Kube.load(target.kubeconfig, target.context);
}

/** A CustomResourceDefinition as its makers publish it, out of a Go module of theirs at a version. */
export async function definitionFrom(module: string, file: string): Promise<{ metadata: { name: string } }> {
  const { stdout } = await promisify(execFile)("go", ["mod", "download", "-json", module], {
    cwd: "/",
    env: { ...process.env, GOFLAGS: "-mod=mod" },
  });
  const { Dir } = JSON.parse(stdout) as { Dir: string };
  return parse(readFileSync(join(Dir, file), "utf8")) as { metadata: { name: string } };
}

/** Runs `berth` as a process of its own, so that it can be killed. Its output has no colours, which CI services switch on. */
export class BerthProcess {
  readonly child: ChildProcess;
  /** Everything that it has printed. */
  output = "";
  /** What it has printed on standard output alone. */
  stdout = "";
  private readonly ended: Promise<number | null>;

  constructor(nodejs: string, args: readonly string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}) {
    const env = { ...(options.env ?? process.env), NO_COLOR: "1" };
    this.child = spawn(nodejs, args, { ...options, env, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.output += text));
    this.ended = once(this.child, "close").then(([code]) => code as number | null);
  }

  /** Resolves once the output has this text; rejects when the process ends before. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.output)) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(`berth ended before ${pattern.source} with: ${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** The exit code; null after a signal. */
  end(): Promise<number | null> {
    return this.ended;
  }

  /** Kills the process and nothing that it started. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** Writes a berth.yaml into a folder that goes away with the process. */
export function writeConfig(config: object): string {
  const folder = mkdtempSync(join(tmpdir(), "berth-config-"));
  process.on("exit", () => {
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, "berth.yaml");
  writeFileSync(path, stringify(config));
  return path;
}

/** Every file under a folder that contains the text. */
export function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size < 64 * 1024 * 1024 && readFileSync(path).includes(text));
}

/** Numbers of processes whose command line contains the text. */
export function processesWith(text: string): number[] {
  return allProcesses().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(text);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}
