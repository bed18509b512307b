import { randomBytes } from "node:crypto";
import { request } from "node:https";
import type { Socket } from "node:net";

/**
 * Opens a websocket by way of a gateway of this machine, says one thing after the other, and gives what came back.
 *
 * @param authority certificate, in PEM, of the authority that signed the gateway's
 * @throws Error with the status of the answer when that is no websocket
 */
export async function talk(
  url: string,
  authority: string,
  messages: readonly string[],
  headers: Record<string, string> = {},
): Promise<string[]> {
  const { hostname, host, port } = new URL(url);
  const socket = await new Promise<Socket>((resolve, reject) => {
    const outgoing = request({
      host: "127.0.0.1",
      port,
      servername: hostname,
      ca: authority,
      headers: {
        Host: host,
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
        ...headers,
      },
    });
    outgoing.on("upgrade", (_response, upgraded) => resolve(upgraded));
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        reject(
          new Error(`no websocket: ${response.statusCode ?? 0} ${Buffer.concat(chunks).toString().slice(0, 200)}`),
        );
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
  const heard: string[] = [];
  try {
    for (const message of messages) {
      const [mask, text] = [randomBytes(4), Buffer.from(message)];
      const masked = text.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
      const answer = new Promise<Buffer>((resolve) => socket.once("data", resolve));
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length]), mask, masked]));
      heard.push((await answer).subarray(2).toString());
    }
  } finally {
    socket.destroy();
  }
  return heard;
}
