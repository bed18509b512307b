import { asClosedAs } from "../../config/access";
import { enabledEngines, isOperated } from "../../config/databases";
import { isImageByDigest, repositoryOf } from "../../config/image";
import { formatPath } from "../../config/problems";
import { parseBytes, parseCpu } from "../../config/quantity";
import { planQuota } from "../../config/quota";
import { fromOf } from "../../config/seed";
import type { TrustLimits } from "../../config/trust";
import { isFrom } from "../../config/trust";
import { workloadsOf } from "../../config/workloads";
import type { InvalidProperty } from "../problems";
import type { PrEnvironmentArgs } from "./args";
import { planContext } from "./context";
import type { PlanContext } from "./context";

/**
 * What a config asks for that an environment of its tier may not have. Refused rather than left out: an app that starts without what it
 * was written for fails later, where nobody sees why.
 */
export function validateTrust(args: Pick<PrEnvironmentArgs, "config" | "pr" | "platform">): InvalidProperty[] {
  const context = planContext(args);
  const { limits } = context;
  return [
    ...(limits.secrets ? [] : refusedSecrets(context)),
    ...(limits.egress ? [] : refusedEgress(context)),
    ...(limits.privileges ? [] : refusedPrivileges(context)),
    ...(limits.images === null ? [] : refusedImages(context, limits.images)),
    ...(limits.quota === null ? [] : refusedQuota(context, limits.quota)),
  ];
}

/** How to have more than a tier gives. */
function fix({ trust, platform }: PlanContext, remove: string): string {
  const higher = trust === "fork" ? "" : `, have the platform's owner allow it in trust.${trust} of berth:platform`;
  const isDefault = platform.trust.default === trust ? ", which is the platform's default" : "";
  return `${remove}${higher}, or, once the code is reviewed, deploy with a higher tier than --trust ${trust}${isDefault}.`;
}

function refusedSecrets(context: PlanContext): InvalidProperty[] {
  const { config, trust } = context;
  const places: (readonly (string | number)[])[] = [
    ...workloadsOf(config).flatMap(({ path, envFrom }) => envFrom.map((_, index) => [...path, "envFrom", index])),
    ...(Object.keys(config.sealedSecrets).length > 0 ? [["sealedSecrets"]] : []),
    ...(Object.keys(config.externalSecrets).length > 0 ? [["externalSecrets"]] : []),
    ...(config.oauth.callback ? [["oauth", "callback"]] : []),
  ];
  return [
    ...places.map((place) => ({
      propertyPath: formatPath(["config", ...place]),
      reason: `not for an environment of tier ${trust}, which gets no secrets; accepted: none. ${fix(context, "Remove it")}`,
    })),
    ...enabledEngines(config.databases).flatMap((engine) => {
      const name = fromOf(config.databases, engine)?.volumeSnapshot;
      if (name === undefined) return [];
      return [
        {
          propertyPath: `config.databases.${engine}.from.volumeSnapshot`,
          reason: `"${name}" is not for an environment of tier ${trust}, which gets no data that others own; accepted: ${engine === "redis" ? "an empty database" : "an empty database or from.image"}. ${fix(context, "Remove it")}`,
        },
      ];
    }),
  ];
}

function refusedEgress(context: PlanContext): InvalidProperty[] {
  const { config, trust, platform } = context;
  // Of a tier without privileges an operator is refused anyway.
  const asks = isOperated(config.databases) && platform.trust.limits[trust].privileges;
  return [
    ...config.egress.allow.map(({ cidr, host }, index) => ({
      propertyPath: `config.egress.allow[${index}]`,
      reason: `"${cidr ?? host ?? ""}" is not for an environment of tier ${trust}, which reaches nothing outside; accepted: none. ${fix(context, "Remove it")}`,
    })),
    ...(asks
      ? [
          {
            propertyPath: "config.databases.postgresql.operator",
            reason: `not for an environment of tier ${trust}, which reaches nothing outside: the operator's pods ask the API server; accepted: a PostgreSQL without operator. ${fix(context, "Remove it")}`,
          },
        ]
      : []),
  ];
}

