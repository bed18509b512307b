/* What the callback broker, environments and the platform agree on. */

/** First label of the broker's host. No environment has it: their names end in `-pr-NUMBER`. */
export const BROKER_LABEL = "auth";

/** Path of the one callback URL that is registered for all environments. */
export const CALLBACK_PATH = "/callback";

/** Path on an environment's own host that belongs to its proxy. */
export const PROXY_CALLBACK_PATH = "/.berth/login/callback";

/** Ports of the broker's pod: what browsers reach through the gateway, and what proxies of environments reach directly. */
export const BROKER_PORTS = { public: 8080, internal: 8081 } as const;

/** Name of the broker's Deployment, Service and accounts. */
export const BROKER = "oauth-broker";

/** Port on which an environment's proxy takes requests, and the one on which kubelet asks whether it lives. */
export const PROXY_PORTS = { http: 4180, health: 4181 } as const;

/** Secrets of an environment by which it speaks to the broker. The broker may read these and no other Secret. */
export const OAUTH_SECRETS = {
  /** The app's, which it gets as OAUTH_STATE_KEY. */
  app: { name: "oauth-state", key: "key" },
  /** The proxy's, which no other pod gets. */
  proxy: { name: "access-proxy", key: "key" },
} as const;

/** Variables of an app whose config asks for the callback broker. */
export const INJECTED_OAUTH = ["OAUTH_CALLBACK_URL", "OAUTH_ENVIRONMENT", "OAUTH_STATE_KEY"] as const;

/** What lists of people may hold. Nothing in them needs quoting in a proxy's settings. */
export const PEOPLE = {
  emails: { accepted: "an e-mail address", pattern: /^[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/ },
  emailDomains: { accepted: "a domain name such as example.com", pattern: /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/ },
  groups: {
    accepted: "a group as the provider names it",
    pattern: /^[A-Za-z0-9_./:@-]([A-Za-z0-9 _./:@-]{0,126}[A-Za-z0-9_./:@-])?$/,
  },
} as const;
