import { MIDDLEWARES_ANNOTATION } from "./access";
import { checkBudget } from "./budget";
import { FORBIDDEN_RANGES, SHORTEST_EGRESS_PREFIX, contains, parseCidr } from "./cidr";
import { enabledEngines } from "./databases";
import { EGRESS_PROXY } from "./egress";
import { ENGINES } from "./engines";
import { JOB } from "./jobs";
import { ENVIRONMENT_IN_NAME } from "./names";
import { MOST_STARTUP_SECONDS, isAsked, startupSeconds } from "./probes";
import type { ProbeSettings } from "./probes";
import { OAUTH_SECRETS } from "./oauth";
import { repeated, repeats } from "./problems";
import type { Finding } from "./problems";
import { parseBytes, parseCpu } from "./quantity";
import { DEFAULT_HEALTH_PATH, configSchema } from "./schema";
import { checkFirstData } from "./seed-check";
import type { Config } from "./schema";
import { APP, appOf, injectedNames, portsOf, workloadsOf } from "./workloads";
import type { WorkloadConfig } from "./workloads";

/** Folders that cannot be replaced by an empty one: the system's own, and those Kubernetes mounts. */
const SYSTEM_DIRS = ["/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/var/run/secrets"];

/** Annotation prefixes on an Ingress that belong to Berth, Pulumi or Kubernetes itself. */
const RESERVED_ANNOTATIONS = ["berth.dev/", "pulumi.com/", "kubernetes.io/ingress.class", MIDDLEWARES_ANNOTATION];

/** What is wrong with a config although each field is fine by itself: contradictions, duplicates, forbidden addresses. */
export function contradictions(config: Config): Finding[] {
  return [
    ...workloadsOf(config).flatMap((workload) => [
      ...checkEnv(config, workload),
      ...checkEnvFrom(workload),
      ...checkResources(workload),
      ...checkWritableDirs(workload),
      ...checkProbes(workload),
    ]),
    ...checkServices(config),
    ...checkSecretNames(config),
    ...checkPostgresql(config),
    ...checkObjectStore(config),
    ...checkFirstData(config),
    ...checkIngress(config),
    ...checkAccess(config),
    ...checkEgress(config),
    ...checkBudget(config),
    ...checkJobs(config),
  ];
}

function checkEnv(config: Config, workload: WorkloadConfig): Finding[] {
  const { env, path, name: owner } = workload;
  const injected = injectedNames(config, workload);
  return Object.keys(env)
    .filter((name) => injected.includes(name))
    .map((name) => ({
      path: [...path, "env", name],
      value: "a variable that Berth sets",
      accepted: "any name that Berth does not set",
      fix: name === "PORT" ? `Remove it and set ${owner === APP ? "app.port" : "the service's port"}.` : "Remove it.",
      atKey: true,
    }));
}

