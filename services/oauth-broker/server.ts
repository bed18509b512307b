import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { BROKER_LABEL, CALLBACK_PATH, PROXY_CALLBACK_PATH } from "../../config/oauth";
import { hostName, serviceHostName, url } from "../../config/names";
import type { Environments } from "./environments";
import { Nonces } from "./nonces";
import { securityHeaders, sendProblem } from "./pages";
import type { Problem } from "./pages";
import type { Provider } from "./provider";
import {
  MAX_LIFE,
  StateError,
  isEnvironmentName,
  isServiceName,
  newNonce,
  openCode,
  peekState,
  sealCode,
  signState,
  verifyState,
} from "./state";
import type { State } from "./state";

/** What a broker is made from. */
export interface BrokerSettings {
  /** Domain of all environments, and the URL's scheme and port. */
  domain: string;
  scheme: "http" | "https";
  port: number;
  environments: Environments;
  /** The provider for proxies of environments; undefined when the platform has none. */
  oidc?: { provider: Provider; clientId: string };
  /** Where proxies reach this broker, such as `http://oauth-broker.berth-system.svc:8081`. */
  internalUrl: string;
  /** Seconds since 1970. */
  now: () => number;
  /** Takes what happened; no code, state, key or token is ever in it. */
  log: (event: LogEvent) => void;
}

/** One line of the broker's log. */
export interface LogEvent {
  event: "callback" | "login" | "token" | "error";
  /** Only of a state whose signature is right. */
  environment?: string;
  outcome: string;
}

/** Parameters of a provider's answer that environments get (RFC 6749 section 4.1.2, RFC 9207). */
const ANSWER = ["code", "error", "error_description", "error_uri", "iss"];

/** Parameters of a proxy's request that the provider gets (OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636). */
const REQUEST = ["response_type", "scope", "nonce", "code_challenge", "code_challenge_method", "prompt", "max_age"];

/** Longest single parameter, in characters. */
const MAX_PARAMETER = 4096;

/** Largest form that a proxy may send, in bytes. */
const MAX_FORM = 16_384;

/** A problem that ends a request. */
class Refused extends Error {
  constructor(
    readonly problem: Problem,
    readonly outcome: string = problem,
    readonly environment?: string,
  ) {
    super(problem);
  }
}

/**
 * The broker: what browsers may ask, and what proxies of environments may.
 *
 * @returns listeners for two servers; the internal one must not be reachable from outside the cluster
 */
