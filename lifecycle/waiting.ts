import { LABEL } from "../config/labels";
import { messageOf } from "./errors";
import { fullVolume } from "./full-volume";
import { harmless } from "./harmless";
import { jobTroubles } from "./jobs";
import { pause, type Kube, type KubeList, type KubeObject } from "./kube";
import { diagnose, type KubeEvent, type Pod, type Trouble } from "./trouble";

/** How often the picture is looked at. Milliseconds. */
const lookEvery = 1_000;

/** A trouble that passes within this time is not worth a line: pods start through states that look like it. Milliseconds. */
const quietFor = 4_000;

/** Log lines that are shown of a container that crashes. */
const logLines = 12;

/** Log lines that are read for what they say: a client may print an error as an object of some thirty lines. */
const readLines = 60;

/**
 * What kubelet answers in place of a log while the container restarts, as the text of a success: its message about a file that it has
 * removed (ReadLogs of k8s.io/cri-client), or about a container that is gone (GetContainerLogs of its kuberuntime).
 */
const LOG_GONE =
  /^(?:failed to try resolving symlinks in path "[^"\n]*": lstat [^\n]*: no such file or directory|unable to retrieve container logs for \S+)\s*$/;

/** How often a log that is just not there is asked for. */
const logTries = 3;

/** Between two of these. Milliseconds. */
const logPause = 500;

/** Values shorter than this are too common to be masked wherever they occur in a log. */
const shortestSecret = 6;

/** A trouble with the time since which it is seen. */
interface Seen {
  trouble: Trouble;
  readonly since: number;
  told: boolean;
}

/**
 * Watches an environment while the engine waits for it, and says in the pods' own words what they wait for.
 *
 * The engine's own error comes only when its time is up; this one comes as soon as it is certain.
 */
export class Waiting {
  private readonly pods = new Map<string, Pod>();
  private readonly events = new Map<string, KubeEvent>();
  private readonly seen = new Map<string, Seen>();
  private readonly end = new AbortController();
  private readonly failed = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private since = 0;
  private watches: Promise<unknown> = Promise.resolve();

  /**
   * @param onTrouble Called once for each thing that keeps the environment waiting.
   */
  constructor(
    private readonly kube: Kube,
    private readonly namespace: string,
    private readonly onTrouble: (trouble: Trouble) => void,
  ) {}

  /** Aborts once waiting longer cannot help; its reason is the {@link Trouble}. */
  get hopeless(): AbortSignal {
    return this.failed.signal;
  }

  /** Begins to watch; the namespace need not exist yet. */
  start(): void {
    const path = `/api/v1/namespaces/${this.namespace}`;
    const { signal } = this.end;
    // Events are timed in whole seconds.
    this.since = this.kube.now() - 1_000;
    this.watches = Promise.all([
      this.kube.watch<Pod>(`${path}/pods`, {}, signal, (event) => {
        keep(this.pods, event);
      }),
      this.kube.watch<KubeEvent>(`${path}/events`, {}, signal, (event) => {
        keep(this.events, event);
      }),
    ]);
    this.timer = setInterval(() => {
      this.look(this.since);
    }, lookEvery);
  }

  /** Ends the watches, after a last look. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.end.abort();
    await this.watches;
    this.look(this.since);
  }

  /** What failed jobs say, asked for now: a job's end is known to the engine before any watch tells it. */
  async failedJobs(): Promise<Trouble[]> {
    const pods = await this.kube.get<KubeList<Pod>>(`/api/v1/namespaces/${this.namespace}/pods`, {
      query: { labelSelector: LABEL.job },
    });
    return jobTroubles(pods.items, this.since, this.kube.now());
  }

  /** What keeps the environment waiting at present. */
  troubles(): Trouble[] {
    return [...this.seen.values()].map(({ trouble }) => trouble);
  }

  private look(since: number): void {
    const now = Date.now();
    const present = new Map<string, Trouble>();
    for (const trouble of diagnose([...this.pods.values()], [...this.events.values()], since, this.kube.now())) {
      present.set(keyOf(trouble), trouble);
    }
    for (const key of this.seen.keys()) if (!present.has(key)) this.seen.delete(key);
    for (const [key, trouble] of present) {
      const entry = this.seen.get(key) ?? { trouble, since: now, told: false };
      entry.trouble = trouble;
      this.seen.set(key, entry);
      const age = now - entry.since;
      if (!entry.told && (age >= quietFor || trouble.hopelessAfter === 0)) {
        entry.told = true;
        this.onTrouble(trouble);
      }
      if (trouble.hopelessAfter !== undefined && age >= trouble.hopelessAfter * 1000) this.failed.abort(trouble);
    }
  }
}

