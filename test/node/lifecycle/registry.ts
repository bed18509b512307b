import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { onNode } from "../../../local/cluster/images";
import type { BuiltImage } from "../../../local/images";

/*
 * A stand-in for a registry that is slow: it serves one image, read only, by the part of the distribution API that a pull needs, on the
 * node's own loopback. It knows neither tags nor accounts.
 */

/** Serves the blobs of an image layout; big ones a piece at a time. Ends with its standard input. */
const server = String.raw`
const http = require("node:http"), fs = require("node:fs"), path = require("node:path");
const { folder, port, bytesPerSecond } = JSON.parse(process.argv[1]);
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time));
http.createServer(async (request, response) => {
  const found = /^\/v2\/.+\/(manifests|blobs)\/sha256:([0-9a-f]{64})$/.exec(request.url);
  if (request.url === "/v2/" || request.url === "/v2") return response.end("{}");
  const file = found && path.join(folder, "blobs", "sha256", found[2]);
  if (!file || !fs.existsSync(file)) { response.statusCode = 404; return response.end("{}"); }
  const bytes = fs.readFileSync(file);
  response.setHeader("Content-Length", bytes.length);
  response.setHeader("Docker-Content-Digest", "sha256:" + found[2]);
  response.setHeader("Content-Type", found[1] === "manifests" ? JSON.parse(bytes).mediaType : "application/octet-stream");
  if (request.method === "HEAD") return response.end();
  const step = Math.ceil(bytesPerSecond / 10);
  for (let at = 0; at < bytes.length; at += step) {
    if (bytes.length > step) await pause(100);
    if (!response.write(bytes.subarray(at, at + step))) await new Promise((resolve) => response.once("drain", resolve));
  }
  response.end();
}).listen(port, "127.0.0.1", () => console.log("listening"));
process.stdin.on("end", () => process.exit()).resume();
`;

/** A registry on a node. */
export interface SlowRegistry {
  /** The image as the node pulls it. */
  readonly ref: string;
  close(): Promise<void>;
}

/**
 * Starts a registry on a real node.
 *
 * @param nodePid first process of the node
 * @param image what it serves
 * @param options.port on the node's 127.0.0.1
 * @param options.bytesPerSecond how fast it serves each blob
 */
export async function startSlowRegistry(
  nodePid: number,
  image: BuiltImage,
  { port, bytesPerSecond }: { port: number; bytesPerSecond: number },
): Promise<SlowRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "berth-registry-"));
  await promisify(execFile)("tar", ["--extract", `--file=${image.archive}`, `--directory=${folder}`]);
  const settings = JSON.stringify({ folder, port, bytesPerSecond });
  const [program = "", ...args] = onNode(nodePid, [process.execPath, "-e", server, settings]);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  await Promise.race([
    once(child.stdout, "data"),
    ended.then(() => Promise.reject(new Error("the registry ended before it listened"))),
  ]);
  return {
    ref: `localhost:${port}/berth/slow@${image.digest}`,
    async close() {
      child.stdin.end();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