export function createBroker(settings: BrokerSettings): { public: RequestListener; internal: RequestListener } {
  const { domain, scheme, port, environments, oidc, now, log } = settings;
  const nonces = new Nonces(now());
  const origin = (label: string) => url(scheme, hostName(label, domain), port);
  const originOf = ({ env, service }: Pick<State, "env" | "service">) =>
    service === undefined ? origin(env) : url(scheme, serviceHostName(env, service, domain), port);
  const callbackUrl = `${origin(BROKER_LABEL)}${CALLBACK_PATH}`;

  /** Where in an environment a proxy wants its answer; undefined for any URI that is none of its own. */
  function placeOf(env: string, redirectUri: string | undefined): Pick<State, "env" | "service"> | undefined {
    if (redirectUri === undefined || !URL.canParse(redirectUri)) return undefined;
    const [label = ""] = new URL(redirectUri).hostname.split(".");
    const service = label.startsWith(`${env}-`) ? label.slice(env.length + 1) : undefined;
    if (service !== undefined && !isServiceName(service)) return undefined;
    const place = service === undefined ? { env } : { env, service };
    return `${originOf(place)}${PROXY_CALLBACK_PATH}` === redirectUri ? place : undefined;
  }

  /** The one way back: host and scheme from the names of environment and service, the path from their own signed state. */
  function back(state: State, parameters: URLSearchParams): string {
    const base = originOf(state);
    const target = new URL(state.path, base);
    if (target.origin !== new URL(base).origin) throw new Refused("bad-state", "another host", state.env);
    target.search = parameters.toString();
    return target.href;
  }

  async function verified(text: string): Promise<{ state: State; key: string }> {
    try {
      const { env, use } = peekState(text);
      const key = await environments.key(env, use);
      // No key and a wrong key look the same from outside: nobody learns which environments there are.
      if (key === undefined) throw new StateError("forged");
      return { state: verifyState(text, key, now()), key };
    } catch (error) {
      if (!(error instanceof StateError)) throw error;
      throw new Refused(error.refusal === "expired" ? "expired" : "bad-state", error.refusal);
    }
  }

  async function callback(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const { state: text, code, error } = single(query, ["state", ...ANSWER]);
    if (text === undefined || (code === undefined) === (error === undefined)) throw new Refused("bad-request");
    const { state, key } = await verified(text);
    const { env } = state;
    if (!(await environments.isLive(env))) throw new Refused("gone", "gone", env);
    const taken = nonces.take(state, now());
    if (taken !== "taken") throw new Refused(taken === "older" ? "restarted" : taken, taken, env);
    const parameters = new URLSearchParams();
    for (const name of ANSWER) {
      const value = query.get(name);
      if (value !== null)
        parameters.set(name, name === "code" && state.use === "proxy" ? sealCode(value, env, key) : value);
    }
    parameters.set("state", state.state);
    redirect(response, back(state, parameters));
    log({ event: "callback", environment: env, outcome: error === undefined ? "sent on" : "sent on with an error" });
  }

  async function login(environment: string, query: URLSearchParams, response: ServerResponse): Promise<void> {
    const asked = single(query, [...REQUEST, "client_id", "redirect_uri", "state"]);
    const place = placeOf(environment, asked["redirect_uri"]);
    if (
      oidc === undefined ||
      place === undefined ||
      asked["client_id"] !== oidc.clientId ||
      asked["response_type"] !== "code" ||
      asked["code_challenge_method"] !== "S256" ||
      asked["code_challenge"] === undefined ||
      asked["state"] === undefined
    ) {
      throw new Refused("bad-request");
    }
    const key = await environments.key(environment, "proxy");
    if (key === undefined || !(await environments.isLive(environment))) throw new Refused("gone");
    const target = new URL((await oidc.provider.metadata()).authorization_endpoint);
    for (const name of REQUEST) if (asked[name] !== undefined) target.searchParams.set(name, asked[name]);
    target.searchParams.set("client_id", oidc.clientId);
    target.searchParams.set("redirect_uri", callbackUrl);
    const iat = now();
    const state = { ...place, use: "proxy", iat, exp: iat + MAX_LIFE, nonce: newNonce() } as const;
    target.searchParams.set("state", signState({ ...state, path: PROXY_CALLBACK_PATH, state: asked["state"] }, key));
    redirect(response, target.href);
    log({ event: "login", environment, outcome: "sent to the provider" });
  }

  async function token(environment: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = oidc && (await environments.key(environment, "proxy"));
    if (oidc === undefined || key === undefined || !isClient(request, oidc.clientId, key)) {
      log({ event: "token", outcome: "unknown client" });
      sendJson(response, 401, { error: "invalid_client" });
      return;
    }
    const form = new URLSearchParams(await readForm(request));
    const { grant_type, code, redirect_uri, code_verifier } = single(form, [
      "grant_type",
      "code",
      "redirect_uri",
      "code_verifier",
    ]);
    const opened = openCode(code ?? "", environment, key);
    if (
      grant_type !== "authorization_code" ||
      placeOf(environment, redirect_uri) === undefined ||
      !code_verifier ||
      !opened
    ) {
      log({ event: "token", environment, outcome: "refused" });
      sendJson(response, 400, { error: opened ? "invalid_request" : "invalid_grant" });
      return;
    }
    const { status, body } = await oidc.provider.redeem(
      new URLSearchParams({ grant_type, code: opened, redirect_uri: callbackUrl, code_verifier }),
    );
    log({ event: "token", environment, outcome: status === 200 ? "given" : `the provider answers ${status}` });
    // No refresh token: a proxy asks for a new log-in, which the provider may answer without a person.
    const { access_token, id_token, token_type, expires_in, scope, error } = body;
    sendJson(response, status, status === 200 ? { access_token, id_token, token_type, expires_in, scope } : { error });
  }

  /** The provider as a proxy sees it: its issuer and keys, with log-in and tokens by way of this broker. */
  async function discovery(environment: string, response: ServerResponse): Promise<void> {
    if (oidc === undefined) throw new Refused("not-found");
    const { issuer, userinfo_endpoint, id_token_signing_alg_values_supported } = await oidc.provider.metadata();
    const base = settings.internalUrl;
    sendJson(response, 200, {
      issuer,
      authorization_endpoint: `${origin(BROKER_LABEL)}/login/${environment}`,
      token_endpoint: `${base}/token/${environment}`,
      jwks_uri: `${base}/keys`,
      ...(userinfo_endpoint === undefined ? {} : { userinfo_endpoint: `${base}/userinfo` }),
      response_types_supported: ["code"],
      subject_types_supported: ["public"],
      id_token_signing_alg_values_supported: id_token_signing_alg_values_supported ?? ["RS256"],
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
      code_challenge_methods_supported: ["S256"],
    });
  }

  async function answerPublic(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = target(request);
    const [, environment] = /^\/login\/([^/]+)$/.exec(pathname) ?? [];
    if (pathname !== CALLBACK_PATH && environment === undefined) throw new Refused("not-found");
    if (request.method !== "GET") throw new Refused("bad-method");
    if (environment === undefined) return callback(searchParams, response);
    if (!isEnvironmentName(environment)) throw new Refused("bad-request");
    return login(environment, searchParams, response);
  }

  async function answerInternal(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = target(request);
    const [, verb, environment = ""] = /^\/(token|discovery)\/([^/]+)$/.exec(pathname) ?? [];
    if (verb !== undefined && !isEnvironmentName(environment)) throw new Refused("bad-request");
    if (pathname === "/health") {
      sendJson(response, 200, { ok: true });
    } else if (verb === "token" && request.method === "POST") {
      await token(environment, request, response);
    } else if (request.method !== "GET") {
      throw new Refused("not-found");
    } else if (verb === "discovery") {
      await discovery(environment, response);
    } else if (pathname === "/keys" && oidc) {
      sendText(response, 200, await oidc.provider.keys());
    } else if (pathname === "/userinfo" && oidc) {
      const { status, body } = await oidc.provider.userInfo(request.headers.authorization ?? "");
      sendText(response, status, body);
    } else {
      throw new Refused("not-found");
    }
  }

  const listener =
    (answer: typeof answerPublic): RequestListener =>
    (request, response) => {
      for (const [name, value] of Object.entries(securityHeaders(scheme === "https"))) response.setHeader(name, value);
      answer(request, response).catch((error: unknown) => {
        if (error instanceof Refused) {
          const event = target(request).pathname === CALLBACK_PATH ? "callback" : "error";
          log({ event, outcome: error.outcome, ...(error.environment && { environment: error.environment }) });
          sendProblem(request, response, error.problem);
          return;
        }
        log({ event: "error", outcome: error instanceof Error ? error.message : "unknown" });
        sendProblem(request, response, "unavailable");
      });
    };
  return { public: listener(answerPublic), internal: listener(answerInternal) };
}