function checkEnvFrom({ envFrom, path }: WorkloadConfig): Finding[] {
  const seen = new Set<string>();
  return envFrom.flatMap((source, index) => {
    const kinds = [source.secretRef && "secretRef", source.configMapRef && "configMapRef"].filter(
      (kind) => kind !== undefined,
    );
    if (kinds.length !== 1) {
      return {
        path: [...path, "envFrom", index],
        value: kinds.length === 0 ? "without a reference" : "two references in one",
        accepted: "exactly one of secretRef and configMapRef",
        fix: kinds.length === 0 ? "Add one of them." : "Make it two entries.",
      };
    }
    if (source.secretRef?.name === OAUTH_SECRETS.proxy.name) {
      return {
        path: [...path, "envFrom", index, "secretRef", "name"],
        value: `"${OAUTH_SECRETS.proxy.name}", the proxy's own Secret`,
        accepted: "Secrets of the app",
        fix: "Remove it: an app never gets the keys of the proxy that guards it.",
      };
    }
    const key = `${kinds.join()}/${source.secretRef?.name ?? source.configMapRef?.name ?? ""}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return repeated([...path, "envFrom", index], key, "each reference once");
  });
}

/** envFrom finds both kinds by name. */
function checkSecretNames({ sealedSecrets, externalSecrets }: Config): Finding[] {
  return Object.keys(externalSecrets)
    .filter((name) => Object.hasOwn(sealedSecrets, name))
    .map((name) => ({
      path: ["externalSecrets", name],
      value: "a name that sealedSecrets has too",
      accepted: "each name once among sealedSecrets and externalSecrets",
      fix: "Rename one of the two.",
      atKey: true,
    }));
}

function checkResources({ resources: { requests, limits }, path }: WorkloadConfig): Finding[] {
  const over = (what: "cpu" | "memory"): Finding => ({
    path: [...path, "resources", "requests", what],
    value: `${requests[what]}, above the limit of ${limits[what]}`,
    accepted: `at most resources.limits.${what}`,
    fix: `Lower resources.requests.${what} or raise resources.limits.${what}.`,
  });
  return [
    ...(parseCpu(requests.cpu) > parseCpu(limits.cpu) ? [over("cpu")] : []),
    ...(parseBytes(requests.memory) > parseBytes(limits.memory) ? [over("memory")] : []),
  ];
}

function checkWritableDirs({ writableDirs, path: owner }: WorkloadConfig): Finding[] {
  return writableDirs.flatMap((dir, index) => {
    const path = [...owner, "writableDirs", index];
    if (writableDirs.indexOf(dir) !== index) return repeated(path, dir, "each folder once");
    if (SYSTEM_DIRS.some((system) => dir === system || dir.startsWith(`${system}/`) || system.startsWith(`${dir}/`))) {
      return {
        path,
        value: `"${dir}", a folder of the system`,
        accepted: `a folder outside ${SYSTEM_DIRS.join(", ")}`,
        fix: "Have the app write elsewhere, such as to /tmp.",
      };
    }
    const outer = [...writableDirs, "/tmp"].find((other) => dir.startsWith(`${other}/`));
    if (outer === undefined) return [];
    return {
      path,
      value: `"${dir}", inside ${outer}`,
      accepted: "folders outside each other",
      fix: `Remove it: all of ${outer} is writable.`,
    };
  });
}

/** The kinds of probe, in the order in which they are asked. */
const PROBES = ["startup", "readiness", "liveness"] as const;

function checkProbes({ probes, port, path, isPublic, name }: WorkloadConfig): Finding[] {
  const usual = configSchema.shape.probes.parse({});
  const findings = PROBES.flatMap((kind): Finding[] => {
    const probe: ProbeSettings = probes[kind];
    const at = [...path, "probes", kind];
    if (!isAsked(probe, port)) {
      const { enabled } = probe;
      const usualValues = new Map<string, unknown>(Object.entries(usual[kind]));
      const isChanged = Object.entries(probe).some(
        ([key, value]) => key !== "enabled" && value !== usualValues.get(key),
      );
      if (enabled !== true && !isChanged) return [];
      return [
        enabled === false
          ? {
              path: at,
              value: "given for a probe that is off",
              accepted: "options only with enabled: true",
              fix: "Enable the probe, or remove its options.",
            }
          : {
              path: at,
              value: "given for a service without a port",
              accepted: "probes of a port",
              fix: "Set the service's port or the probe's, or remove the probe.",
            },
      ];
    }
    if (probe.tcp && probe.path !== undefined) {
      return [
        {
          path: [...at, "path"],
          value: "given beside tcp: true, which asks for no path",
          accepted: "either path or tcp: true",
          fix: "Remove one of the two.",
        },
      ];
    }
    return [];
  });
  const start = startupSeconds(probes.startup, port);
  if (start > MOST_STARTUP_SECONDS) {
    findings.push({
      path: [...path, "probes", "startup"],
      value: `${start} s in all (initialDelaySeconds + periodSeconds × failureThreshold)`,
      accepted: `at most ${MOST_STARTUP_SECONDS} s`,
      fix: "Lower one of them.",
    });
  }
  if (isPublic && port !== undefined && !isAsked(probes.readiness, port)) {
    findings.push({
      path: [...path, "probes", "readiness"],
      value: `off for ${name === APP ? "an app" : "a service"} with a URL`,
      accepted: "a readiness probe for whatever the gateway sends requests to",
      fix: name === APP ? "Enable it, or set ingress.enabled: false." : "Enable it, or set public: false.",
    });
  }
  return findings;
}

/** Names of what else an environment may consist of, and words in the names of its policies; a service of that name would take its place. */
const RESERVED_NAMES: readonly string[] = [
  ...new Set([APP, JOB, "access-proxy", EGRESS_PROXY, "dns", "gateway", "others", "minio", ...ENGINES]),
];

/** How the names of copied preview secrets begin; the ConfigMap of a service could have that of a copy. */
const COPIES = "preview-";

function checkServices({ services, databases }: Config): Finding[] {
  const names = services.map(({ name }) => name);
  return services.flatMap(({ name, port, extraPorts, public: isPublic, databases: engines }, index) => {
    const path = ["services", index];
    const findings: Finding[] = [];
    if (names.indexOf(name) !== index) findings.push(repeated([...path, "name"], name, "each name once"));
    if (RESERVED_NAMES.includes(name) || name.startsWith(COPIES)) {
      findings.push({
        path: [...path, "name"],
        value: `"${name}", the name of a part that Berth makes`,
        accepted: `names other than ${RESERVED_NAMES.join(", ")} and ${COPIES}…`,
        fix: "Rename the service.",
      });
    }
    if (ENVIRONMENT_IN_NAME.test(name)) {
      findings.push({
        path: [...path, "name"],
        value: `"${name}", which makes its host look like that of another pull request`,
        accepted: "a name without pr-{number}",
        fix: "Rename the service.",
      });
    }
    if (isPublic && port === undefined) {
      findings.push({
        path: [...path, "public"],
        value: "true for a service without a port",
        accepted: "public only with a port",
        fix: "Set port, or remove public.",
      });
    }
    const ports = portsOf({ port, extraPorts });
    extraPorts.forEach((extra, at) => {
      if (ports.indexOf(extra) !== ports.length - extraPorts.length + at)
        findings.push(repeated([...path, "extraPorts", at], String(extra), "each port once"));
    });
    engines.forEach((engine, at) => {
      if (engines.indexOf(engine) !== at)
        findings.push(repeated([...path, "databases", at], engine, "each database once"));
      else if (!enabledEngines(databases).includes(engine)) {
        findings.push({
          path: [...path, "databases", at],
          value: `"${engine}", which is not enabled`,
          accepted: "databases that the environment has",
          fix: `Set databases.${engine}: true, or remove it here.`,
        });
      }
    });
    return findings;
  });
}

function checkPostgresql({ databases: { postgresql } }: Config): Finding[] {
  const { initSQL, postInitApplicationSQL } = postgresql.bootstrap;
  const path = ["databases", "postgresql"];
  if (postgresql.enabled || initSQL.length + postInitApplicationSQL.length === 0) return [];
  return [
    {
      path: [...path, "bootstrap"],
      value: "given for a database that is not enabled",
      accepted: "bootstrap only with enabled: true",
      fix: "Enable the database, or remove bootstrap.",
    },
  ];
}

function checkObjectStore({ databases: { s3, minio } }: Config): Finding[] {
  if (!s3.enabled || !minio.enabled) return [];
  return [
    {
      path: ["databases", "minio"],
      value: "enabled beside s3, which is the same object store",
      accepted: "one of s3 and minio",
      fix: "Remove minio to have the S3_* and AWS_* variables, or s3 to have MINIO_* and S3_*.",
      atKey: true,
    },
  ];
}

function checkIngress({ ingress: { enabled, annotations } }: Config): Finding[] {
  const path = ["ingress", "annotations"];
  const keys = Object.keys(annotations);
  if (!enabled && keys.length > 0) {
    return [
      {
        path,
        value: "given for an Ingress that is not enabled",
        accepted: "annotations only with enabled: true",
        fix: "Enable the Ingress, or remove the annotations.",
      },
    ];
  }
  return keys
    .filter((key) => RESERVED_ANNOTATIONS.some((reserved) => key.startsWith(reserved)))
    .map((key) => ({
      path: [...path, key],
      value: "an annotation that Berth sets",
      accepted: `keys that do not start with ${RESERVED_ANNOTATIONS.join(", ")}`,
      fix: key === MIDDLEWARES_ANNOTATION ? "Remove it, and use access and ingress.headers." : "Remove it.",
      atKey: true,
    }));
}

function checkAccess(config: Config): Finding[] {
  const { access, ingress } = config;
  const { mode, allow } = access;
  const findings: Finding[] = [];
  const without = (path: string[], fix: string): Finding => ({
    path,
    value: "given for an environment without a URL",
    accepted: `${path.join(".")} only where the app or a service has a URL`,
    fix,
  });
  const isClosed = workloadsOf(config).every(({ isPublic }) => !isPublic);
  const open = "Remove it, or enable the Ingress.";
  if (isClosed && mode !== undefined) findings.push(without(["access", "mode"], open));
  if (isClosed && allow.length > 0) findings.push(without(["access", "allow"], open));
  if (isClosed && Object.keys(ingress.headers).length > 0) findings.push(without(["ingress", "headers"], open));
  findings.push(...repeats(allow, ["access", "allow"], "each range once"));
  const seen = new Set<string>();
  for (const name of Object.keys(ingress.headers)) {
    const key = name.toLowerCase();
    if (seen.has(key)) findings.push(repeated(["ingress", "headers", name], name, "each header once, in any case"));
    seen.add(key);
  }
  if (isClosed && config.oauth.callback) findings.push(without(["oauth", "callback"], open));
  return [...findings, ...checkPeople(config), ...workloadsOf(config).flatMap(checkGrpcHealth)];
}

/** Lists of people say who may enter after a log-in. Beside any other mode they would keep nobody out. */
function checkPeople({ access: { mode, oidc } }: Config): Finding[] {
  return (["emails", "emailDomains", "groups"] as const).flatMap((kind): Finding[] => {
    if (mode !== "oidc" && oidc[kind].length > 0) {
      return [
        {
          path: ["access", "oidc", kind],
          value: `given although access.mode is ${mode ?? "left to the platform"}`,
          accepted: "a list only with mode: oidc",
          fix: "Set access.mode to oidc, or remove the list.",
        },
      ];
    }
    const entries = oidc[kind].map((entry) => `"${entry}"`);
    return repeats(entries, ["access", "oidc", kind], "each entry once");
  });
}

/** Who speaks gRPC is not asked for a path on its port. */
function checkGrpcHealth({ name, path, port, protocol, healthPath, probes }: WorkloadConfig): Finding[] {
  if (protocol !== "grpc") return [];
  const asked = (where: (string | number)[], value: string): Finding => ({
    path: where,
    value: `"${value}", for what speaks gRPC`,
    accepted: "a path only with protocol http or h2c, or for a probe of another port",
    fix: "Remove it: gRPC is asked by grpc.health.v1.",
  });
  return [
    ...(healthPath === DEFAULT_HEALTH_PATH
      ? []
      : [asked([...(name === APP ? ["app"] : path), "healthPath"], healthPath)]),
    ...PROBES.flatMap((kind) => {
      const probe = probes[kind];
      if (probe.path === undefined || (probe.port !== undefined && probe.port !== port)) return [];
      return [asked([...path, "probes", kind, "path"], probe.path)];
    }),
  ];
}

function checkEgress({ egress: { allow } }: Config): Finding[] {
  const seen = new Set<string>();
  return allow.flatMap(({ cidr, host, ports }, index): Finding[] => {
    const target = cidr ?? host;
    if (target === undefined || (cidr !== undefined && host !== undefined)) {
      return [
        {
          path: ["egress", "allow", index],
          value: target === undefined ? "without cidr and host" : "a rule with both cidr and host",
          accepted: "exactly one of cidr and host",
          fix: target === undefined ? "Add one of them." : "Make it two rules.",
        },
      ];
    }
    const path = ["egress", "allow", index, cidr === undefined ? "host" : "cidr"];
    const findings = repeats(ports, ["egress", "allow", index, "ports"], "each port once");
    if (seen.has(target)) findings.push(repeated(path, target, "each range and host once, with all its ports"));
    seen.add(target);
    if (cidr === undefined) return findings;
    const forbidden = FORBIDDEN_RANGES.find((range) => contains(range, cidr));
    const prefix = parseCidr(cidr)?.prefix ?? 0;
    if (forbidden !== undefined) {
      findings.push({
        path,
        value: `"${cidr}", part of ${forbidden}`,
        accepted: "addresses other than the host's, link-local and metadata, multicast and reserved ones",
        fix: "Remove the rule: no preview reaches these.",
      });
    } else if (prefix < SHORTEST_EGRESS_PREFIX) {
      findings.push({
        path,
        value: `"${cidr}", ${prefix === 0 ? "every address there is" : "a large part of all addresses"}`,
        accepted: `a prefix of /${SHORTEST_EGRESS_PREFIX} or longer`,
        fix: "List the ranges that the app needs.",
      });
    }
    return findings;
  });
}

function checkJobs(config: Config): Finding[] {
  const { jobs } = config;
  const names = jobs.map(({ name }) => name);
  const app = appOf(config);
  return jobs.flatMap(({ name, env }, index) => [
    ...(names.indexOf(name) === index ? [] : [repeated(["jobs", index, "name"], `"${name}"`, "each name once")]),
    // A job has the variables of the app, so that the same names are taken.
    ...checkEnv(config, { ...app, env, path: ["jobs", index] }),
  ]);
}
