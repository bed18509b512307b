import { randomUUID } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { BerthError, ExitCode, hasCode, messageOf } from "./errors";
import type { EnvironmentName } from "./naming";
import type { PoliciesLeftOut } from "./policies";
import type { PolicySummary } from "./policy-report";
import type { Target } from "./target";
import { readIfThere, writeWhole } from "./workspace";

/** Verbs that change an environment. */
const VERBS = ["deploy", "rotate", "destroy", "sleep", "wake"] as const;

export type Verb = (typeof VERBS)[number];

/** Files of records, among others that stand beside them. */
const RECORD_FILE = new RegExp(`-(${VERBS.join("|")})-[0-9a-f]{8}\\.json$`);

/** How a verb ended. */
export type Outcome = "done" | "unchanged" | "skipped" | "failed" | "leftovers" | "superseded" | "interrupted";

/** One event in the life of an environment: the audit log, the history and the metrics are made of these. */
export interface LifeRecord {
  readonly version: 1;
  readonly id: string;
  /** When it began, ISO 8601. */
  readonly time: string;
  readonly verb: Verb;
  readonly environment: string;
  readonly project: string;
  readonly pr: number;
  /** Who asked for it: a login, or user@host. */
  readonly who: string;
  readonly outcome: Outcome;
  readonly exitCode: number;
  /** The error's message and fix, when it failed. */
  readonly error?: { readonly message: string; readonly fix?: string };
  /** Seconds by phase; `total` is the whole verb. */
  readonly durations: Readonly<Record<string, number>>;
  readonly commit?: string;
  readonly branch?: string;
  readonly image?: string;
  /** How much its code was trusted: `trusted`, `internal` or `fork`. */
  readonly trust?: string;
  readonly generation?: number;
  readonly url?: string;
  /** URLs of the public services, by name. */
  readonly serviceUrls?: Readonly<Record<string, string>>;
  /** Databases that a rotation was for. */
  readonly databases?: readonly string[];
  /** Resources created, updated, deleted, left alone. */
  readonly changes?: Readonly<Record<string, number>>;
  /** How it was judged by the policy pack, or why it was not. */
  readonly policies?: PolicySummary | PoliciesLeftOut;
  /** File name of the receipt beside the records. */
  readonly receipt?: string;
}

/** What a verb adds to its record while it works. */
export type RecordDetails = {
  -readonly [
    Key in
      | "commit"
      | "branch"
      | "image"
      | "trust"
      | "generation"
      | "url"
      | "serviceUrls"
      | "databases"
      | "changes"
      | "policies"
      | "receipt"
  ]?: LifeRecord[Key];
};

/** Measures phases and collects details for the record. */
export class Recorder {
  readonly started = new Date();
  readonly details: RecordDetails = {};
  private readonly durations: Record<string, number> = {};

  constructor(
    private readonly verb: Verb,
    private readonly name: EnvironmentName,
    private readonly who: string,
  ) {}

  /** Runs a phase and adds its time. */
  async phase<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const begin = performance.now();
    try {
      return await work();
    } finally {
      this.durations[phase] = round((this.durations[phase] ?? 0) + (performance.now() - begin) / 1000);
    }
  }

  /** The durations so far, with the total. */
  times(): Record<string, number> {
    return { ...this.durations, total: round((Date.now() - this.started.getTime()) / 1000) };
  }

  /** The finished record. */
  finish(outcome: Outcome, error?: unknown): LifeRecord {
    const failure = error instanceof BerthError ? error : undefined;
    return {
      version: 1,
      id: randomUUID(),
      time: this.started.toISOString(),
      verb: this.verb,
      environment: this.name.namespace,
      project: this.name.projectId,
      pr: this.name.number,
      who: this.who,
      outcome,
      exitCode: error === undefined ? ExitCode.ok : (failure?.exitCode ?? ExitCode.unexpected),
      ...(error === undefined
        ? {}
        : { error: { message: messageOf(error), ...(failure ? { fix: failure.fix } : {}) } }),
      durations: this.times(),
      ...this.details,
    };
  }
}

function round(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}

/**
 * Does the work of a command and writes its record, however it ends.
 *
 * @param outcome how a result is called in the record
 */
export async function recorded<Result extends object>(
  target: Target,
  recorder: Recorder,
  work: () => Promise<Result>,
  outcome: (result: Result) => Outcome,
): Promise<Result & { readonly durations: Readonly<Record<string, number>> }> {
  try {
    const result = await work();
    await writeRecord(target, recorder.finish(outcome(result)));
    return { ...result, durations: recorder.times() };
  } catch (error) {
    await writeRecord(target, recorder.finish(outcomeOf(error), error));
    throw error;
  }
}

/** How an error is called in a record. */
function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof BerthError)) return "failed";
  if (error.exitCode === ExitCode.interrupted) return "interrupted";
  if (error.exitCode === ExitCode.busy) return "superseded";
  return error.exitCode === ExitCode.leftovers ? "leftovers" : "failed";
}

/** A file name that sorts by time. */
export function fileNameOf(time: Date, what: string): string {
  return `${time.toISOString().replaceAll(":", "-")}-${what}.json`;
}

function folder(target: Target, environment: string): string {
  return join(target.recordsDir, environment);
}

/** Writes a record: one file each, so that two writers never meet. */
async function writeRecord(target: Target, record: LifeRecord): Promise<void> {
  const name = fileNameOf(new Date(record.time), `${record.verb}-${record.id.slice(0, 8)}`);
  await writeWhole(join(folder(target, record.environment), name), `${JSON.stringify(record, null, 2)}\n`);
}

/** Writes another document beside the records, and returns its path. */
export async function writeBeside(target: Target, environment: string, name: string, value: unknown): Promise<string> {
  const path = join(folder(target, environment), name);
  await writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
  return path;
}

/**
 * Reads records, newest first.
 *
 * @param environment Only this one's. @default every environment's
 */
export async function readRecords(target: Target, environment?: string): Promise<LifeRecord[]> {
  const environments = environment === undefined ? await names(target.recordsDir) : [environment];
  const records: LifeRecord[] = [];
  for (const each of environments) {
    for (const file of await names(folder(target, each))) {
      if (!RECORD_FILE.test(file)) continue;
      const text = await readIfThere(join(folder(target, each), file));
      if (text !== undefined) records.push(JSON.parse(text) as LifeRecord);
    }
  }
  return records.sort((a, b) => (a.time < b.time ? 1 : -1));
}

async function names(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw error;
  }
}
