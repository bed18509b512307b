import type { IncomingMessage, ServerResponse } from "node:http";

/** What can go wrong at the broker, and what people are told. Nothing of a request is ever shown. */
export const PROBLEMS = {
  "not-found": [404, "There is nothing here", "This host only takes log-ins back to preview environments."],
  "bad-method": [
    405,
    "Only GET is accepted",
    "A provider must send the browser back by a redirect (response_mode=query).",
  ],
  "bad-request": [
    400,
    "The request is incomplete",
    "Parameters are missing, doubled or of the wrong form. Begin the log-in again.",
  ],
  "bad-state": [
    400,
    "The log-in is not valid",
    "Its state was not made by a preview environment, or was changed. Begin the log-in again.",
  ],
  expired: [400, "The log-in took too long", "A log-in is valid for ten minutes. Begin it again."],
  replayed: [400, "The log-in was used already", "Each log-in is accepted once. Begin it again."],
  restarted: [400, "The log-in began before a restart", "Begin it again."],
  crowded: [429, "Too many log-ins", "This environment has too many log-ins at once. Try again in ten minutes."],
  gone: [404, "The preview environment is gone", "It does not exist any more, or is just being removed."],
  unavailable: [
    503,
    "The log-in cannot be checked right now",
    "The cluster or the provider does not answer. Try again in a minute.",
  ],
} as const satisfies Record<string, readonly [number, string, string]>;

/** Name of a problem. */
export type Problem = keyof typeof PROBLEMS;

/** Headers of every answer: nothing is kept, framed, sniffed or told to the next page. */
export function securityHeaders(isHttps: boolean): Record<string, string> {
  return {
    "cache-control": "no-store",
    "content-security-policy":
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "x-robots-tag": "noindex",
    ...(isHttps ? { "strict-transport-security": "max-age=31536000" } : {}),
  };
}

/** Answers with a problem, as a page for browsers and as JSON for who asks for that. */
export function sendProblem(request: IncomingMessage, response: ServerResponse, problem: Problem): void {
  const [status, title, text] = PROBLEMS[problem];
  const wantsJson = /\bjson\b/.test(request.headers.accept ?? "");
  const body = wantsJson ? JSON.stringify({ error: problem, message: `${title}. ${text}` }) : page(title, text);
  response.writeHead(status, {
    "content-type": wantsJson ? "application/json" : "text/html; charset=utf-8",
    ...(problem === "bad-method" ? { allow: "GET" } : {}),
  });
  response.end(body);
}

function page(title: string, text: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto;padding:0 1rem;color-scheme:light dark}</style>
<h1>${title}</h1>
<p>${text}</p>
</html>
`;
}
