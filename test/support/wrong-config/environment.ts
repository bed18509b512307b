import type { WrongConfig } from ".";

/** Wrong values of what the environment is as a whole: its name, URLs, egress, times and budget; and what is said about each. */
export const WRONG_ENVIRONMENTS: readonly WrongConfig[] = [
  [
    "projectId: Shop!",
    'projectId is "Shop!"; accepted: 1 to 20 lower-case letters, digits and dashes, no dash at either end. Change projectId to what is accepted.',
  ],
  [
    "access: { oidc: true }",
    "access.oidc is true; accepted: a mapping of emails, emailDomains, groups. Change access.oidc to what is accepted.",
  ],
  [
    "access: { mode: oidc, oidc: { emails: ann } }",
    'access.oidc.emails is "ann"; accepted: a list of e-mail addresses. Change access.oidc.emails to what is accepted.',
  ],
  [
    "access: { mode: oidc, oidc: { emails: [ann] } }",
    'access.oidc.emails[0] is "ann"; accepted: an e-mail address. Change access.oidc.emails[0] to what is accepted.',
  ],
  [
    "access: { mode: oidc, oidc: { emailDomains: corp } }",
    'access.oidc.emailDomains is "corp"; accepted: a list of domains. Change access.oidc.emailDomains to what is accepted.',
  ],
  [
    "access: { mode: oidc, oidc: { emailDomains: [corp] } }",
    'access.oidc.emailDomains[0] is "corp"; accepted: a domain name such as example.com. Change access.oidc.emailDomains[0] to what is accepted.',
  ],
  [
    "access: { mode: oidc, oidc: { groups: staff } }",
    'access.oidc.groups is "staff"; accepted: a list of groups. Change access.oidc.groups to what is accepted.',
  ],
  [
    'access: { mode: oidc, oidc: { groups: ["a,b"] } }',
    'access.oidc.groups[0] is "a,b"; accepted: a group as the provider names it. Change access.oidc.groups[0] to what is accepted.',
  ],
  ["oauth: true", "oauth is true; accepted: a mapping of callback. Change oauth to what is accepted."],
  [
    "oauth: { callback: 1 }",
    "oauth.callback is 1; accepted: true or false. Change oauth.callback to what is accepted.",
  ],
  [
    "ingress: true",
    "ingress is true; accepted: a mapping of enabled, annotations, headers. Change ingress to what is accepted.",
  ],
  [
    'ingress: { enabled: "no" }',
    'ingress.enabled is "no"; accepted: true or false. Change ingress.enabled to what is accepted.',
  ],
  [
    "ingress: { annotations: [] }",
    "ingress.annotations is a list of 0; accepted: a mapping of annotation keys to text. Change ingress.annotations to what is accepted.",
  ],
  [
    "ingress: { annotations: { a: 1 } }",
    'ingress.annotations.a is 1; accepted: text; numbers and booleans in quotes, such as "true". Change ingress.annotations.a to what is accepted.',
  ],
  [
    "ingress: { headers: [] }",
    "ingress.headers is a list of 0; accepted: a mapping of header names to text or false. Change ingress.headers to what is accepted.",
  ],
  [
    "ingress: { headers: { X-A: true } }",
    "ingress.headers.X-A is true; accepted: text, or false to leave the header to the app. Change ingress.headers.X-A to what is accepted.",
  ],
  [
    "access: public",
    'access is "public"; accepted: a mapping of mode, allow, oidc. Change access to what is accepted.',
  ],
  [
    "access: { mode: password }",
    'access.mode is "password"; accepted: public, basic or oidc. Change access.mode to what is accepted.',
  ],
  [
    "access: { allow: 10.0.0.0/8 }",
    'access.allow is "10.0.0.0/8"; accepted: a list of ranges. Change access.allow to what is accepted.',
  ],
  [
    "access: { allow: [10.0.0.1] }",
    'access.allow[0] is "10.0.0.1"; accepted: an IPv4 range in CIDR notation, such as 203.0.113.0/24. Change access.allow[0] to what is accepted.',
  ],
  [
    'ingress: { annotations: { "a b": x } }',
    'ingress.annotations["a b"] is a key that is not accepted; accepted: an annotation key, such as example.com/name. Rename the key.',
  ],
  ["egress: all", 'egress is "all"; accepted: a mapping of allow. Change egress to what is accepted.'],
  [
    "egress: { allow: all }",
    'egress.allow is "all"; accepted: a list of rules. Change egress.allow to what is accepted.',
  ],
  [
    "egress: { allow: [203.0.113.0/24] }",
    'egress.allow[0] is "203.0.113.0/24"; accepted: a mapping with ports and either cidr or host. Change egress.allow[0] to what is accepted.',
  ],
  [
    "egress: { allow: [{ cidr: api.example.com, ports: [443] }] }",
    'egress.allow[0].cidr is "api.example.com"; accepted: an IPv4 range in CIDR notation, such as 203.0.113.0/24. Change egress.allow[0].cidr to what is accepted.',
  ],
  [
    "egress: { allow: [{ host: localhost, ports: [443] }] }",
    'egress.allow[0].host is "localhost"; accepted: a public host name such as api.example.com, or *.example.com for every name below it. Change egress.allow[0].host to what is accepted.',
  ],
  [
    "egress: { allow: [{ ports: [443] }] }",
    "egress.allow[0] is without cidr and host; accepted: exactly one of cidr and host. Add one of them.",
  ],
  [
    "egress: { allow: [{ cidr: 203.0.113.0/24, host: api.example.com, ports: [443] }] }",
    "egress.allow[0] is a rule with both cidr and host; accepted: exactly one of cidr and host. Make it two rules.",
  ],
  [
    "egress: { allow: [{ host: api.example.com, ports: [80] }, { host: api.example.com, ports: [443] }] }",
    "egress.allow[1].host is api.example.com, there already; accepted: each range and host once, with all its ports. Remove one of the two.",
  ],
  [
    "env: { HTTPS_PROXY: x }\negress: { allow: [{ host: api.example.com, ports: [443] }] }",
    "env.HTTPS_PROXY is a variable that Berth sets; accepted: any name that Berth does not set. Remove it.",
  ],
  [
    "egress: { allow: [{ cidr: 203.0.113.0/24 }] }",
    "egress.allow[0].ports is missing; accepted: a list of ports. Add egress.allow[0].ports.",
  ],
  [
    "egress: { allow: [{ cidr: 203.0.113.0/24, ports: [] }] }",
    "egress.allow[0].ports is a list of 0; accepted: at least one port. Change egress.allow[0].ports to what is accepted.",
  ],
  [
    "egress: { allow: [{ cidr: 203.0.113.0/24, ports: [http] }] }",
    'egress.allow[0].ports[0] is "http"; accepted: a whole number from 1 to 65535. Change egress.allow[0].ports[0] to what is accepted.',
  ],
  [
    "egress: { allow: [{ cidr: 169.254.169.254/32, ports: [80] }] }",
    'egress.allow[0].cidr is "169.254.169.254/32", part of 169.254.0.0/16; accepted: addresses other than the host\'s, link-local and metadata, multicast and reserved ones. Remove the rule: no preview reaches these.',
  ],
  [
    "egress: { allow: [{ cidr: 0.0.0.0/0, ports: [80] }] }",
    'egress.allow[0].cidr is "0.0.0.0/0", every address there is; accepted: a prefix of /8 or longer. List the ranges that the app needs.',
  ],
  [
    "trigger: sometimes",
    'trigger is "sometimes"; accepted: automatic or on-demand. Change trigger to what is accepted.',
  ],
  ["metrics: true", "metrics is true; accepted: a mapping of enabled, interval. Change metrics to what is accepted."],
  [
    "metrics: { enabled: yes please }",
    'metrics.enabled is "yes please"; accepted: true or false. Change metrics.enabled to what is accepted.',
  ],
  [
    "metrics: { interval: 2s }",
    'metrics.interval is "2s"; accepted: a span of time such as 30s, 15m, 8h or 7d, from 5s to 1h. Change metrics.interval to what is accepted.',
  ],
  [
    "ttl: 5m",
    'ttl is "5m"; accepted: a span of time such as 30s, 15m, 8h or 7d, from 10m to 90d. Change ttl to what is accepted.',
  ],
  ["sleep: 8h", 'sleep is "8h"; accepted: a mapping of after. Change sleep to what is accepted.'],
  [
    "sleep: { after: 8 hours }",
    'sleep.after is "8 hours"; accepted: a span of time such as 30s, 15m, 8h or 7d, from 10m to 90d. Change sleep.after to what is accepted.',
  ],
  [
    "budget: 10",
    "budget is 10; accepted: a mapping of cpu, memory, storage, monthlyUsd. Change budget to what is accepted.",
  ],
  [
    "budget: { cpu: two }",
    'budget.cpu is "two"; accepted: an amount of CPU, such as 2 or 1500m. Change budget.cpu to what is accepted.',
  ],
  [
    "budget: { cpu: 10m }",
    "budget.cpu is 10m, and the environment asks for 50m; accepted: 50m or more. Ask for less in resources, run less beside the app, or raise it.",
  ],
  [
    "budget: { memory: 4 GB }",
    'budget.memory is "4 GB"; accepted: an amount, such as 4Gi. Change budget.memory to what is accepted.',
  ],
  [
    "budget: { storage: lots }",
    'budget.storage is "lots"; accepted: an amount, such as 4Gi. Change budget.storage to what is accepted.',
  ],
  [
    "budget: { monthlyUsd: 0 }",
    "budget.monthlyUsd is 0; accepted: a number of US dollars above 0. Change budget.monthlyUsd to what is accepted.",
  ],
  [
    "secrets: {}",
    "secrets is not a known field; accepted: one of projectId, trigger, app, image, env, envFrom, sealedSecrets, externalSecrets, resources, writableDirs, probes, services, databases, ingress, access, oauth, metrics, ttl, sleep, budget, egress, jobs. Remove it.",
  ],
];
