import { FORBIDDEN_RANGES, SHORTEST_EGRESS_PREFIX, contains, parseCidr } from "./cidr";
import { enabledEngines, variablesOf } from "./databases";
import type { Finding } from "./problems";
import { parseBytes, parseCpu } from "./quantity";
import type { Config } from "./schema";

/** Variables that every app gets. */
export const INJECTED = ["PORT", "PR_NUMBER", "COMMIT_SHA", "BRANCH_NAME", "APP_VERSION", "PREVIEW_URL"] as const;

/** Folders that cannot be replaced by an empty one: the system's own, and those Kubernetes mounts. */
const SYSTEM_DIRS = ["/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/var/run/secrets"];

/** Annotation prefixes on an Ingress that belong to Berth, Pulumi or Kubernetes itself. */
const RESERVED_ANNOTATIONS = ["berth.dev/", "pulumi.com/", "kubernetes.io/ingress.class"];

/** What is wrong with a config although each field is fine by itself: contradictions, duplicates, forbidden addresses. */
export function contradictions(config: Config): Finding[] {
  return [
    ...checkEnv(config),
    ...checkEnvFrom(config),
    ...checkResources(config),
    ...checkWritableDirs(config),
    ...checkPostgresql(config),
    ...checkObjectStore(config),
    ...checkIngress(config),
    ...checkEgress(config),
  ];
}

function checkEnv({ env, databases }: Config): Finding[] {
  const ofDatabases = enabledEngines(databases).flatMap((engine) => variablesOf(databases, engine));
  const injected: readonly string[] = [...INJECTED, ...ofDatabases];
  return Object.keys(env)
    .filter((name) => injected.includes(name))
    .map((name) => ({
      path: ["env", name],
      value: "a variable that Berth sets",
      accepted: "any name that Berth does not set",
      fix: name === "PORT" ? "Remove it and set app.port." : "Remove it.",
      atKey: true,
    }));
}

function checkEnvFrom({ envFrom }: Config): Finding[] {
  const seen = new Set<string>();
  return envFrom.flatMap((source, index) => {
    const kinds = [source.secretRef && "secretRef", source.configMapRef && "configMapRef"].filter(
      (kind) => kind !== undefined,
    );
    if (kinds.length !== 1) {
      return {
        path: ["envFrom", index],
        value: kinds.length === 0 ? "without a reference" : "two references in one",
        accepted: "exactly one of secretRef and configMapRef",
        fix: kinds.length === 0 ? "Add one of them." : "Make it two entries.",
      };
    }
    const key = `${kinds.join()}/${source.secretRef?.name ?? source.configMapRef?.name ?? ""}`;
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return duplicate(["envFrom", index], key, "each reference once");
  });
}

function checkResources({ resources: { requests, limits } }: Config): Finding[] {
  const over = (what: "cpu" | "memory"): Finding => ({
    path: ["resources", "requests", what],
    value: `${requests[what]}, above the limit of ${limits[what]}`,
    accepted: `at most resources.limits.${what}`,
    fix: `Lower resources.requests.${what} or raise resources.limits.${what}.`,
  });
  return [
    ...(parseCpu(requests.cpu) > parseCpu(limits.cpu) ? [over("cpu")] : []),
    ...(parseBytes(requests.memory) > parseBytes(limits.memory) ? [over("memory")] : []),
  ];
}

function checkWritableDirs({ writableDirs }: Config): Finding[] {
  return writableDirs.flatMap((dir, index) => {
    const path = ["writableDirs", index];
    if (writableDirs.indexOf(dir) !== index) return duplicate(path, dir, "each folder once");
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
      fix: "Remove it.",
      atKey: true,
    }));
}

function checkEgress({ egress: { allow } }: Config): Finding[] {
  const seen = new Set<string>();
  return allow.flatMap(({ cidr, ports }, index): Finding[] => {
    const path = ["egress", "allow", index, "cidr"];
    const findings = ports.flatMap((port, at) =>
      ports.indexOf(port) === at
        ? []
        : [duplicate(["egress", "allow", index, "ports", at], String(port), "each port once")],
    );
    if (seen.has(cidr)) findings.push(duplicate(path, cidr, "each range once, with all its ports"));
    seen.add(cidr);
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

function duplicate(path: readonly PropertyKey[], what: string, accepted: string): Finding {
  return { path, value: `${what}, there already`, accepted, fix: "Remove one of the two." };
}
