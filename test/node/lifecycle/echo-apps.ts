/*
 * Apps for tests of what passes the gateway: a few lines of Node each, without packages. They run in the example's image, in place of
 * its own program: Node runs them first, and they never end.
 */

/** Variables that make the example's image run other code. */
export function running(program: string): Record<string, string> {
  const module = Buffer.from(`${program}\nawait new Promise(() => undefined);`).toString("base64");
  return { NODE_OPTIONS: `--import=data:text/javascript;base64,${module}` };
}

/**
 * Answers each request with its path and headers as JSON, and each text message of a websocket (RFC 6455, up to 125 bytes) with the
 * same in capitals. Says itself that it may be framed by nobody.
 */
export const webApp = `
import { createHash } from "node:crypto";
import { createServer } from "node:http";
const server = createServer((request, response) => {
  response.setHeader("X-Frame-Options", "DENY");
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ path: request.url, headers: request.headers }));
});
server.on("upgrade", (request, socket) => {
  const accept = createHash("sha1").update(request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64");
  socket.write(["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + accept, "", ""].join("\\r\\n"));
  socket.on("data", (frame) => {
    if ((frame[0] & 15) === 8) return socket.end(Buffer.from([0x88, 0]));
    const [mask, text] = [frame.subarray(2, 6), frame.subarray(6, 6 + (frame[1] & 127))];
    const said = Buffer.from(text.map((byte, index) => byte ^ mask[index % 4])).toString().toUpperCase();
    socket.write(Buffer.concat([Buffer.from([0x81, Buffer.byteLength(said)]), Buffer.from(said)]));
  });
  socket.on("error", () => socket.destroy());
});
server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`;

/**
 * A gRPC server on HTTP/2 without TLS. It is healthy (grpc.health.v1), and sends each message of any other call back, one by one as they
 * come.
 */
export const grpcApp = `
import { createServer } from "node:http2";
const server = createServer();
server.on("stream", (stream, headers) => {
  stream.on("error", () => undefined);
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
  if (headers[":path"] === "/grpc.health.v1.Health/Check") return stream.end(Buffer.from([0, 0, 0, 0, 2, 8, 1]));
  stream.pipe(stream);
});
server.listen(Number(process.env.PORT));
process.on("SIGTERM", () => process.exit(0));
`;
