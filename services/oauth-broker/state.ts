import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from "node:crypto";
import { ENVIRONMENT_IN_NAME, SERVICE_NAME_PATTERN } from "../../config/names";

/*
 * The `state` of a log-in: says to which environment, and to which path there, the browser goes back, and proves that this
 * environment began the log-in. Text of three parts, `b1.PAYLOAD.MAC`: the payload is JSON in base64url, the MAC is HMAC-SHA256 of
 * `b1.PAYLOAD` with a key that only this environment and the broker have.
 */

/** Who began a log-in: the app by itself, or the proxy in front of it. Each has a key of its own, so neither can speak for the other. */
export type Purpose = "app" | "proxy";

/** What a state says. */
export interface State {
  /** Name of the environment. */
  env: string;
  use: Purpose;
  /** When it was made and until when it is accepted, in seconds since 1970. */
  iat: number;
  exp: number;
  /** Random text, accepted once. */
  nonce: string;
  /** The public service whose host gets the answer. @default the app */
  service?: string;
  /** Path on that host. */
  path: string;
  /** The state of the one who began the log-in, given back unchanged. */
  state: string;
}

/** Longest life of a state, in seconds: the time in which a person logs in. RFC 6749 section 4.1.2 advises as much for codes. */
export const MAX_LIFE = 600;

/** By how much clocks of pods may differ, in seconds. */
export const CLOCK_SKEW = 30;

/** Longest state, in characters: with code and host it stays below the 8 KiB that gateways take as a URL. */
export const MAX_STATE = 4096;

/** Names of environments are DNS labels. */
const ENVIRONMENT = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A path of unreserved characters, separators and escapes (RFC 3986 section 3.3); two leading slashes would be a host. */
const PATH = /^\/(?!\/)[A-Za-z0-9._~!$&'()*+,;=:@%/-]{0,511}$/;

/** 128 bits and more, as base64url. */
const NONCE = /^[A-Za-z0-9_-]{22,64}$/;

/** Why a state is refused. */
export type Refusal = "malformed" | "forged" | "expired" | "not yet valid";

/** Text is no state, or not one to be accepted. */
export class StateError extends Error {
  constructor(readonly refusal: Refusal) {
    super(`the state is ${refusal}`);
  }
}

/** Whether text can be the name of an environment. */
export function isEnvironmentName(text: string): boolean {
  return ENVIRONMENT.test(text);
}

/** Whether text can be the name of a service, none that would make its host that of another environment. */
export function isServiceName(text: string): boolean {
  return SERVICE_NAME_PATTERN.test(text) && !ENVIRONMENT_IN_NAME.test(text);
}

/** Random text for a state's `nonce`. */
export function newNonce(): string {
  return randomBytes(16).toString("base64url");
}

/** Writes a state. */
export function signState(state: State, key: string): string {
  const signed = `b1.${Buffer.from(JSON.stringify(state)).toString("base64url")}`;
  return `${signed}.${mac(signed, key)}`;
}

/**
 * Reads a state without believing it: whose key is needed to check it.
 *
 * @throws StateError when it is malformed
 */
export function peekState(text: string): Pick<State, "env" | "use"> {
  return parse(text).state;
}

/**
 * Reads a state and checks its signature and times. Whether it was used before is for the caller to find out.
 *
 * @param now seconds since 1970
 * @throws StateError
 */
export function verifyState(text: string, key: string, now: number): State {
  const { signed, given, state } = parse(text);
  const expected = Buffer.from(mac(signed, key));
  const actual = Buffer.from(given);
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) throw new StateError("forged");
  if (state.exp <= now || state.exp - state.iat > MAX_LIFE) throw new StateError("expired");
  if (state.iat > now + CLOCK_SKEW) throw new StateError("not yet valid");
  return state;
}

function mac(signed: string, key: string): string {
  return createHmac("sha256", key).update(signed).digest("base64url");
}

function parse(text: string): { signed: string; given: string; state: State } {
  const [version, payload = "", given = "", ...rest] = text.length > MAX_STATE ? [] : text.split(".");
  if (version !== "b1" || rest.length > 0 || !/^[A-Za-z0-9_-]+$/.test(payload)) throw new StateError("malformed");
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"));
  } catch {
    throw new StateError("malformed");
  }
  if (!isState(value)) throw new StateError("malformed");
  return { signed: `b1.${payload}`, given, state: value };
}

function isState(value: unknown): value is State {
  if (typeof value !== "object" || value === null) return false;
  const { env, use, iat, exp, nonce, service, path, state } = value as Record<string, unknown>;
  return (
    typeof env === "string" &&
    isEnvironmentName(env) &&
    (use === "app" || use === "proxy") &&
    Number.isSafeInteger(iat) &&
    Number.isSafeInteger(exp) &&
    typeof nonce === "string" &&
    NONCE.test(nonce) &&
    (service === undefined || (typeof service === "string" && isServiceName(service))) &&
    typeof path === "string" &&
    PATH.test(path) &&
    typeof state === "string"
  );
}

/** Bytes of AES-GCM's nonce and tag (NIST SP 800-38D). */
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts a provider's code for one environment's proxy, so that it is worth nothing anywhere else. */
export function sealCode(code: string, environment: string, key: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv("aes-256-gcm", codeKey(key), iv).setAAD(Buffer.from(environment));
  return Buffer.concat([iv, cipher.update(code, "utf8"), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/** The code in what {@link sealCode} wrote; undefined for anything else, or for another environment or key. */
export function openCode(sealed: string, environment: string, key: string): string | undefined {
  const bytes = Buffer.from(sealed, "base64url");
  if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", codeKey(key), bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(environment))
    .setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const plain = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]);
    return plain.toString("utf8");
  } catch {
    return undefined;
  }
}

function codeKey(key: string): Buffer {
  return Buffer.from(hkdfSync("sha256", key, "", "berth-oauth-code", 32));
}
