import { request } from "node:http";
import { pause } from "../../lifecycle/kube";

/** An answer of an app. */
export interface Reply {
  readonly status: number;
  readonly body: string;
}

/** How long one request may take. Milliseconds. */
const requestTimeout = 5_000;

/**
 * Sends a request to an app by its URL. Names under `.localhost` lead to this machine in browsers and curl; Node leaves them
 * to the system, which may not know them, so the connection goes to 127.0.0.1 and the name into the Host header.
 *
 * @param body Sent as JSON with POST. @default a GET
 */
export function ask(url: string, path: string, body?: unknown): Promise<Reply> {
  const { hostname, port, host } = new URL(url);
  const connectTo = hostname.endsWith(".localhost") ? "127.0.0.1" : hostname;
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: connectTo,
        port: port === "" ? 80 : Number(port),
        path,
        method: text === undefined ? "GET" : "POST",
        headers: { Host: host, ...(text === undefined ? {} : { "Content-Type": "application/json" }) },
        timeout: requestTimeout,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") });
        });
      },
    );
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
export async function askUntil(
  url: string,
  path: string,
  accept: (reply: Reply) => boolean,
  patience = 20_000,
): Promise<Reply> {
  const deadline = Date.now() + patience;
  for (;;) {
    let seen: string;
    try {
      const reply = await ask(url, path);
      if (accept(reply)) return reply;
      seen = `status ${reply.status}: ${reply.body.slice(0, 200)}`;
    } catch (error) {
      seen = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline) throw new Error(`${url}${path} does not answer as expected: ${seen}`);
    await pause(100);
  }
}
