import { Agent, request } from "node:https";

/** What a load test saw. */
export interface Load {
  /** Requests that were answered with 200. */
  readonly served: number;
  /** Each request that was not, in a few words. */
  readonly failures: readonly string[];
  /** How often each answer came. */
  readonly answers: ReadonlyMap<string, number>;
}

/** Clients that ask at the same time: half keep their connection, half open a new one for each request, as browsers and scripts do. */
const CLIENTS = 8;

/** Longest time for one answer. Milliseconds. */
const REQUEST_TIMEOUT = 10_000;

/**
 * Asks an app through the gateway without a pause, until stopped.
 *
 * @param authority certificate, in PEM, of the authority that the gateway's certificate must be signed by
 * @param url the app's HTTPS URL; names under `.localhost` lead to this machine
 * @param path what is asked for
 * @param describe makes of an answer's body what is counted
 * @returns stops and tells what came of it
 */
export function startLoad(
  authority: string,
  url: string,
  path: string,
  describe: (body: string) => string,
): () => Promise<Load> {
  const { hostname, port, host } = new URL(url);
  const connectTo = hostname.endsWith(".localhost") ? "127.0.0.1" : hostname;
  const failures: string[] = [];
  const answers = new Map<string, number>();
  let served = 0;
  let isOver = false;
  const once = (agent: Agent): Promise<void> =>
    new Promise((resolve) => {
      const fail = (why: string) => {
        failures.push(`${new Date().toISOString()} ${why}`);
        resolve();
      };
      const outgoing = request(
        {
          host: connectTo,
          port: port === "" ? 443 : Number(port),
          path,
          agent,
          servername: hostname,
          ca: authority,
          headers: { Host: host },
          timeout: REQUEST_TIMEOUT,
        },
        (response) => {
          let body = "";
          response.setEncoding("utf8").on("data", (text: string) => (body += text));
          response.on("error", (error) => {
            fail(error.message);
          });
          response.on("end", () => {
            if (response.statusCode !== 200) {
              fail(`status ${response.statusCode ?? 0}: ${body.slice(0, 100)}`);
              return;
            }
            served++;
            const answer = describe(body);
            answers.set(answer, (answers.get(answer) ?? 0) + 1);
            resolve();
          });
        },
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer in ${REQUEST_TIMEOUT / 1000} s`)));
      outgoing.on("error", (error) => {
        fail(error.message);
      });
      outgoing.end();
    });
  const agents = Array.from(
    { length: CLIENTS },
    (_, index) => new Agent({ keepAlive: index % 2 === 0, maxSockets: 1 }),
  );
  const clients = agents.map(async (agent) => {
    while (!isOver) {
      await once(agent);
      // A pause that leaves the node's two cores to the pods.
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  return async () => {
    isOver = true;
    await Promise.all(clients);
    for (const agent of agents) agent.destroy();
    return { served, failures, answers };
  };
}
