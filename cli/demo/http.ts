import {
  request as requestPlain,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as requestTls } from "node:https";
import { pause } from "../../lifecycle/kube";

/** An answer of an app. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What to send beside the path. */
export interface AskOptions {
  /** Sent as JSON with POST. @default a GET */
  readonly body?: unknown;
  /** @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Address of this machine to connect from. @default the system's choice */
  readonly from?: string;
}

/** How long one request may take. Milliseconds. */
const requestTimeout = 5_000;

/** Visits apps by their URLs, and checks who answers. */
export class Visitor {
  /**
   * @param authority certificate, in PEM, of the one authority that a gateway's certificate must be signed by. @default those
   * that the system trusts
   */
  constructor(private readonly authority?: string) {}

  /**
   * Sends a request to an app. Names under `.localhost` lead to this machine in browsers and curl; Node leaves them to the
   * system, which may not know them, so the connection goes to 127.0.0.1, and the name into the Host header and the
   * certificate's check.
   *
   * @throws Error when nobody answers in time, or with a certificate that is not of the authority or not for the host.
   */
  ask(url: string, path: string, options: AskOptions = {}): Promise<Reply> {
    const { protocol, hostname, port, host } = new URL(url);
    const isTls = protocol === "https:";
    const text = options.body === undefined ? undefined : JSON.stringify(options.body);
    const base: RequestOptions = {
      host: hostname.endsWith(".localhost") ? "127.0.0.1" : hostname,
      port: port === "" ? (isTls ? 443 : 80) : Number(port),
      path,
      method: text === undefined ? "GET" : "POST",
      headers: {
        Host: host,
        ...(text === undefined ? {} : { "Content-Type": "application/json" }),
        ...options.headers,
      },
      timeout: requestTimeout,
      agent: false,
      ...(options.from === undefined ? {} : { localAddress: options.from }),
    };
    const authority = this.authority === undefined ? {} : { ca: this.authority };
    return new Promise((resolve, reject) => {
      const read = (response: IncomingMessage): void => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const { statusCode = 0, headers } = response;
          resolve({ status: statusCode, headers, body: Buffer.concat(chunks).toString("utf8") });
        });
      };
      const outgoing = isTls
        ? requestTls({ ...base, servername: hostname, ...authority }, read)
        : requestPlain(base, read);
      outgoing.on("timeout", () =>
        outgoing.destroy(new Error(`no answer from ${url}${path} in ${requestTimeout / 1000} s`)),
      );
      outgoing.on("error", reject);
      outgoing.end(text);
    });
  }

  /**
   * Asks until the answer is as expected: the gateway learns of a new route a moment after the pods are ready.
   *
   * @throws Error with the last answer when it does not come in time.
   */
  async askUntil(
    url: string,
    path: string,
    accept: (reply: Reply) => boolean,
    patience = 20_000,
    options: AskOptions = {},
  ): Promise<Reply> {
    const deadline = Date.now() + patience;
    for (;;) {
      let seen: string;
      try {
        const reply = await this.ask(url, path, options);
        if (accept(reply)) return reply;
        seen = `status ${reply.status}: ${reply.body.slice(0, 200)}`;
      } catch (error) {
        seen = error instanceof Error ? error.message : String(error);
      }
      if (Date.now() > deadline) throw new Error(`${url}${path} does not answer as expected: ${seen}`);
      await pause(100);
    }
  }
}
