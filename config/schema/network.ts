import { z } from "zod";
import { ACCESS_MODE, ACCESS_MODES } from "../access";
import { isCidr } from "../cidr";
import { DURATION, isDuration } from "../duration";
import { EGRESS_HOST, isEgressHost } from "../egress";
import { checked, flag, port, text } from "../fields";
import { PEOPLE } from "../oauth";
import { list } from "./values";

const HEADER_VALUE = "text, or false to leave the header to the app";
export const ingress = z.strictObject({
  enabled: flag().default(true).describe("Whether the app gets a URL behind the gateway."),
  annotations: z
    .record(
      text(
        "an annotation key, such as example.com/name",
        /^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/,
      ),
      z.string('text; numbers and booleans in quotes, such as "true"'),
      "a mapping of annotation keys to text",
    )
    .default({})
    .describe("Annotations for the Ingress, read by the gateway."),
  headers: z
    .record(
      text("the name of a header, such as X-Frame-Options", /^[A-Za-z0-9-]{1,100}$/),
      z.union(
        [text(HEADER_VALUE, /^[\x20-\x7e]*$/).max(4096, "at most 4096 characters"), z.literal(false, HEADER_VALUE)],
        HEADER_VALUE,
      ),
      "a mapping of header names to text or false",
    )
    .default({})
    .describe(
      "Headers that the gateway sets on every answer, in place of the app's own; `false` leaves one to the app. By default X-Content-Type-Options, Referrer-Policy, X-Frame-Options, X-Robots-Tag and, over https, Strict-Transport-Security.",
    ),
});

const people = (kind: keyof typeof PEOPLE, what: string) =>
  list(text(PEOPLE[kind].accepted, PEOPLE[kind].pattern), 50, what).default([]);

export const access = z.strictObject({
  mode: z
    .enum(ACCESS_MODES, ACCESS_MODE)
    .optional()
    .describe(
      "Who gets in: `public` is everyone who knows the URL, `basic` who knows the environment's generated password (`berth status --show-secrets` tells it), `oidc` who has logged in with the platform's provider. The platform's default when left out, which is public unless it says otherwise.",
    ),
  allow: list(checked("an IPv4 range in CIDR notation, such as 203.0.113.0/24", isCidr), 50, "ranges")
    .default([])
    .describe("Addresses from which the URL may be opened, in any mode. All when left out."),
  oidc: z
    .strictObject({
      emails: people("emails", "e-mail addresses").describe("People who may enter, by verified e-mail address."),
      emailDomains: people("emailDomains", "domains").describe("Domains of e-mail addresses that may enter."),
      groups: people("groups", "groups").describe("Groups of the provider whose members may enter."),
    })
    .prefault({})
    .describe(
      "Who may enter with mode oidc: whoever is on one of the lists, and whom the platform lets in at all. Without lists, all of the latter.",
    ),
});

export const oauth = z.strictObject({
  callback: flag()
    .default(false)
    .describe(
      "Whether the app or a service logs people in by itself through the platform's one callback URL. They then get the OAUTH_* variables.",
    ),
});

export const metrics = z.strictObject({
  enabled: flag().default(false).describe("Whether the platform's Prometheus finds the app and may reach its port."),
  interval: checked(`${DURATION}, from 5s to 1h`, (value) => isDuration(value, { min: "5s", max: "1h" }))
    .default("30s")
    .describe("How often the metrics are asked for."),
});

const egressRule = z.strictObject(
  {
    cidr: checked("an IPv4 range in CIDR notation, such as 203.0.113.0/24", isCidr)
      .optional()
      .describe(
        "Addresses that are reached. Metadata, link-local and private addresses inside a wider range stay closed. Either this or host.",
      ),
    host: checked(EGRESS_HOST, isEgressHost)
      .optional()
      .describe(
        "Host that is reached by name, by way of a proxy of the environment's own to which HTTPS_PROXY and HTTP_PROXY lead: TLS by its server name, which nobody decrypts, and plain HTTP. Where the platform leaves hosts to Cilium there is no proxy, and names are opened as they are resolved.",
      ),
    ports: list(port(), 20, "ports").min(1, "at least one port").describe("TCP ports there."),
  },
  "a mapping with ports and either cidr or host",
);

export const egress = z.strictObject({
  allow: list(egressRule, 50, "rules")
    .default([])
    .describe("What the app, its services and jobs may reach outside their environment. Nothing by default."),
});
