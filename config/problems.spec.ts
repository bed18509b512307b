import assert from "node:assert/strict";
import { parseConfigText } from "./load";
import { ConfigError, describe as sentenceWithLine, sentence } from "./problems";
import type { Problem } from "./problems";
import { configJsonSchema } from "./reference";

/** One wrong value for each field, and what is said about it. */
const WRONG: readonly (readonly [text: string, message: string])[] = [
  [
    "projectId: Shop!",
    'projectId is "Shop!"; accepted: 1 to 20 lower-case letters, digits and dashes, no dash at either end. Change projectId to what is accepted.',
  ],
  [
    "app: web",
    'app is "web"; accepted: a mapping of port, healthPath, metricsPath, protocol, replicas, command, args. Change app to what is accepted.',
  ],
  [
    "app: { protocol: http2 }",
    'app.protocol is "http2"; accepted: http, h2c or grpc. Change app.protocol to what is accepted.',
  ],
  ["app: { port: 0 }", "app.port is 0; accepted: a whole number from 1 to 65535. Change app.port to what is accepted."],
  [
    "app: { healthPath: health }",
    'app.healthPath is "health"; accepted: an absolute path, such as /health. Change app.healthPath to what is accepted.',
  ],
  [
    "image: shop",
    'image is "shop"; accepted: a mapping of context, dockerfile, repository. Change image to what is accepted.',
  ],
  [
    'image: { repository: "ghcr.io/acme/shop:1" }',
    'image.repository is "ghcr.io/acme/shop:1"; accepted: a repository without tag, such as ghcr.io/acme/shop. Change image.repository to what is accepted.',
  ],
  ["env: [A]", "env is a list of 1; accepted: a mapping of names to text. Change env to what is accepted."],
  [
    "env: { A: 1 }",
    'env.A is a value not shown here; accepted: text; numbers and booleans in quotes, such as "true". Change env.A to what is accepted.',
  ],
  [
    "env: { 1A: x }",
    'env["1A"] is a key that is not accepted; accepted: a name of letters, digits and underscores that does not start with a digit. Rename the key.',
  ],
  [
    'env: { PORT: "1" }',
    "env.PORT is a variable that Berth sets; accepted: any name that Berth does not set. Remove it and set app.port.",
  ],
  ["envFrom: stripe", 'envFrom is "stripe"; accepted: a list of references. Change envFrom to what is accepted.'],
  [
    "envFrom: [stripe]",
    'envFrom[0] is "stripe"; accepted: a mapping with secretRef or configMapRef. Change envFrom[0] to what is accepted.',
  ],
  [
    "envFrom: [{}]",
    "envFrom[0] is without a reference; accepted: exactly one of secretRef and configMapRef. Add one of them.",
  ],
  [
    "envFrom: [{ secretRef: { name: Stripe } }]",
    'envFrom[0].secretRef.name is "Stripe"; accepted: the name of a Kubernetes object: lower-case letters, digits, dashes and dots. Change envFrom[0].secretRef.name to what is accepted.',
  ],
  [
    "envFrom: [{ secretRef: stripe }]",
    'envFrom[0].secretRef is "stripe"; accepted: a mapping with name. Change envFrom[0].secretRef to what is accepted.',
  ],
  [
    "envFrom: [{ configMapRef: settings }]",
    'envFrom[0].configMapRef is "settings"; accepted: a mapping with name. Change envFrom[0].configMapRef to what is accepted.',
  ],
  [
    "envFrom: [{ configMapRef: { name: a_b } }]",
    'envFrom[0].configMapRef.name is "a_b"; accepted: the name of a Kubernetes object: lower-case letters, digits, dashes and dots. Change envFrom[0].configMapRef.name to what is accepted.',
  ],
  [
    "sealedSecrets: stripe",
    "sealedSecrets is a value not shown here; accepted: a mapping of names to sealed values. Change sealedSecrets to what is accepted.",
  ],
  [
    "externalSecrets: mail",
    'externalSecrets is "mail"; accepted: a mapping of names to stores and entries. Change externalSecrets to what is accepted.',
  ],
  [
    "sealedSecrets: { stripe: { KEY: forgotten } }",
    "sealedSecrets.stripe.KEY is a value not shown here; accepted: a value sealed by `berth seal` or `kubeseal --raw --scope cluster-wide`. Change sealedSecrets.stripe.KEY to what is accepted.",
  ],
  [
    "externalSecrets: { mail: { store: Vault, data: { KEY: { key: shop/mail } } } }",
    'externalSecrets.mail.store is "Vault"; accepted: the name of a Kubernetes object: lower-case letters, digits, dashes and dots. Change externalSecrets.mail.store to what is accepted.',
  ],
  [
    "resources: small",
    'resources is "small"; accepted: a mapping of size, requests, limits. Change resources to what is accepted.',
  ],
  [
    "resources: { requests: 1 }",
    "resources.requests is 1; accepted: a mapping of cpu, memory. Change resources.requests to what is accepted.",
  ],
  [
    "resources: { requests: { cpu: 2 } }",
    "resources.requests.cpu is 2; accepted: CPU from 10m to 1, such as 250m or 0.5. Change resources.requests.cpu to what is accepted.",
  ],
  [
    "resources: { requests: { memory: 1Mi } }",
    'resources.requests.memory is "1Mi"; accepted: memory from 32Mi to 1Gi, such as 256Mi. Change resources.requests.memory to what is accepted.',
  ],
  [
    "resources: { limits: 1 }",
    "resources.limits is 1; accepted: a mapping of cpu, memory. Change resources.limits to what is accepted.",
  ],
  [
    "resources: { limits: { cpu: lots } }",
    'resources.limits.cpu is "lots"; accepted: CPU from 10m to 1, such as 250m or 0.5. Change resources.limits.cpu to what is accepted.',
  ],
  [
    "resources: { limits: { memory: 2Gi } }",
    'resources.limits.memory is "2Gi"; accepted: memory from 32Mi to 1Gi, such as 256Mi. Change resources.limits.memory to what is accepted.',
  ],
  [
    "resources: { requests: { cpu: 500m } }",
    "resources.requests.cpu is 500m, above the limit of 200m; accepted: at most resources.limits.cpu. Lower resources.requests.cpu or raise resources.limits.cpu.",
  ],
  [
    "resources: { requests: { memory: 1Gi } }",
    "resources.requests.memory is 1Gi, above the limit of 384Mi; accepted: at most resources.limits.memory. Lower resources.requests.memory or raise resources.limits.memory.",
  ],
  [
    "writableDirs: /data",
    'writableDirs is "/data"; accepted: a list of folders. Change writableDirs to what is accepted.',
  ],
  [
    "writableDirs: [data]",
    'writableDirs[0] is "data"; accepted: an absolute path without . or .., such as /app/tmp. Change writableDirs[0] to what is accepted.',
  ],
  [
    "writableDirs: [/etc]",
    'writableDirs[0] is "/etc", a folder of the system; accepted: a folder outside /bin, /dev, /etc, /lib, /lib64, /proc, /sbin, /sys, /usr, /var/run/secrets. Have the app write elsewhere, such as to /tmp.',
  ],
  [
    "databases: all",
    'databases is "all"; accepted: a mapping of postgresql, mariadb, redis, mongodb, s3, minio. Change databases to what is accepted.',
  ],
  [
    'databases: { postgresql: "16" }',
    'databases.postgresql is "16"; accepted: true, false or a mapping of options. Change databases.postgresql to what is accepted.',
  ],
  [
    'databases: { postgresql: { enabled: "yes" } }',
    'databases.postgresql.enabled is "yes"; accepted: true or false. Change databases.postgresql.enabled to what is accepted.',
  ],
  [
    "databases: { postgresql: { version: 16 } }",
    'databases.postgresql.version is 16; accepted: a PostgreSQL major version in quotes, such as "16". Change databases.postgresql.version to what is accepted.',
  ],
  [
    "databases: { postgresql: { storage: 50Gi } }",
    'databases.postgresql.storage is "50Gi"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.postgresql.storage to what is accepted.',
  ],
  [
    "databases: { postgresql: { operator: zalando } }",
    'databases.postgresql.operator is "zalando"; accepted: none or cloudnative-pg. Change databases.postgresql.operator to what is accepted.',
  ],
  [
    "databases: { postgresql: { bootstrap: x } }",
    'databases.postgresql.bootstrap is "x"; accepted: a mapping of initSQL, postInitApplicationSQL. Change databases.postgresql.bootstrap to what is accepted.',
  ],
  [
    "databases: { postgresql: { bootstrap: { initSQL: SELECT 1 } } }",
    'databases.postgresql.bootstrap.initSQL is "SELECT 1"; accepted: a list of SQL statements. Change databases.postgresql.bootstrap.initSQL to what is accepted.',
  ],
  [
    'databases: { postgresql: { bootstrap: { initSQL: [""] } } }',
    'databases.postgresql.bootstrap.initSQL[0] is ""; accepted: an SQL statement. Change databases.postgresql.bootstrap.initSQL[0] to what is accepted.',
  ],
  [
    "databases: { postgresql: { bootstrap: { postInitApplicationSQL: {} } } }",
    "databases.postgresql.bootstrap.postInitApplicationSQL is a mapping; accepted: a list of SQL statements. Change databases.postgresql.bootstrap.postInitApplicationSQL to what is accepted.",
  ],
  [
    "databases: { postgresql: { bootstrap: { postInitApplicationSQL: [1] } } }",
    "databases.postgresql.bootstrap.postInitApplicationSQL[0] is 1; accepted: an SQL statement. Change databases.postgresql.bootstrap.postInitApplicationSQL[0] to what is accepted.",
  ],
  [
    'databases: { mariadb: "11" }',
    'databases.mariadb is "11"; accepted: true, false or a mapping of options. Change databases.mariadb to what is accepted.',
  ],
  [
    "databases: { mariadb: { enabled: 1 } }",
    "databases.mariadb.enabled is 1; accepted: true or false. Change databases.mariadb.enabled to what is accepted.",
  ],
  [
    'databases: { mariadb: { version: "11" } }',
    'databases.mariadb.version is "11"; accepted: a MariaDB version in quotes, such as "11.4". Change databases.mariadb.version to what is accepted.',
  ],
  [
    "databases: { mariadb: { storage: 1 } }",
    "databases.mariadb.storage is 1; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.mariadb.storage to what is accepted.",
  ],
  [
    'databases: { redis: "7" }',
    'databases.redis is "7"; accepted: true, false or a mapping of options. Change databases.redis to what is accepted.',
  ],
  [
    "databases: { redis: { enabled: 1 } }",
    "databases.redis.enabled is 1; accepted: true or false. Change databases.redis.enabled to what is accepted.",
  ],
  [
    "databases: { redis: { version: 7 } }",
    'databases.redis.version is 7; accepted: a Redis version in quotes, such as "7". Change databases.redis.version to what is accepted.',
  ],
  [
    "databases: { redis: { storage: 1Ti } }",
    'databases.redis.storage is "1Ti"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.redis.storage to what is accepted.',
  ],
  [
    "databases: { mongodb: 7 }",
    "databases.mongodb is 7; accepted: true, false or a mapping of options. Change databases.mongodb to what is accepted.",
  ],
  [
    "databases: { mongodb: { enabled: 1 } }",
    "databases.mongodb.enabled is 1; accepted: true or false. Change databases.mongodb.enabled to what is accepted.",
  ],
  [
    'databases: { mongodb: { version: "7.x" } }',
    'databases.mongodb.version is "7.x"; accepted: a MongoDB version in quotes, such as "8.0". Change databases.mongodb.version to what is accepted.',
  ],
  [
    "databases: { mongodb: { storage: 1Ti } }",
    'databases.mongodb.storage is "1Ti"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.mongodb.storage to what is accepted.',
  ],
  [
    'databases: { s3: "1" }',
    'databases.s3 is "1"; accepted: true, false or a mapping of options. Change databases.s3 to what is accepted.',
  ],
  [
    "databases: { s3: { enabled: 1 } }",
    "databases.s3.enabled is 1; accepted: true or false. Change databases.s3.enabled to what is accepted.",
  ],
  [
    "databases: { s3: { version: 1 } }",
    'databases.s3.version is 1; accepted: a version of the object store in quotes, such as "1". Change databases.s3.version to what is accepted.',
  ],
  [
    "databases: { s3: { storage: 1 } }",
    "databases.s3.storage is 1; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.s3.storage to what is accepted.",
  ],
  [
    "databases: { s3: { bucket: a_b } }",
    'databases.s3.bucket is "a_b"; accepted: a bucket name: 3 to 63 lower-case letters, digits, dots and dashes, no IP address. Change databases.s3.bucket to what is accepted.',
  ],
  [
    'databases: { minio: "1" }',
    'databases.minio is "1"; accepted: true, false or a mapping of options. Change databases.minio to what is accepted.',
  ],
  [
    "databases: { minio: { enabled: 1 } }",
    "databases.minio.enabled is 1; accepted: true or false. Change databases.minio.enabled to what is accepted.",
  ],
  [
    "databases: { minio: { storage: 9Gi } }",
    'databases.minio.storage is "9Gi"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.minio.storage to what is accepted.',
  ],
  [
    "databases: { minio: { bucket: ab } }",
    'databases.minio.bucket is "ab"; accepted: a bucket name: 3 to 63 lower-case letters, digits, dots and dashes, no IP address. Change databases.minio.bucket to what is accepted.',
  ],
  [
    "databases: { s3: true, minio: true }",
    "databases.minio is enabled beside s3, which is the same object store; accepted: one of s3 and minio. Remove minio to have the S3_* and AWS_* variables, or s3 to have MINIO_* and S3_*.",
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
    "app:",
    "app is null; accepted: a mapping of port, healthPath, metricsPath, protocol, replicas, command, args. Change app to what is accepted.",
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
    "databases: { postgresql: { seed: x } }",
    'databases.postgresql.seed is "x"; accepted: a list of entries. Change databases.postgresql.seed to what is accepted.',
  ],
  [
    "databases: { postgresql: { seed: [1] } }",
    "databases.postgresql.seed[0] is 1; accepted: an SQL statement, or a mapping with file. Change databases.postgresql.seed[0] to what is accepted.",
  ],
  [
    "databases: { postgresql: { seed: [{ file: ../a }] } }",
    'databases.postgresql.seed[0].file is "../a"; accepted: a file inside the config\'s folder, such as db/seed.sql. Change databases.postgresql.seed[0].file to what is accepted.',
  ],
  [
    "databases: { mariadb: { seed: x } }",
    'databases.mariadb.seed is "x"; accepted: a list of entries. Change databases.mariadb.seed to what is accepted.',
  ],
  [
    "databases: { mariadb: { seed: [1] } }",
    "databases.mariadb.seed[0] is 1; accepted: an SQL statement, or a mapping with file. Change databases.mariadb.seed[0] to what is accepted.",
  ],
  [
    "databases: { mariadb: { seed: [{ file: ../a }] } }",
    'databases.mariadb.seed[0].file is "../a"; accepted: a file inside the config\'s folder, such as db/seed.sql. Change databases.mariadb.seed[0].file to what is accepted.',
  ],
  [
    "databases: { redis: { seed: x } }",
    'databases.redis.seed is "x"; accepted: a list of entries. Change databases.redis.seed to what is accepted.',
  ],
  [
    "databases: { redis: { seed: [1] } }",
    "databases.redis.seed[0] is 1; accepted: a Redis command, such as SET greeting hello, or a mapping with file. Change databases.redis.seed[0] to what is accepted.",
  ],
  [
    "databases: { redis: { seed: [{ file: ../a }] } }",
    'databases.redis.seed[0].file is "../a"; accepted: a file inside the config\'s folder, such as db/seed.sql. Change databases.redis.seed[0].file to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: x } }",
    'databases.mongodb.seed is "x"; accepted: a list of entries. Change databases.mongodb.seed to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: [x] } }",
    'databases.mongodb.seed[0] is "x"; accepted: a mapping with collection and either documents or file. Change databases.mongodb.seed[0] to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: [{ collection: system.users, documents: '{}' }] } }",
    `databases.mongodb.seed[0].collection is "system.users"; accepted: a collection's name of letters, digits, dots, dashes and underscores, not one of the system's. Change databases.mongodb.seed[0].collection to what is accepted.`,
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a, documents: '' }] } }",
    'databases.mongodb.seed[0].documents is ""; accepted: JSON documents, one after another or in one list. Change databases.mongodb.seed[0].documents to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a, file: ../a }] } }",
    `databases.mongodb.seed[0].file is "../a"; accepted: a file inside the config's folder, such as db/users.json. Change databases.mongodb.seed[0].file to what is accepted.`,
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a }] } }",
    "databases.mongodb.seed[0] is without content; accepted: exactly one of documents and file. Add one of them.",
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a, documents: '{}', file: a }] } }",
    "databases.mongodb.seed[0] is an entry with documents and file; accepted: exactly one of documents and file. Keep one of them.",
  ],
  [
    "databases: { s3: { seed: x } }",
    'databases.s3.seed is "x"; accepted: a list of entries. Change databases.s3.seed to what is accepted.',
  ],
  [
    "databases: { s3: { seed: [x] } }",
    'databases.s3.seed[0] is "x"; accepted: a mapping with object and one of text, base64 and file. Change databases.s3.seed[0] to what is accepted.',
  ],
  [
    "databases: { s3: { seed: [{ object: a/../b, text: a }] } }",
    `databases.s3.seed[0].object is "a/../b"; accepted: an object's key of letters, digits and !-_.*'()/ without empty or dotted parts, such as images/logo.svg. Change databases.s3.seed[0].object to what is accepted.`,
  ],
  [
    "databases: { s3: { seed: [{ object: a, text: 1 }] } }",
    "databases.s3.seed[0].text is 1; accepted: text. Change databases.s3.seed[0].text to what is accepted.",
  ],
  [
    "databases: { s3: { seed: [{ object: a, base64: '?' }] } }",
    'databases.s3.seed[0].base64 is "?"; accepted: bytes in base64. Change databases.s3.seed[0].base64 to what is accepted.',
  ],
  [
    "databases: { s3: { seed: [{ object: a, file: ../a }] } }",
    `databases.s3.seed[0].file is "../a"; accepted: a file inside the config's folder, such as db/logo.svg. Change databases.s3.seed[0].file to what is accepted.`,
  ],
  [
    "databases: { s3: { seed: [{ object: a }] } }",
    "databases.s3.seed[0] is without content; accepted: exactly one of text, base64 and file. Add one of them.",
  ],
  [
    "databases: { s3: { seed: [{ object: a, text: b }, { object: a, text: c }] } }",
    "databases.s3.seed[1].object is a, there already; accepted: each key once. Remove one of the two.",
  ],
  [
    "databases: { s3: { seed: [{ object: a, text: b }, { object: a/b, text: c }] } }",
    'databases.s3.seed[0].object is "a", and there is "a/b"; accepted: a key that is not a folder of another. Rename one of the two.',
  ],
  [
    "databases: { postgresql: { from: x } }",
    'databases.postgresql.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.postgresql.from to what is accepted.',
  ],
  [
    "databases: { postgresql: { from: { image: a } } }",
    'databases.postgresql.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.postgresql.from.image to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: x } }",
    'databases.mariadb.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.mariadb.from to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: { image: a } } }",
    'databases.mariadb.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.mariadb.from.image to what is accepted.',
  ],
  [
    "databases: { mongodb: { from: x } }",
    'databases.mongodb.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.mongodb.from to what is accepted.',
  ],
  [
    "databases: { mongodb: { from: { image: a } } }",
    'databases.mongodb.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.mongodb.from.image to what is accepted.',
  ],
  [
    "databases: { s3: { from: x } }",
    'databases.s3.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.s3.from to what is accepted.',
  ],
  [
    "databases: { s3: { from: { image: a } } }",
    'databases.s3.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.s3.from.image to what is accepted.',
  ],
  [
    "databases: { s3: { enabled: false, from: { image: a@sha256:" + "0".repeat(64) + " } } }",
    "databases.s3.from is given for a database that is not enabled; accepted: from only with enabled: true. Enable the database, or remove from.",
  ],
  [
    "databases: { postgresql: { from: { volumeSnapshot: A } } }",
    'databases.postgresql.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.postgresql.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: { volumeSnapshot: A } } }",
    'databases.mariadb.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.mariadb.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { redis: { from: { volumeSnapshot: A } } }",
    'databases.redis.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.redis.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { mongodb: { from: { volumeSnapshot: A } } }",
    'databases.mongodb.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.mongodb.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { s3: { from: { volumeSnapshot: A } } }",
    'databases.s3.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.s3.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { redis: { from: x } }",
    'databases.redis.from is "x"; accepted: a mapping with volumeSnapshot. Change databases.redis.from to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: {} } }",
    "databases.mariadb.from is without content; accepted: exactly one of image and volumeSnapshot. Add one of them.",
  ],
  [
    "databases: { mariadb: { from: { volumeSnapshot: a, image: a@sha256:" + "0".repeat(64) + " } } }",
    "databases.mariadb.from is an entry with image and volumeSnapshot; accepted: exactly one of image and volumeSnapshot. Keep one of them.",
  ],
  [
    "databases: { redis: { from: { volumeSnapshot: a }, seed: [SET a 1] } }",
    "databases.redis.from.volumeSnapshot is given beside seed; accepted: volumeSnapshot without seed, which is for an empty database. Remove seed, and do what it does in a job.",
  ],
  [
    "databases: { postgresql: { from: { volumeSnapshot: a }, bootstrap: { initSQL: [SELECT 1] } } }",
    "databases.postgresql.from.volumeSnapshot is given beside bootstrap; accepted: volumeSnapshot without bootstrap, which is for an empty database. Remove bootstrap, and do what it does in a job.",
  ],
  [
    "databases: { postgresql: { from: { volumeSnapshot: a }, operator: cloudnative-pg } }",
    "databases.postgresql.from.volumeSnapshot is given beside operator; accepted: from.image with an operator. Use an image, or leave operator out.",
  ],
  ["jobs: x", 'jobs is "x"; accepted: a list of jobs. Change jobs to what is accepted.'],
  ["jobs: [x]", 'jobs[0] is "x"; accepted: a mapping with name and command. Change jobs[0] to what is accepted.'],
  [
    "jobs: [{ name: A, command: [b] }]",
    'jobs[0].name is "A"; accepted: 1 to 30 lower-case letters, digits and dashes that start with a letter, no dash at the end. Change jobs[0].name to what is accepted.',
  ],
  [
    "jobs: [{ name: a, command: [] }]",
    "jobs[0].command is a list of 0; accepted: at least a program. Change jobs[0].command to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [1] }]",
    "jobs[0].command[0] is 1; accepted: a program or an argument. Change jobs[0].command[0] to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [b], image: shop }]",
    'jobs[0].image is "shop"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change jobs[0].image to what is accepted.',
  ],
  [
    "jobs: [{ name: a, command: [b], env: x }]",
    "jobs[0].env is a value not shown here; accepted: a mapping of names to text. Change jobs[0].env to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [b], when: x }]",
    'jobs[0].when is "x"; accepted: before-app or after-app. Change jobs[0].when to what is accepted.',
  ],
  [
    "jobs: [{ name: a, command: [b], retries: 7 }]",
    "jobs[0].retries is 7; accepted: a whole number from 0 to 6. Change jobs[0].retries to what is accepted.",
  ],
  [
    "jobs: [{ name: a, command: [b], timeout: 2h }]",
    'jobs[0].timeout is "2h"; accepted: a span of time such as 30s, 15m, 8h or 7d, from 1s to 1h. Change jobs[0].timeout to what is accepted.',
  ],
  [
    "trigger: sometimes",
    'trigger is "sometimes"; accepted: automatic or on-demand. Change trigger to what is accepted.',
  ],
  [
    "app: { metricsPath: metrics }",
    'app.metricsPath is "metrics"; accepted: an absolute path, such as /metrics. Change app.metricsPath to what is accepted.',
  ],
  [
    "image: { context: ../other }",
    'image.context is "../other"; accepted: a path inside the repository, such as services/shop. Change image.context to what is accepted.',
  ],
  [
    "image: { dockerfile: /etc/Dockerfile }",
    'image.dockerfile is "/etc/Dockerfile"; accepted: a path inside the repository, such as services/shop. Change image.dockerfile to what is accepted.',
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

/** A field below the app or a service, a wrong value as YAML has it, how it is shown, and what is accepted. */
type WrongField = readonly [field: string, yaml: string, shown: string, accepted: string];

const SHORT = ['"no"', '"no"', "true, false or a mapping of options"] as const;

/** One wrong value for each field that the app and every service have. */
const WRONG_OF_BOTH: readonly WrongField[] = [
  ["probes", "all", '"all"', "a mapping of startup, readiness, liveness"],
  ...["startup", "readiness", "liveness"].flatMap((kind): WrongField[] => [
    [`probes.${kind}`, ...SHORT],
    [`probes.${kind}.enabled`, "1", "1", "true or false"],
    [`probes.${kind}.path`, "health", '"health"', "an absolute path, such as /health"],
    [`probes.${kind}.port`, "0", "0", "a whole number from 1 to 65535"],
    [`probes.${kind}.tcp`, "1", "1", "true or false"],
    [`probes.${kind}.initialDelaySeconds`, "601", "601", "a whole number from 0 to 600"],
    [`probes.${kind}.periodSeconds`, "0", "0", "a whole number from 1 to 300"],
    [`probes.${kind}.timeoutSeconds`, "1.5", "1.5", "a whole number from 1 to 60"],
    [`probes.${kind}.failureThreshold`, "601", "601", "a whole number from 1 to 600"],
  ]),
  ["probes.readiness.successThreshold", "11", "11", "a whole number from 1 to 10"],
  ["resources.size", "huge", '"huge"', "one of small, medium, large"],
];

/** The same for what is `app.*` of the app and stands in each service itself. */
const WRONG_TO_RUN: readonly WrongField[] = [
  ["replicas", "0", "0", "a whole number from 1 to 5"],
  ["command", "node", '"node"', "a list of words"],
  ["command[0]", "1", "1", "text"],
  ["args", "[]", "a list of 0", "at least one of the arguments"],
  ["args[0]", "1", "1", "text"],
];

/** The same for what only services have, and for what the app's table above has. */
const WRONG_OF_SERVICES: readonly WrongField[] = [
  [
    "image",
    '"nginx:1"',
    '"nginx:1"',
    "an image by digest such as docker.io/library/nginx@sha256:…, or a repository whose image the deploy gives",
  ],
  ["port", "0", "0", "a whole number from 1 to 65535"],
  ["extraPorts", "80", "80", "a list of ports"],
  ["extraPorts[0]", "0", "0", "a whole number from 1 to 65535"],
  ["public", "1", "1", "true or false"],
  ["protocol", "http2", '"http2"', "http, h2c or grpc"],
  ["healthPath", "health", '"health"', "an absolute path, such as /health"],
  ["env", "[A]", "a list of 1", "a mapping of names to text"],
  ["envFrom", "stripe", '"stripe"', "a list of references"],
  ["envFrom[0]", "stripe", '"stripe"', "a mapping with secretRef or configMapRef"],
  ["envFrom[0].secretRef", "stripe", '"stripe"', "a mapping with name"],
  [
    "envFrom[0].secretRef.name",
    "A",
    '"A"',
    "the name of a Kubernetes object: lower-case letters, digits, dashes and dots",
  ],
  ["envFrom[0].configMapRef", "stripe", '"stripe"', "a mapping with name"],
  [
    "envFrom[0].configMapRef.name",
    "A",
    '"A"',
    "the name of a Kubernetes object: lower-case letters, digits, dashes and dots",
  ],
  ["resources", "small", '"small"', "a mapping of size, requests, limits"],
  ...["requests", "limits"].flatMap((kind): WrongField[] => [
    [`resources.${kind}`, "1", "1", "a mapping of cpu, memory"],
    [`resources.${kind}.cpu`, "2", "2", "CPU from 10m to 1, such as 250m or 0.5"],
    [`resources.${kind}.memory`, "1Mi", '"1Mi"', "memory from 32Mi to 1Gi, such as 256Mi"],
  ]),
  ["writableDirs", "/data", '"/data"', "a list of folders"],
  ["writableDirs[0]", "data", '"data"', "an absolute path without . or .., such as /app/tmp"],
  ["databases", "all", '"all"', "a list of databases"],
  ["databases[0]", "sqlite", '"sqlite"', "one of postgresql, mariadb, redis, mongodb, s3"],
];

/** The cases above as texts and messages, for the app and for a service. */
const WRONG_WORKLOADS: readonly (readonly [text: string, message: string])[] = [
  ...[...WRONG_OF_BOTH, ...WRONG_TO_RUN.map((one): WrongField => [`app.${one[0]}`, one[1], one[2], one[3]])].map(
    ([field, yaml, shown, accepted]) => [nested(field, yaml), messageOf(field, shown, accepted)] as const,
  ),
  ...[...WRONG_OF_BOTH, ...WRONG_TO_RUN, ...WRONG_OF_SERVICES].map(
    ([field, yaml, shown, accepted]) =>
      [
        `services: [{ name: api, ${nested(field, yaml)} }]`,
        messageOf(`services[0].${field}`, shown, accepted),
      ] as const,
  ),
  ["services: api", messageOf("services", '"api"', "a list of services")],
  ["services: [api]", messageOf("services[0]", '"api"', "a mapping with name")],
  [
    "services: [{ name: Api }]",
    messageOf(
      "services[0].name",
      '"Api"',
      "1 to 20 lower-case letters, digits and dashes that begin with a letter and do not end with a dash",
    ),
  ],
];

function messageOf(field: string, shown: string, accepted: string): string {
  return `${field} is ${shown}; accepted: ${accepted}. Change ${field} to what is accepted.`;
}

/** `a.b[0].c` with a value, as YAML of one line. */
function nested(field: string, value: string): string {
  const [key = "", ...rest] = field.split(".");
  const inner = rest.length === 0 ? value : `{ ${nested(rest.join("."), value)} }`;
  return key.endsWith("[0]") ? `${key.slice(0, -3)}: [${inner}]` : `${key}: ${inner}`;
}

function problemsOf(text: string): readonly Problem[] {
  try {
    parseConfigText(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems;
  }
  assert.fail("it was accepted");
}

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
}

/** Every field of the schema and every section; `*` stands for any place in a list. */
function fieldsOf({ properties, anyOf, items }: JsonSchema, path: string): string[] {
  const inner = [
    ...Object.entries(properties ?? {}).map(([key, field]) => ({ at: path === "" ? key : `${path}.${key}`, field })),
    ...(anyOf ?? []).filter((option) => option.properties).map((field) => ({ at: path, field })),
    ...(items === undefined ? [] : [{ at: `${path}.*`, field: items }]),
  ];
  return [...(path === "" ? [] : [path]), ...inner.flatMap(({ at, field }) => fieldsOf(field, at))];
}

describe("problems of a berth.yaml", () => {
  for (const [text, message] of [...WRONG, ...WRONG_WORKLOADS]) {
    it(text, () => {
      const problems = problemsOf(text.startsWith("projectId") ? text : `projectId: shop\n${text}`);
      assert.deepEqual(problems.map(sentence), [message]);
    });
  }

  it("are tried for every field of the schema", () => {
    const tried = new Set(
      [...WRONG, ...WRONG_WORKLOADS]
        .flatMap(([text]) => problemsOf(text.startsWith("projectId") ? text : `projectId: shop\n${text}`))
        .map(({ path }) => path.replace(/\[\d+\]/g, ".*")),
    );
    const fields = [...new Set(fieldsOf(configJsonSchema(), ""))];
    assert.deepEqual(
      fields.filter((field) => !tried.has(field)),
      [],
    );
  });

  it("are told all at once: wrong fields, and what contradicts itself in the others", () => {
    const text =
      "app: { port: 0 }\nenv: { PORT: '1' }\nresources: { limits: { cpu: lots }, requests: { memory: 1Gi } }\nwritableDirs: [/etc]\nzzz: 1\n";
    assert.deepEqual(
      problemsOf(text).map(({ path }) => path),
      // The request above its limit waits: with wrong limits it cannot be told.
      ["projectId", "app.port", "env.PORT", "resources.limits.cpu", "writableDirs[0]", "zzz"],
    );
  });

  it("hide what may be a secret, wherever it stands", () => {
    for (const [text, secret] of [
      ["env: { TOKEN: 7391 }", "7391"],
      ["env: hunter2", "hunter2"],
      ["app: { healthPath: 'postgres://u:hunter2@db/x' }", "hunter2"],
      ["image: { repository: ghp_ABCDEFGHIJKLMNOP }", "ghp_"],
      ["environment: { A: hunter2 }", "hunter2"],
      ["app: { password: hunter2 }", "hunter2"],
      ["env: { A: x } hunter2", "hunter2"],
      ["env:\n\tA: hunter2", "hunter2"],
      ["env:\n  A: 'hunter2", "hunter2"],
    ] as const) {
      assert.ok(!JSON.stringify(problemsOf(`projectId: shop\n${text}\n`)).includes(secret), text);
    }
  });

  it("are one line each, with the line where it is known", () => {
    const problem = { path: "app.port", value: "0", accepted: "more", fix: "Change it." };
    assert.equal(sentenceWithLine(problem), "app.port is 0; accepted: more. Change it.");
    assert.equal(sentenceWithLine({ ...problem, line: 3 }), "line 3: app.port is 0; accepted: more. Change it.");
  });
});
