import { PRIVATE_RANGES, contains } from "../cidr";
import { ENGINES, sortVersions } from "../databases";
import { OPEN_PLUGINS } from "../egress";
import { tagOf } from "../image";
import { PLATFORM_NAMESPACE } from "../names";
import { repeats } from "../problems";
import type { Finding } from "../problems";
import { acceptedModes } from "./offers";
import type { PlatformConfig } from "./schema";

export function contradictions(config: PlatformConfig): Finding[] {
  const {
    gateway,
    access,
    oauth,
    images,
    defaultVersions,
    operators,
    privateEgress,
    networkPlugin,
    egressCanary,
    egressHosts,
  } = config;
  const findings: Finding[] = checkPreviewSecrets(config);
  for (const engine of ENGINES) {
    const offered = sortVersions(Object.keys(images[engine]));
    const chosen = defaultVersions[engine];
    if (chosen === undefined || offered.includes(chosen)) continue;
    findings.push({
      path: ["defaultVersions", engine],
      value: `"${chosen}", which has no image`,
      accepted: offered.length > 0 ? `one of ${offered.join(", ")}` : "nothing, as no version is offered",
      fix: `Add its image to images.${engine}, or name another version.`,
    });
  }
  for (const [version, image] of Object.entries(operators.cloudnativePg?.images ?? {})) {
    const tag = tagOf(image);
    if (tag !== undefined && tag.split(/[.-]/)[0] === version) continue;
    findings.push({
      path: ["operators", "cloudnativePg", "images", version],
      value: tag === undefined ? "an image without tag" : `an image with tag "${tag}"`,
      accepted: `an image by digest whose tag begins with ${version}, such as :${version}.1@sha256:…`,
      fix: "Name the tag: CloudNativePG knows the version by it and refuses an image without.",
    });
  }
  if (gateway.mode === "deployed" && gateway.scheme === "http" && gateway.tlsSecret !== undefined) {
    findings.push({
      path: ["gateway", "tlsSecret"],
      value: "given although scheme is http",
      accepted: "a secret only with scheme https",
      fix: "Set gateway.scheme to https, or remove gateway.tlsSecret.",
    });
  }
  const modes = acceptedModes(config);
  if (!modes.includes(access.default)) {
    findings.push({
      path: ["access", "default"],
      value: `"${access.default}", which is not accepted here`,
      accepted: `one of ${modes.join(", ")}`,
      fix:
        gateway.mode === "existing"
          ? "Name another: a gateway of mode existing keeps nobody out."
          : access.default === "oidc" && oauth?.oidc === undefined
            ? "Describe the provider in oauth.oidc, or name another."
            : "Add it to access.accepted, or name another.",
    });
  }
  const provider = oauth?.oidc;
  if (provider?.issuer.startsWith("http:") && gateway.scheme === "https" && !isInCluster(provider.issuer)) {
    findings.push({
      path: ["oauth", "oidc", "issuer"],
      value: `"${provider.issuer}", without TLS`,
      accepted: "an https URL where gateway.scheme is https, or a host in the cluster (NAME.NAMESPACE.svc)",
      fix: "Use the provider's https URL.",
    });
  }
  if (provider && Object.values(provider.allow).every((entries) => entries.length === 0)) {
    findings.push({
      path: ["oauth", "oidc", "allow"],
      value: "nobody",
      accepted: "at least one entry in emails, emailDomains or groups",
      fix: "Say who may enter, such as emailDomains: [example.com].",
    });
  }
  const { when = "auto", image } = egressCanary ?? {};
  const isOpen = OPEN_PLUGINS.includes(networkPlugin ?? "");
  if (image === undefined && (when === "always" || (isOpen && when === "auto"))) {
    findings.push({
      path: ["egressCanary", "image"],
      value: isOpen
        ? `missing, and ${networkPlugin ?? ""} lets a new pod out until its policies are in force`
        : "missing",
      accepted: "an image by digest",
      fix: "Give the image that local/images makes of its folder canary, or do without with egressCanary.when: never.",
    });
  }
  if (egressHosts !== "proxy" && config.egressProxy !== undefined) {
    findings.push({
      path: ["egressProxy"],
      value: `given, where egressHosts is "${egressHosts}"`,
      accepted: "nothing, as no environment has a proxy then",
      fix: "Remove it, or set egressHosts to proxy.",
    });
  }
  if (egressHosts === "cilium" && networkPlugin?.startsWith("vpc-cni-") === true) {
    findings.push({
      path: ["egressHosts"],
      value: `"cilium", where networkPlugin is "${networkPlugin}"`,
      accepted:
        "proxy, or cilium where Cilium enforces NetworkPolicies too: the VPC CNI would refuse what Cilium opens",
      fix: "Set networkPlugin to what Cilium is, fail-closed or fail-open, or egressHosts to proxy.",
    });
  }
  privateEgress.forEach((range, index) => {
    if (PRIVATE_RANGES.some((outer) => contains(outer, range))) return;
    findings.push({
      path: ["privateEgress", index],
      value: `"${range}", not a private range`,
      accepted: `ranges inside ${PRIVATE_RANGES.join(", ")}`,
      fix: "Remove it: public ranges need no permission of the platform.",
    });
  });
  return findings;
}

/** Namespaces of the cluster itself, of the platform, and of environments: none of them holds values made for previews. */
const NO_PREVIEW_SECRETS = [/^default$/, /^kube-/, new RegExp(`^${PLATFORM_NAMESPACE}$`), /-pr-[1-9]\d*$/];

function checkPreviewSecrets({ previewSecrets }: PlatformConfig): Finding[] {
  const owners = new Map<string, string>();
  return Object.entries(previewSecrets).flatMap(([project, { namespace, secrets, configMaps }]): Finding[] => {
    const path = ["previewSecrets", project];
    const findings = Object.entries({ secrets, configMaps }).flatMap(([field, names]) =>
      repeats(
        names.map((name) => `"${name}"`),
        [...path, field],
        "each name once",
      ),
    );
    const owner = owners.get(namespace);
    owners.set(namespace, owner ?? project);
    if (NO_PREVIEW_SECRETS.some((pattern) => pattern.test(namespace))) {
      findings.push({
        path: [...path, "namespace"],
        value: `"${namespace}", which is the cluster's, the platform's or an environment's`,
        accepted: "a namespace that holds values made for previews and nothing else",
        fix: `Make one of its own, such as ${project}-preview-secrets.`,
      });
    } else if (owner !== undefined) {
      findings.push({
        path: [...path, "namespace"],
        value: `"${namespace}", that of project ${owner}`,
        accepted: "a namespace of the project's own",
        fix: `Make another one, such as ${project}-preview-secrets.`,
      });
    }
    return findings;
  });
}

/** Whether a URL leads to a Service of the cluster, by the names that its DNS gives them. */
function isInCluster(text: string): boolean {
  return /\.svc(\.cluster\.local)?$/.test(new URL(text).hostname);
}
