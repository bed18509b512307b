import { PRIVATE_RANGES, contains } from "../../config/cidr";
import {
  ENGINE_TITLES,
  enabledEngines,
  isOperated,
  servingVersion,
  settingsOf,
  sortVersions,
} from "../../config/databases";
import { ownSecrets, previewReferencesOf } from "../../config/env-from";
import { isImageByDigest, repositoryOf } from "../../config/image";
import { formatPath } from "../../config/problems";
import { parseBytes } from "../../config/quantity";
import { filledEngines } from "../../config/jobs";
import { fromOf, seedFiles, seedOf } from "../../config/seed";
import type { Config } from "../../config/schema";
import { APP, workloadsOf } from "../../config/workloads";
import type { InvalidProperty } from "../problems";
import type { PrEnvironmentArgs } from "./args";
import { planContext } from "./context";
import { validateTrust } from "./trust";
import { operatedVersion, operatedVersions } from "./databases/cloudnative-pg";

/** Finds what each part of the arguments cannot know by itself: whether config, pull request and platform go together. */
export function validate(args: Pick<PrEnvironmentArgs, "config" | "pr" | "platform">): InvalidProperty[] {
  return [
    ...validateImage(args),
    ...validateServiceImages(args),
    ...validateDatabases(args),
    ...validateFirstData(args),
    ...validateSnapshots(args),
    ...validateAccess(args),
    ...validateEgress(args),
    ...validateEnvFrom(args),
    ...validateLogins(args),
    ...validateSealed(args),
    ...validateExternal(args),
    ...validateTrust(args),
  ];
}

function validateImage({ config, pr }: Pick<PrEnvironmentArgs, "config" | "pr">): InvalidProperty[] {
  const { repository } = config.image;
  if (repository === undefined || repositoryOf(pr.image) === repository) return [];
  return [
    {
      propertyPath: "pr.image",
      reason: `"${pr.image}" is not from ${repository}, which the config's image.repository asks for. Deploy an image from there, or change image.repository.`,
    },
  ];
}

/** Whether each service has an image by digest, from where its config says, and no image is for a service that does not exist. */
function validateServiceImages({
  config: { services },
  pr,
}: Pick<PrEnvironmentArgs, "config" | "pr">): InvalidProperty[] {
  const given = pr.serviceImages ?? {};
  const names = services.map(({ name }) => name);
  const unknown = Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => ({
      propertyPath: `pr.serviceImages.${name}`,
      reason: `"${name}" is no service of the config; accepted: ${names.length === 0 ? "none, as it has no services" : names.join(", ")}. Correct the name of --service-image, or add the service.`,
    }));
  return [
    ...unknown,
    ...services.flatMap(({ name, image }, index) => {
      const own = given[name];
      if (image === undefined || (own === undefined && isImageByDigest(image))) return [];
      const repository = repositoryOf(image) ?? image;
      if (own === undefined) {
        return [
          {
            propertyPath: `config.services[${index}].image`,
            reason: `"${image}" is a repository without a digest, and the deploy gives no image of it. Deploy with --service-image ${name}=${image}@sha256:…, or write the digest into the config.`,
          },
        ];
      }
      if (repositoryOf(own) === repository) return [];
      return [
        {
          propertyPath: `pr.serviceImages.${name}`,
          reason: `"${own}" is not from ${repository}, which the config's services[${index}].image asks for. Deploy an image from there, or change the config.`,
        },
      ];
    }),
  ];
}

