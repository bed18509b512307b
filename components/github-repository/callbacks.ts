import type { InvalidProperty } from "../problems";
import type { CallbackArgs } from "./args";

/* Where a GitHub App sends people back to. Pure. */

/** Callback URLs that a GitHub App takes (GitHub docs, "About the user authorization callback URL"). */
export const MAX_CALLBACK_URLS = 10;

/** The URLs to register. */
export interface CallbackPlan {
  /** All URLs, the broker's first: GitHub uses the first one when a log-in names none. */
  callbackUrls: string[];
  /** The broker's URL; null without a domain. */
  broker: string | null;
}

/**
 * The one URL that all environments share: it checks the signed `state` of a log-in, then sends the browser on to the environment
 * that the state names. Environments need no URL of their own, however many there are.
 */
export function brokerUrl(domain: string): string {
  return `https://auth.${domain}/callback`;
}

/** Decides which URLs to register. */
export function planCallbacks({ domain, callbackUrls = [] }: CallbackArgs): CallbackPlan {
  const broker = domain === undefined ? null : brokerUrl(domain);
  return { callbackUrls: [...new Set([...(broker === null ? [] : [broker]), ...callbackUrls])], broker };
}

/** Finds what GitHub would refuse, and URLs that log people in over plain HTTP. */
export function validateCallbacks(args: CallbackArgs): InvalidProperty[] {
  return [...validateDomain(args), ...validateUrls(args), ...validateBudget(args)];
}

const DOMAIN = /^(?=.{1,189}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;

function validateDomain({ domain }: CallbackArgs): InvalidProperty[] {
  if (domain === undefined || DOMAIN.test(domain)) return [];
  const reason = `"${domain}"; accepted: a domain name such as preview.example.com. Write it in lower case, without scheme and path.`;
  return [{ propertyPath: "domain", reason }];
}

function validateUrls({ callbackUrls = [] }: CallbackArgs): InvalidProperty[] {
  return callbackUrls.flatMap((url, index) => {
    const propertyPath = `callbackUrls[${index}]`;
    if (callbackUrls.indexOf(url) !== index) {
      return [{ propertyPath, reason: `"${url}" is there twice; accepted: each URL once. Remove one of them.` }];
    }
    if (isCallbackUrl(url)) return [];
    const accepted = "an https URL without wildcard and fragment, or http on localhost";
    return [{ propertyPath, reason: `"${url}"; accepted: ${accepted}. Write the whole URL that the app answers at.` }];
  });
}

function isCallbackUrl(text: string): boolean {
  if (/[\s*#]/.test(text) || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== "" || password !== "") return false;
  return protocol === "https:" || (protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname));
}

function validateBudget(args: CallbackArgs): InvalidProperty[] {
  const { callbackUrls } = planCallbacks(args);
  if (callbackUrls.length <= MAX_CALLBACK_URLS) return [];
  const { domain } = args;
  const counted = domain === undefined ? "" : ", the broker's among them";
  const broker = brokerUrl(domain ?? "<domain>");
  const name = domain === undefined ? "Set domain, and register its broker" : "Register the broker";
  return [
    {
      propertyPath: "callbackUrls",
      reason:
        `${callbackUrls.length} URLs${counted}; accepted: at most ${MAX_CALLBACK_URLS}, as many as a GitHub App takes. ` +
        `${name} ${broker} instead of URLs of environments: it validates state and sends the browser on to the environment.`,
    },
  ];
}
