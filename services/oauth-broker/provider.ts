/** The OpenID provider, as far as the broker uses it. */
export interface Provider {
  /** What the provider says of itself. */
  metadata(): Promise<ProviderMetadata>;
  /** Swaps a code for tokens, as the registered client. */
  redeem(form: URLSearchParams): Promise<{ status: number; body: Record<string, unknown> }>;
  /** The keys that sign its tokens, as JSON. */
  keys(): Promise<string>;
  /** What it knows of the person of an access token, as JSON. */
  userInfo(authorization: string): Promise<{ status: number; body: string }>;
}

/** Part of a provider's metadata (OpenID Connect Discovery 1.0, section 3). */
export interface ProviderMetadata {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  jwks_uri: string;
  userinfo_endpoint?: string;
  token_endpoint_auth_methods_supported?: string[];
  id_token_signing_alg_values_supported?: string[];
}

/** The client that is registered with the provider. */
export interface Client {
  issuer: string;
  clientId: string;
  /** Read for each use, so that a new secret counts at once. */
  clientSecret: () => Promise<string>;
}

/** Milliseconds for one answer of the provider. */
const TIMEOUT = 10_000;

/** For how long metadata and keys are kept, in milliseconds. Providers announce new keys longer before they use them. */
const KEPT = 5 * 60_000;

/** Most bytes of an answer that are read. */
const MOST_BYTES = 1 << 20;

/**
 * The provider behind an issuer.
 *
 * @param clock milliseconds of a clock that only goes forward
 */
export function openIdProvider({ issuer, clientId, clientSecret }: Client, clock: () => number): Provider {
  const metadata = kept(clock, async () => {
    const { status, body } = await ask(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
    if (status !== 200) throw new Error(`the provider answers ${status} for its metadata`);
    return checkMetadata(JSON.parse(body), issuer);
  });
  const keys = kept(clock, async () => {
    const { status, body } = await ask((await metadata()).jwks_uri);
    if (status !== 200) throw new Error(`the provider answers ${status} for its keys`);
    return body;
  });
  return {
    metadata,
    keys,
    async redeem(form) {
      const { token_endpoint: endpoint, token_endpoint_auth_methods_supported: methods } = await metadata();
      const secret = await clientSecret();
      const headers: Record<string, string> = {};
      // Basic is the default where nothing is said (OpenID Connect Discovery 1.0, section 3).
      if (methods === undefined || methods.includes("client_secret_basic")) {
        const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
        headers["authorization"] = `Basic ${Buffer.from(pair).toString("base64")}`;
      } else {
        form.set("client_id", clientId);
        form.set("client_secret", secret);
      }
      const { status, body } = await ask(endpoint, { method: "POST", headers, body: form });
      return { status, body: JSON.parse(body) as Record<string, unknown> };
    },
    async userInfo(authorization) {
      const { userinfo_endpoint: endpoint } = await metadata();
      if (endpoint === undefined) return { status: 404, body: "{}" };
      return ask(endpoint, { headers: { authorization } });
    },
  };
}

async function ask(url: string, init: RequestInit = {}): Promise<{ status: number; body: string }> {
  const headers = { accept: "application/json", ...(init.headers as Record<string, string> | undefined) };
  const response = await fetch(url, { ...init, headers, redirect: "error", signal: AbortSignal.timeout(TIMEOUT) });
  const body = await response.arrayBuffer();
  if (body.byteLength > MOST_BYTES) throw new Error("the provider's answer is too long");
  return { status: response.status, body: Buffer.from(body).toString("utf8") };
}

function checkMetadata(value: unknown, issuer: string): ProviderMetadata {
  const metadata = value as Partial<ProviderMetadata>;
  // OpenID Connect Discovery 1.0, section 4.3: the issuer must be exactly the one that was asked.
  if (metadata.issuer !== issuer)
    throw new Error("the provider says that it is another issuer than the configured one");
  for (const name of ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const) {
    if (!URL.canParse(String(metadata[name]))) throw new Error(`the provider's metadata have no ${name}`);
  }
  return metadata as ProviderMetadata;
}

function kept<T>(clock: () => number, make: () => Promise<T>): () => Promise<T> {
  let last: { value: T; until: number } | undefined;
  return async () => {
    if (last === undefined || last.until <= clock()) last = { value: await make(), until: clock() + KEPT };
    return last.value;
  };
}