function validateDatabases({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  return enabledEngines(config.databases).flatMap((engine) => {
    if (engine === "postgresql" && isOperated(config.databases)) return validateOperated({ config, platform });
    const offered = sortVersions(Object.keys(platform.images[engine]));
    const propertyPath = `config.databases.${engine}.version`;
    if (offered.length === 0) {
      const reason = `this platform offers no ${ENGINE_TITLES[engine]}. Add an image to images.${engine} of berth:platform and update the platform stack.`;
      return [{ propertyPath, reason }];
    }
    const wanted = settingsOf(config.databases, engine).version ?? platform.defaultVersions[engine];
    if (wanted !== null && servingVersion(wanted, offered) !== undefined) return [];
    return [
      {
        propertyPath,
        reason: `"${wanted ?? "none"}" is not offered by this platform; accepted: ${offered.join(", ")}. Choose one of them, or leave version out for the default.`,
      },
    ];
  });
}

function validateOperated({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  const propertyPath = "config.databases.postgresql.operator";
  const offered = operatedVersions(platform);
  if (offered.length === 0) {
    const reason =
      "this platform offers no PostgreSQL by CloudNativePG. Install the operator and give its images in operators.cloudnativePg of berth:platform, or leave operator out.";
    return [{ propertyPath, reason }];
  }
  if (operatedVersion(config.databases, platform) !== undefined) return [];
  return [
    {
      propertyPath: "config.databases.postgresql.version",
      reason: `"${config.databases.postgresql.version ?? "none"}" is not offered with CloudNativePG by this platform; accepted: ${offered.join(", ")}. Choose one of them, or leave version out for the default.`,
    },
  ];
}

/** Whoever asks for a closed door gets one, or an error; never an open door. */
function validateAccess({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  const { access, ingress } = config;
  const { accepted, ipLists } = platform.access;
  const problems: InvalidProperty[] = [];
  if (access.mode !== undefined && !accepted.includes(access.mode)) {
    problems.push({
      propertyPath: "config.access.mode",
      reason: !platform.middlewares
        ? `"${access.mode}" cannot be kept by this platform, whose gateway (ingress class ${platform.ingressClass}) is not one of Berth's; accepted: ${accepted.join(", ")}. Ask its owner for a gateway of mode deployed or host.`
        : access.mode === "oidc" && !platform.oauth?.oidc
          ? `"oidc" takes a provider, and this platform has none; accepted: ${accepted.join(", ")}. Ask its owner to set oauth.oidc of berth:platform, or use another mode.`
          : `"${access.mode}" is not accepted by this platform; accepted: ${accepted.join(", ")}. Choose one of them, or leave mode out for its default, ${platform.access.default}.`,
    });
  }
  if (access.allow.length > 0 && !ipLists) {
    problems.push({
      propertyPath: "config.access.allow",
      reason: platform.middlewares
        ? "this platform's gateway does not see the addresses of visitors, so it cannot keep a list of them. Ask its owner for clientAddresses: seen in gateway of berth:platform, or remove access.allow."
        : `it cannot be kept by this platform, whose gateway (ingress class ${platform.ingressClass}) is not one of Berth's. Ask its owner for a gateway of mode deployed or host, or remove access.allow.`,
    });
  }
  if (Object.keys(ingress.headers).length > 0 && !platform.middlewares) {
    problems.push({
      propertyPath: "config.ingress.headers",
      reason: `they cannot be set by this platform, whose gateway (ingress class ${platform.ingressClass}) is not one of Berth's. Have the app set them, and remove ingress.headers.`,
    });
  }
  return problems;
}

/** Whether people can log in as the config asks, and whom it names may enter at all. */
function validateLogins(args: Pick<PrEnvironmentArgs, "config" | "pr" | "platform">): InvalidProperty[] {
  const { config, platform } = args;
  const invalid: InvalidProperty[] = [];
  if (config.oauth.callback && platform.oauth === null) {
    invalid.push({
      propertyPath: "config.oauth.callback",
      reason: "this platform has no callback broker. Ask its owner to set oauth of berth:platform, or set it to false.",
    });
  }
  if (!planContext(args).isGuarded) return invalid;
  return [...invalid, ...validateProtocols(config), ...validatePeople(args)];
}

/** The proxy in front of what has a URL speaks HTTP/1.1 to it. */
function validateProtocols(config: Config): InvalidProperty[] {
  return workloadsOf(config).flatMap(({ name, path, protocol, isPublic }) =>
    !isPublic || protocol === "http"
      ? []
      : [
          {
            propertyPath: formatPath(["config", ...(name === APP ? ["app"] : path), "protocol"]),
            reason: `"${protocol}" does not pass the proxy of access.mode oidc; accepted: http. Use it, have no URL for this, or choose another access.mode.`,
          },
        ],
  );
}

function validatePeople({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  const allow = platform.oauth?.oidc?.allow;
  // Who is in a group of the platform's may have any address, and who has an address of the platform's may be in any group.
  if (allow === undefined || allow.groups.length > 0) return [];
  const outside = (kind: "emails" | "emailDomains", entry: string): boolean => {
    const domain = entry.slice(entry.lastIndexOf("@") + 1).toLowerCase();
    const isDomain = allow.emailDomains.some((one) => one.toLowerCase() === domain);
    return !isDomain && !(kind === "emails" && allow.emails.some((one) => one.toLowerCase() === entry.toLowerCase()));
  };
  const accepted = [...allow.emailDomains, ...allow.emails].join(", ");
  return (["emails", "emailDomains"] as const).flatMap((kind) =>
    config.access.oidc[kind].flatMap((entry, index) =>
      outside(kind, entry)
        ? {
            propertyPath: `config.access.oidc.${kind}[${index}]`,
            reason: `"${entry}" is not let in by this platform; accepted: ${accepted}. Remove it, or ask the platform's owner to add it to oauth.oidc.allow of berth:platform.`,
          }
        : [],
    ),
  );
}

/** Whether the files of seeds were read, and there is who puts them in. */
function validateFirstData({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  const unread = seedFiles(config).map(({ path, file }) => ({
    propertyPath: `config.${formatPath(path)}`,
    reason: `the file "${file}" was not read. Deploy with \`berth deploy\`, which puts its content there, or write the content out.`,
  }));
  if (platform.s3Client !== null || !filledEngines(config.databases).includes("s3")) return unread;
  const field = seedOf(config.databases, "s3").length > 0 ? "seed" : "from";
  const reason =
    "this platform has no client by which object stores are filled. Ask its owner to set s3Client of berth:platform, or fill the bucket with a job.";
  return [...unread, { propertyPath: `config.databases.s3.${field}`, reason }];
}

/** A snapshot is one that the platform lets this project name, of the same database and version, and its volume is no larger. */
function validateSnapshots({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  const { databases, projectId } = config;
  const listed = platform.snapshots[projectId] ?? {};
  return enabledEngines(databases).flatMap((engine): InvalidProperty[] => {
    const name = fromOf(databases, engine)?.volumeSnapshot;
    if (name === undefined) return [];
    const propertyPath = `config.databases.${engine}.from.volumeSnapshot`;
    const snapshot = listed[name];
    if (snapshot?.engine !== engine) {
      const names = Object.keys(listed).filter((one) => listed[one]?.engine === engine);
      const accepted =
        names.length === 0 ? `none, as this platform has none for project ${projectId}` : names.join(", ");
      const reason = `"${name}" is no snapshot of ${ENGINE_TITLES[engine]} that is allowed; accepted: ${accepted}. Have the platform's owner add it to snapshots.${projectId} of berth:platform, or use from.image.`;
      return [{ propertyPath, reason }];
    }
    const { storage, version } = settingsOf(databases, engine);
    const wanted = version ?? platform.defaultVersions[engine] ?? "";
    if (servingVersion(wanted, [snapshot.version]) === undefined) {
      const reason = `"${name}" is of version ${snapshot.version}, and the database's is ${wanted}; accepted: the same. Set databases.${engine}.version to "${snapshot.version}", or take another snapshot.`;
      return [{ propertyPath, reason }];
    }
    if (parseBytes(storage) >= parseBytes(snapshot.size)) return [];
    const reason = `${storage} is smaller than the volume of snapshot "${name}"; accepted: ${snapshot.size} or more. Raise it.`;
    return [{ propertyPath: `config.databases.${engine}.storage`, reason }];
  });
}

function validateEgress({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  return config.egress.allow.flatMap(({ cidr, host }, index) => {
    if (cidr === undefined) {
      if (platform.egressHosts !== "proxy" || platform.egressProxy !== null) return [];
      const reason = `"${host ?? ""}" is a name, and this platform has no egress proxy. Ask its owner to set egressProxy or egressHosts of berth:platform, or list ranges with cidr.`;
      return [{ propertyPath: `config.egress.allow[${index}].host`, reason }];
    }
    const isPrivate = PRIVATE_RANGES.some((range) => contains(range, cidr));
    if (!isPrivate || platform.privateEgress.some((open) => contains(open, cidr))) return [];
    const open = platform.privateEgress.length === 0 ? "none" : platform.privateEgress.join(", ");
    return [
      {
        propertyPath: `config.egress.allow[${index}].cidr`,
        reason: `"${cidr}" is private; private ranges that this platform opens: ${open}. Ask its owner to add it to privateEgress of berth:platform.`,
      },
    ];
  });
}

/** What envFrom names must be what the platform allows this project, for a pull request of its own repository. */
function validateEnvFrom({
  config,
  pr,
  platform,
}: Pick<PrEnvironmentArgs, "config" | "pr" | "platform">): InvalidProperty[] {
  const { projectId } = config;
  const allowed = platform.previewSecrets[projectId];
  const references = previewReferencesOf(config);
  const own = ownSecrets(config);
  const problems = references.flatMap(({ kind, name, path }): InvalidProperty[] => {
    const field = kind === "Secret" ? "secrets" : "configMaps";
    const names = allowed?.[field] ?? [];
    if (names.includes(name)) return [];
    const propertyPath = formatPath(["config", ...path]);
    const accepted =
      allowed === undefined || names.length === 0
        ? `none, as this platform has no ${kind}s for previews of project ${projectId}`
        : `${[...names].sort().join(", ")}, the ${kind}s for previews in namespace ${allowed.namespace}`;
    const others = kind === "ConfigMap" || own.length === 0 ? "" : `, and ${own.join(", ")} of this config`;
    const ask = `have the platform's owner add it to previewSecrets.${projectId}.${field} of berth:platform`;
    const fix = names.length === 0 ? `Remove it, or ${ask}.` : `Choose one of them, or ${ask}.`;
    return [{ propertyPath, reason: `"${name}" is not allowed; accepted: ${accepted}${others}. ${fix}` }];
  });
  const repository = allowed?.repository ?? null;
  if (problems.length > 0 || repository === null || pr.repository === repository) return problems;
  if (references.length === 0) return [];
  return [
    {
      propertyPath: "pr.repository",
      reason: `${pr.repository === undefined ? "missing" : `"${pr.repository}"`}; accepted: ${repository}, to which the preview secrets of project ${projectId} belong. Deploy from there, or remove envFrom.`,
    },
  ];
}

/** Sealed values need the controller, and a platform that lets this project have them. */
function validateSealed({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  if (Object.keys(config.sealedSecrets).length === 0) return [];
  const propertyPath = "config.sealedSecrets";
  if (platform.sealedSecrets === null) {
    const reason =
      "given, but this platform has no SealedSecrets controller; accepted: none. Have its owner set sealedSecrets of berth:platform, or remove it.";
    return [{ propertyPath, reason }];
  }
  const { projects } = platform.sealedSecrets;
  if (projects === null || projects.includes(config.projectId)) return [];
  const reason = `given for project ${config.projectId}; accepted for: ${projects.join(", ") || "no project"}. Have the platform's owner add it to sealedSecrets.projects of berth:platform, or remove it.`;
  return [{ propertyPath, reason }];
}

/** A store is one that the platform lets this project name. */
function validateExternal({ config, platform }: Pick<PrEnvironmentArgs, "config" | "platform">): InvalidProperty[] {
  const stores = platform.externalSecrets[config.projectId] ?? [];
  return Object.entries(config.externalSecrets).flatMap(([name, { store }]) => {
    if (stores.includes(store)) return [];
    const accepted = stores.length === 0 ? `none for project ${config.projectId}` : stores.join(", ");
    return [
      {
        propertyPath: formatPath(["config", "externalSecrets", name, "store"]),
        reason: `"${store}" is not allowed; accepted: ${accepted}. Have the platform's owner add it to externalSecrets.${config.projectId} of berth:platform.`,
      },
    ];
  });
}