/** Troubles of one object count as one while only its words change: a pull goes to and fro between two reasons. */
function keyOf(trouble: Trouble): string {
  const family = /^(ErrImagePull|ImagePullBackOff)$/.test(trouble.reason) ? "pull" : trouble.reason;
  return `${trouble.object}\0${family}`;
}

function keep<T extends KubeObject>(store: Map<string, T>, event: { type: string; object: T }): void {
  const { name } = event.object.metadata;
  if (event.type === "DELETED") store.delete(name);
  else if (event.type === "ADDED" || event.type === "MODIFIED") store.set(name, event.object);
}

/**
 * A trouble in full, with the last lines of the container's log where they explain it. Values of the environment's Secrets
 * are masked in all of it: an app may print its own connection string, and a probe's message may repeat it. Nothing of it moves a terminal
 * or commands GitHub's runner.
 */
export async function explain(kube: Kube, namespace: string, trouble: Trouble): Promise<string> {
  const hide = await masker(kube, namespace).catch(() => undefined);
  if (hide === undefined)
    return `${trouble.object}: ${trouble.reason}: (no more is shown: Secrets could not be masked)`;
  const head = `${trouble.object}: ${trouble.reason}: ${harmless(hide(trouble.message))}`;
  if (trouble.log === undefined) return head;
  const lines = await lastLines(kube, namespace, trouble.log, hide);
  if (lines.length === 0) return head;
  const full = fullVolume(lines, trouble.log.container);
  const quoted = `its last lines:\n${lines
    .slice(-logLines)
    .map((line) => `  ${harmless(line)}`)
    .join("\n")}`;
  return [head, quoted, ...(full === undefined ? [] : [full])].join("\n");
}

async function lastLines(
  kube: Kube,
  namespace: string,
  log: NonNullable<Trouble["log"]>,
  hide: (text: string) => string,
): Promise<string[]> {
  const path = `/api/v1/namespaces/${namespace}/pods/${log.pod}/log`;
  const read = async (previous: boolean) => {
    const text = await kube.text(path, { container: log.container, previous, tailLines: readLines });
    return LOG_GONE.test(text) ? undefined : text;
  };
  try {
    let text: string | undefined;
    for (let tries = 0; tries < logTries && text === undefined; tries++) {
      if (tries > 0) await pause(logPause);
      text = await read(log.previous);
    }
    // Meanwhile the run that was meant may have become the other one, and the new one has said nothing yet.
    if (!text) text = (await read(!log.previous).catch(() => undefined)) ?? text;
    return text === undefined ? ["(no log: it is gone, as the container was restarted)"] : linesOf(hide(text));
  } catch (error) {
    return [`(no log: ${messageOf(error)})`];
  }
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** A function that replaces the values of all Secrets of a namespace, in each form in which programs print them. */
export async function masker(kube: Kube, namespace: string): Promise<(text: string) => string> {
  const secrets = await kube.get<{ items: { data?: Record<string, string> }[] }>(
    `/api/v1/namespaces/${namespace}/secrets`,
  );
  return mask(secrets.items.flatMap((secret) => Object.values(secret.data ?? {})));
}

/**
 * A function that replaces values in a text: raw, each line of a long one by itself, as base64, in a URL and in JSON.
 *
 * @param encoded the values in base64, as Secrets have them
 */
export function mask(encoded: readonly string[]): (text: string) => string {
  const forms = encoded.flatMap((base64) => {
    const value = Buffer.from(base64, "base64").toString("utf8");
    const raw = [value, value.trim(), ...value.split(/\r?\n/).map((line) => line.trim())];
    return [...raw, base64, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)];
  });
  // Longer ones first: a connection string holds the password.
  const ordered = [...new Set(forms)]
    .filter((form) => form.length >= shortestSecret)
    .sort((a, b) => b.length - a.length);
  return (text) => ordered.reduce((rest, form) => rest.replaceAll(form, "[secret]"), text);
}
