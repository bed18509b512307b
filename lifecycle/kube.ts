import { request as httpRequest, type IncomingMessage } from "node:http";
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { createInterface } from "node:readline";
// The package's own entry point loads every generated API class, which costs each command a quarter of a second; what is
// needed here is its reading of kubeconfig files and its ways to authenticate.
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";
import { BerthError, ExitCode, hasCode, messageOf } from "./errors";

/** The part of an object's metadata that Berth looks at. */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  finalizers?: string[];
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: { kind: string; name: string; uid: string }[];
}

/** Any object of the API, its kind's own fields unknown. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: ObjectMeta;
}

/** A list as the API server gives it. */
export interface KubeList<T extends KubeObject = KubeObject> {
  items: T[];
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
}

/** One event of a watch. */
export interface WatchEvent<T extends KubeObject> {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: T;
}

/** The API server's refusal of a request. */
export class KubeError extends Error {
  override readonly name = "KubeError";

  constructor(
    /** HTTP status. */
    readonly status: number,
    /** The API's own word, such as `NotFound` or `Conflict`; empty when the body was no Status object. */
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

/** What a request may carry. */
export interface RequestBody {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  /** @default "application/json" */
  contentType?: string;
  /** @default "application/json" */
  accept?: string;
  /** Milliseconds until the request is given up. @default 15000 */
  timeout?: number;
  signal?: AbortSignal;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

const defaultTimeout = 15_000;

/** Errors of the connection itself: nothing listens there, or it is not the server that the kubeconfig means. */
const connectionErrors = [
  "ECONNREFUSED",
  "ECONNRESET",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EPIPE",
];

/** A small client: typed paths are not worth their loading time here, since most requests are for types found by discovery. */
export class Kube {
  /** The API server's address, as in the kubeconfig. */
  readonly server: string;
  /** Server time minus local time in milliseconds, from the last response; accurate to a second. */
  private clockOffset = 0;
  private agent: Agent | undefined;

  private constructor(private readonly config: KubeConfig) {
    const cluster = config.getCurrentCluster();
    if (!cluster) {
      throw new BerthError("the kubeconfig names no cluster", {
        fix: "pass --context with one of its contexts (`kubectl config get-contexts`), or another --kubeconfig.",
        exitCode: ExitCode.noCluster,
      });
    }
    this.server = cluster.server;
  }

  /**
   * Reads a kubeconfig; sends nothing yet.
   *
   * @param kubeconfig Path of the file, or several joined by colons as in the KUBECONFIG variable.
   * @param context Name of the context to use. @default the file's current context
   * @throws BerthError (no cluster) when the file cannot be read or lacks the context.
   */
  static load(kubeconfig: string, context?: string): Kube {
    const config = new KubeConfig();
    try {
      const [first, ...others] = kubeconfig.split(":").filter((path) => path !== "");
      if (first === undefined) throw new Error("its path is empty");
      config.loadFromFile(first);
      for (const path of others) {
        const more = new KubeConfig();
        more.loadFromFile(path);
        config.mergeConfig(more, true);
      }
    } catch (error) {
      throw new BerthError(`cannot read the kubeconfig ${kubeconfig}: ${messageOf(error)}`, {
        fix: "pass an existing file with --kubeconfig, or start the embedded cluster with `berth local up`.",
        exitCode: ExitCode.noCluster,
        cause: error,
      });
    }
    if (context !== undefined) {
      if (config.getContextObject(context) === null) {
        const known = config.getContexts().map((entry) => entry.name);
        throw new BerthError(`the kubeconfig ${kubeconfig} has no context "${context}"`, {
          fix: `choose one of: ${known.join(", ") || "(it has none)"}.`,
          exitCode: ExitCode.noCluster,
        });
      }
      config.setCurrentContext(context);
    }
    return new Kube(config);
  }

  /** The API server's present time in milliseconds since 1970, so that clocks of several machines need not agree. */
  now(): number {
    return Date.now() + this.clockOffset;
  }

  /** GET of a path such as `/api/v1/namespaces/x`. */
  get<T>(path: string, options: RequestBody = {}): Promise<T> {
    return this.request<T>("GET", path, options);
  }

  /** GET, or undefined when the object does not exist. */
  async find<T>(path: string, options: RequestBody = {}): Promise<T | undefined> {
    return absent(this.get<T>(path, options));
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>("POST", path, { body });
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>("PUT", path, { body });
  }

  /** JSON merge patch (RFC 7386). */
  patch<T>(path: string, body: unknown): Promise<T> {
    return this.request<T>("PATCH", path, { body, contentType: "application/merge-patch+json" });
  }

  /** DELETE; undefined when there was nothing to delete. */
  async delete(path: string, body?: unknown): Promise<KubeObject | undefined> {
    return absent(this.request<KubeObject>("DELETE", path, { body }));
  }

  /** Text, such as a container's log. */
  async text(path: string, query: RequestBody["query"]): Promise<string> {
    const response = await this.send("GET", path, { query, accept: "*/*" });
    return readAll(response);
  }

  /**
   * Whether the API server answers.
   *
   * @throws BerthError (no cluster) when it does not, or does not accept the credentials.
   */
  async check(): Promise<void> {
    try {
      await this.get("/version", { timeout: 5_000 });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      throw new BerthError(`the cluster at ${this.server} refuses the kubeconfig's credentials: ${error.message}`, {
        fix: "renew them (for EKS: `aws eks update-kubeconfig`), or pass another --kubeconfig or --context.",
        exitCode: ExitCode.noCluster,
        cause: error,
      });
    }
  }

  private async request<T>(method: Method, path: string, options: RequestBody): Promise<T> {
    const response = await this.send(method, path, options);
    return JSON.parse(await readAll(response)) as T;
  }

  private async send(method: Method, path: string, options: RequestBody): Promise<IncomingMessage> {
    const timeout = AbortSignal.timeout(options.timeout ?? defaultTimeout);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    let response: IncomingMessage;
    try {
      response = await this.open(method, path, { ...options, signal });
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw this.unreachable(error, timeout.aborted);
    }
    const date = Date.parse(response.headers.date ?? "");
    if (!Number.isNaN(date)) this.clockOffset = date - Date.now();
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return response;
    throw refusal(status, await readAll(response), `${method} ${path}`);
  }

  /** Sends the request and resolves with the response's head. */
  private async open(
    method: Method,
    path: string,
    options: RequestBody & { signal: AbortSignal },
  ): Promise<IncomingMessage> {
    const url = new URL(this.server.replace(/\/$/, "") + path);
    for (const [name, value] of Object.entries(options.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const body = options.body === undefined ? undefined : JSON.stringify(options.body);
    const settings: RequestOptions = {
      method,
      signal: options.signal,
      headers: {
        Accept: options.accept ?? "application/json",
        "User-Agent": "berth",
        ...(body === undefined
          ? {}
          : { "Content-Type": options.contentType ?? "application/json", "Content-Length": Buffer.byteLength(body) }),
      },
    };
    await this.config.applyToHTTPSOptions(settings);
    // The agent that comes with the settings opens a connection for each request; proxies have agents of their own.
    if (settings.agent instanceof Agent && settings.agent.constructor === Agent) {
      settings.agent = this.agent ??= new Agent({ ...settings.agent.options, keepAlive: true });
    }
    const start = url.protocol === "http:" ? httpRequest : httpsRequest;
    return new Promise((resolve, reject) => {
      const outgoing = start(url, settings, resolve);
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  private unreachable(error: unknown, timedOut: boolean): BerthError {
    const known = timedOut || connectionErrors.some((code) => hasCode(error, code));
    const why = timedOut ? "no answer in time" : messageOf(error) || (error as NodeJS.ErrnoException).code;
    return new BerthError(`the cluster at ${this.server} cannot be reached: ${why}`, {
      fix: known
        ? "start it (`berth local up` for the embedded one), or pass --kubeconfig or --context for a cluster that runs."
        : "check the kubeconfig: its certificate, its credentials, its proxy.",
      exitCode: ExitCode.noCluster,
      cause: error,
    });
  }

  /**
   * Follows a list: calls back for each object that is there and for each later change, and starts again when the server
   * closes the stream. Returns when the signal aborts. A failure does not end it: it is tried again after a second,
   * because whoever watches has something else that decides when to give up.
   */
  async watch<T extends KubeObject>(
    path: string,
    query: Record<string, string>,
    signal: AbortSignal,
    onEvent: (event: WatchEvent<T>) => void,
  ): Promise<void> {
    while (!signal.aborted) {
      try {
        const response = await this.open("GET", path, { query: { ...query, watch: true }, signal });
        if (response.statusCode === 200) {
          for await (const line of createInterface({ input: response })) {
            const event = JSON.parse(line) as WatchEvent<T>;
            if (event.type === "ERROR") break;
            onEvent(event);
          }
        } else {
          response.resume();
        }
      } catch (error) {
        if (error instanceof SyntaxError) throw error;
      }
      await pause(1_000, signal);
    }
  }
}

/** Turns the answer "not found" into undefined. */
async function absent<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Whether the API server refused with this HTTP status. */
export function isStatus(error: unknown, status: number): error is KubeError {
  return error instanceof KubeError && error.status === status;
}

/** Resolves after that many milliseconds, or at once when the signal aborts. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener("abort", done, { once: true });
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function refusal(status: number, body: string, request: string): KubeError {
  try {
    const answer = JSON.parse(body) as { reason?: string; message?: string };
    return new KubeError(status, answer.reason ?? "", answer.message ?? `${request}: HTTP ${status}`);
  } catch {
    return new KubeError(status, "", `${request}: HTTP ${status}`);
  }
}