/** Path and query of a request, whatever it says its host is. */
function target(request: IncomingMessage): Pick<URL, "pathname" | "searchParams"> {
  const [path = "/", ...query] = (request.url ?? "/").split("?");
  return { pathname: path, searchParams: new URLSearchParams(query.join("?")) };
}

/**
 * Parameters that are there once.
 *
 * @throws Refused when one is there twice, since who reads the first and who reads the last would disagree, or is too long
 */
function single(parameters: URLSearchParams, names: readonly string[]): Record<string, string | undefined> {
  return Object.fromEntries(
    names.map((name) => {
      const [value, ...more] = parameters.getAll(name);
      if (more.length > 0 || (value?.length ?? 0) > MAX_PARAMETER) throw new Refused("bad-request");
      return [name, value];
    }),
  );
}

function isClient(request: IncomingMessage, clientId: string, key: string): boolean {
  const [, basic = ""] = /^Basic ([A-Za-z0-9+/=]+)$/.exec(request.headers.authorization ?? "") ?? [];
  const given = Buffer.from(basic, "base64");
  const expected = Buffer.from(`${encodeURIComponent(clientId)}:${key}`);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

async function readForm(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += chunk as string;
    if (text.length > MAX_FORM) throw new Refused("bad-request");
  }
  return text;
}

function redirect(response: ServerResponse, location: string): void {
  response.writeHead(303, { location }).end();
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  sendText(response, status, JSON.stringify(value));
}

function sendText(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}
