import { z } from "zod";
import { flag, imageByDigest, port, text } from "../fields";
import { PEOPLE } from "../oauth";
import { ConfigError, findingsOf, toProblem } from "../problems";
import { objectName, ranges } from "./values";

const people = (kind: keyof typeof PEOPLE, what: string) =>
  z.array(text(PEOPLE[kind].accepted, PEOPLE[kind].pattern), `a list of ${what}`).default([]);

const ISSUER = "an https URL without query, such as https://login.example.com";
const oidc = z.strictObject({
  issuer: text(ISSUER, /^https?:\/\/[^\s?#@]+$/)
    .refine((url) => URL.canParse(url), ISSUER)
    .describe(
      "The OpenID provider, exactly as it calls itself. Plain http only where environments have it too, or inside the cluster.",
    ),
  clientId: text("a client ID", /^[A-Za-z0-9._:/@-]{1,255}$/).describe(
    "The client that is registered with the provider, with the one callback URL.",
  ),
  clientSecret: z
    .strictObject({
      name: objectName().describe("Name of a Secret in the platform namespace."),
      key: objectName().default("client-secret").describe("Its key that holds the client's secret."),
    })
    .describe("Where the client's secret is. It never enters an environment, nor Pulumi's state."),
  proxyImage: imageByDigest().describe("Image of the proxy: Apache with mod_auth_openidc, as local/images makes it."),
  allow: z
    .strictObject({
      emails: people("emails", "e-mail addresses").describe("People, by verified e-mail address."),
      emailDomains: people("emailDomains", "domains").describe("Domains of verified e-mail addresses."),
      groups: people("groups", "groups").describe("Groups of the provider."),
    })
    .describe(
      "Who may enter environments at all: whoever is on one of the lists. A project's config narrows it further.",
    ),
  scopes: z
    .array(text("a scope", /^[A-Za-z0-9._:/-]{1,128}$/), "a list of scopes")
    .default(["openid", "email", "profile"])
    .describe("Scopes that are asked for. Some providers give groups only with one of their own."),
  groupsClaim: text("a claim", /^[A-Za-z0-9_-]{1,64}$/)
    .default("groups")
    .describe("Claim that lists a person's groups."),
  requireVerifiedEmail: flag()
    .default(true)
    .describe("Whether an address counts only with the claim email_verified, which a few providers never send."),
  ports: z.array(port(), "a list of ports").default([443]).describe("Ports of the provider."),
  cidrs: ranges()
    .default(["0.0.0.0/0"])
    .describe("Where the provider is. Private addresses inside a wider range stay closed; name theirs."),
});

export const oauth = z.strictObject({
  image: imageByDigest().describe("Image of the callback broker, as local/images makes it."),
  apiServerCidrs: ranges()
    .default(["0.0.0.0/0"])
    .describe("Where the API server is. The broker reaches it on 443 and 6443."),
  oidc: oidc.optional().describe("The provider for environments with access.mode: oidc. None when left out."),
});

/** Settings of the provider as one may write them, apart from the proxy's image. */
export type ProviderInput = Omit<z.input<typeof oidc>, "proxyImage">;

/**
 * Checks the settings of a provider in a file of their own.
 *
 * @param source name of the file, for errors
 * @throws ConfigError with all problems at once
 */
export function parseProvider(value: unknown, source: string): ProviderInput {
  const parsed = oidc.omit({ proxyImage: true }).safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  throw new ConfigError(source, findingsOf(parsed.error.issues, value, oidc).map(toProblem));
}