function refusedPrivileges(context: PlanContext): InvalidProperty[] {
  const { config, trust, platform } = context;
  const { mode } = config.access;
  const closed = asClosedAs(platform.access.default);
  const refused = (propertyPath: string, why: string, accepted: string) => ({
    propertyPath,
    reason: `not for an environment of tier ${trust}: ${why}; accepted: ${accepted}. ${fix(context, "Remove it")}`,
  });
  return [
    ...(isOperated(config.databases)
      ? [
          refused(
            "config.databases.postgresql.operator",
            "its pods may ask the API server",
            "a PostgreSQL without operator",
          ),
        ]
      : []),
    ...Object.keys(config.ingress.annotations).map((key) =>
      refused(
        formatPath(["config", "ingress", "annotations", key]),
        "it tells the cluster's ingress controller what to do",
        "none",
      ),
    ),
    ...(mode === undefined || closed.includes(mode)
      ? []
      : [
          {
            propertyPath: "config.access.mode",
            reason: `"${mode}" is not for an environment of tier ${trust}: it is more open than the platform's default; accepted: ${closed.join(", ")}. ${fix(context, `Leave mode out for ${platform.access.default}`)}`,
          },
        ]),
  ];
}

/** The images that the pull request names or is built into, and where each is named. Those of databases are the platform's. */
function imagesOf({ config, pr }: PlanContext): { propertyPath: string; image: string }[] {
  const given = pr.serviceImages ?? {};
  return [
    { propertyPath: "pr.image", image: pr.image },
    ...Object.entries(given).map(([name, image]) => ({ propertyPath: `pr.serviceImages.${name}`, image })),
    ...config.services.flatMap(({ name, image }, index) =>
      image === undefined || given[name] !== undefined || !isImageByDigest(image)
        ? []
        : [{ propertyPath: `config.services[${index}].image`, image }],
    ),
    ...config.jobs.flatMap(({ image }, index) =>
      image === undefined ? [] : [{ propertyPath: `config.jobs[${index}].image`, image }],
    ),
    // Whatever the nodes may pull would be read by its code.
    ...enabledEngines(config.databases).flatMap((engine) => {
      const image = fromOf(config.databases, engine)?.image;
      return image === undefined ? [] : [{ propertyPath: `config.databases.${engine}.from.image`, image }];
    }),
  ];
}

function refusedImages(context: PlanContext, prefixes: readonly string[]): InvalidProperty[] {
  const { trust } = context;
  const accepted =
    prefixes.length === 0
      ? "none, as this platform says of no registry that a build without rights pushes there"
      : `images by digest from ${prefixes.join(", ")}`;
  const remedy =
    prefixes.length === 0
      ? `Have the platform's owner set trust.${trust}.images of berth:platform.`
      : "Deploy what the build without rights has made of this commit.";
  return imagesOf(context)
    .filter(({ image }) => !isFrom(repositoryOf(image) ?? "", prefixes))
    .map(({ propertyPath, image }) => ({
      propertyPath,
      reason: `"${image}" is not for an environment of tier ${trust}; accepted: ${accepted}. ${remedy}`,
    }));
}

/** What each bound counts, and what of the config makes it less. */
const COUNTED = {
  cpu: { resource: "limits.cpu", parse: parseCpu, less: "resources, replicas, services or databases" },
  memory: { resource: "limits.memory", parse: parseBytes, less: "resources, replicas, services or databases" },
  storage: { resource: "requests.storage", parse: parseBytes, less: "databases or storage of them" },
} as const;

function refusedQuota(context: PlanContext, quota: NonNullable<TrustLimits["quota"]>): InvalidProperty[] {
  const { config, platform, trust, isGuarded } = context;
  const needed = planQuota(config, isGuarded, platform.egressHosts);
  return (Object.keys(COUNTED) as (keyof typeof COUNTED)[]).flatMap((field) => {
    const { resource, parse, less } = COUNTED[field];
    const need = needed[resource] ?? "0";
    if (parse(need) <= parse(quota[field])) return [];
    return [
      {
        propertyPath: field === "storage" ? "config.databases" : "config.resources",
        reason: `needs ${resource} of ${need} with all that the config has; accepted for an environment of tier ${trust}: at most ${quota[field]}. Ask for less (${less}), or have the platform's owner raise trust.${trust}.quota.${field} of berth:platform.`,
      },
    ];
  });
}
