/* global setImmediate */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { URLSearchParams } from "node:url";

import { parseEntry } from "./entry.js";
import { describe, log } from "./log.js";
import { renderNotice, renderPage } from "./page.js";

/** Largest request body in bytes: the longest name and message with every character escaped fit in. */
const largestBody = 16 * 1024;
/** Most entries in one answer. */
const mostEntries = 100;
const pageEntries = 20;

const securityHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const asset = (name, type) => ({ body: readFileSync(new URL(`./assets/${name}`, import.meta.url)), type });
const assets = {
  "/style.css": asset("style.css", "text/css; charset=utf-8"),
  "/icon.svg": asset("icon.svg", "image/svg+xml"),
};

/** A refusal that the client caused. */
class Refused extends Error {
  constructor(status, message, details = []) {
    super(message);
    this.status = status;
    this.details = details;
  }
}

async function readBody(request) {
  if (Number(request.headers["content-length"] ?? 0) > largestBody) throw tooLarge();
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > largestBody) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

const tooLarge = () => new Refused(413, `the body is larger than ${largestBody} bytes`);

function requireType(request, type) {
  const given = (request.headers["content-type"] ?? "").split(";")[0].trim().toLowerCase();
  if (given !== type) throw new Refused(415, `content-type is "${given}": accepted is ${type}`);
}

/** Browsers say where a request comes from; a form on another site must not write here in a visitor's name. */
function requireSameSite(request) {
  const site = request.headers["sec-fetch-site"];
  if (site !== undefined && site !== "same-origin" && site !== "none")
    throw new Refused(403, "requests from other sites cannot write");
}

/**
 * Makes the HTTP server; it does not listen yet.
 *
 * @param {{ database: import("./database.js").Database, about: object }} parts
 */
export function createApp({ database, about }) {
  const routes = {
    "GET /": async ({ response }) => {
      const { entries, total } = await database.list(pageEntries);
      sendHtml(response, 200, renderPage({ about, entries, total }));
    },
    "POST /": async ({ request, response }) => {
      requireSameSite(request);
      requireType(request, "application/x-www-form-urlencoded");
      const values = Object.fromEntries(new URLSearchParams(await readBody(request)));
      const { entry, problems } = parseEntry(values);
      if (problems) {
        const { entries, total } = await database.list(pageEntries);
        sendHtml(response, 422, renderPage({ about, entries, total, values, problems }));
        return;
      }
      await database.add(entry);
      // After a redirect, reloading the page does not send the form again.
      send(response, 303, "", { location: "/" });
    },
    "GET /api/entries": async ({ response, query }) => {
      const limit = Number(query.get("limit") ?? pageEntries);
      if (!Number.isInteger(limit) || limit < 1 || limit > mostEntries) {
        throw new Refused(400, `limit is "${query.get("limit")}": accepted is a whole number from 1 to ${mostEntries}`);
      }
      sendJson(response, 200, await database.list(limit));
    },
    "POST /api/entries": async ({ request, response }) => {
      requireSameSite(request);
      requireType(request, "application/json");
      const { entry, problems } = parseEntry(parseJson(await readBody(request)));
      if (problems) throw new Refused(422, "the entry was not accepted", problems);
      sendJson(response, 201, await database.add(entry));
    },
    // Also asked by the liveness probe, so it does not depend on the database: restarting the app would not mend that.
    "GET /health": async ({ response }) => {
      sendJson(response, database.migrated ? 200 : 503, { status: database.migrated ? "ok" : "starting", ...about });
    },
    "GET /ready": async ({ response }) => {
      try {
        await database.ping();
        sendJson(response, database.migrated ? 200 : 503, { database: "ok", migrated: database.migrated });
      } catch (error) {
        sendJson(response, 503, { database: "unreachable", code: error.code, migrated: database.migrated });
      }
    },
  };

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, async (request, response) => {
    const started = process.hrtime.bigint();
    const [path, query] = request.url.split("?", 2);
    response.on("close", () => {
      // While the server stops, a connection that falls idle would keep it from ending.
      if (!server.listening) setImmediate(() => server.closeIdleConnections());
      const milliseconds = Number((process.hrtime.bigint() - started) / 10_000n) / 100;
      if (path !== "/health")
        log("info", "request", { method: request.method, path, status: response.statusCode, milliseconds });
    });
    try {
      await answer({ routes, request, response, path, query: new URLSearchParams(query) });
    } catch (error) {
      fail({ request, response, path, error, about });
    }
  });
  return server;
}

async function answer({ routes, request, response, path, query }) {
  const method = request.method === "HEAD" ? "GET" : request.method;
  if (method === "GET" && Object.hasOwn(assets, path)) {
    const { body, type } = assets[path];
    send(response, 200, body, { "content-type": type, "cache-control": "public, max-age=300" });
    return;
  }
  const route = `${method} ${path}`;
  if (Object.hasOwn(routes, route)) return routes[route]({ request, response, query });
  const allowed = Object.keys(routes)
    .filter((each) => each.endsWith(` ${path}`))
    .map((each) => each.split(" ")[0]);
  if (allowed.length > 0) response.setHeader("allow", allowed.join(", "));
  throw allowed.length > 0
    ? new Refused(405, `${request.method} is not accepted here`)
    : new Refused(404, "there is no such page");
}

function fail({ request, response, path, error, about }) {
  const status = error instanceof Refused ? error.status : 503;
  if (status === 503) log("error", "request failed", { method: request.method, path, ...describe(error) });
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  // The rest of a refused body is not read, so the connection cannot carry another request.
  if (!request.complete) response.setHeader("connection", "close");
  const message =
    error instanceof Refused ? error.message : "The database cannot be reached right now. Try again in a moment.";
  if (path.startsWith("/api/")) {
    sendJson(response, status, { error: message, ...(error.details?.length > 0 ? { problems: error.details } : {}) });
  } else {
    sendHtml(response, status, renderNotice({ about, message }));
  }
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refused(400, "the body is not JSON");
  }
}

function sendHtml(response, status, text) {
  send(response, status, text, { "content-type": "text/html; charset=utf-8", "cache-control": "no-store" });
}

function sendJson(response, status, value) {
  send(response, status, JSON.stringify(value), { "content-type": "application/json", "cache-control": "no-store" });
}

function send(response, status, body, headers) {
  response.writeHead(status, { ...securityHeaders, "content-length": Buffer.byteLength(body), ...headers });
  response.end(response.req.method === "HEAD" ? undefined : body);
}
