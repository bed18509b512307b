import type { CheckFailure } from "../../provider";
import type { Stored } from "../account";
import { arn, inners, text, type Behaviour, type Behaviours, type Call, type Reference } from "../behaviour";
import { AwsError, fail } from "../errors";
import { knownText } from "./fields";
import { requireKey } from "./kms";
import { checkPolicy, policyKinds, readPolicy } from "./policies";

const REPOSITORY = "aws:ecr/repository:Repository";
const LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy";
const REPOSITORY_POLICY = "aws:ecr/repositoryPolicy:RepositoryPolicy";
const CACHE = "aws:ecr/pullThroughCacheRule:PullThroughCacheRule";
const TEMPLATE = "aws:ecr/repositoryCreationTemplate:RepositoryCreationTemplate";
const SCANNING = "aws:ecr/registryScanningConfiguration:RegistryScanningConfiguration";
const REGISTRY_POLICY = "aws:ecr/registryPolicy:RegistryPolicy";

/** Most rules of a lifecycle policy ("Amazon ECR service quotas"). */
const mostLifecycleRules = 50;

const ofRepository: Reference = { property: "repository", to: REPOSITORY, deletion: "goes" };
const registry = (call: Call) => ({ registryId: call.accountId });
const noRepository = (name: string) =>
  new AwsError("RepositoryNotFoundException", `The repository with name '${name}' does not exist in the registry`);

const repository: Behaviour = {
  title: "ECR Repository",
  autoname: { property: "name", maximum: 256, form: (name) => name.toLowerCase() },
  notFound: noRepository,
  verify: (call, before) => {
    const name = text(call.inputs, "name");
    if (!before && call.account.find(REPOSITORY, call.region, name))
      fail(
        "RepositoryAlreadyExistsException",
        `The repository with name '${name}' already exists in the registry with id '${call.accountId}'`,
      );
    for (const { kmsKey, encryptionType } of inners(call.inputs, "encryptionConfigurations")) {
      if (kmsKey !== undefined && kmsKey !== null && encryptionType === "AES256")
        fail("InvalidParameterException", "A KMS key cannot be specified for the encryption type AES256");
      requireKey(call, typeof kmsKey === "string" ? kmsKey : "", "", "KmsException");
    }
    const filters = inners(call.inputs, "imageTagMutabilityExclusionFilters");
    const withFilters = text(call.inputs, "imageTagMutability").endsWith("_WITH_EXCLUSION");
    if (withFilters !== filters.length > 0)
      fail(
        "InvalidParameterException",
        "imageTagMutabilityExclusionFilters go with IMMUTABLE_WITH_EXCLUSION and MUTABLE_WITH_EXCLUSION only",
      );
  },
  id: (call) => text(call.inputs, "name"),
  describe: (call, id) => ({
    arn: arn(call, "ecr", `repository/${id}`),
    encryptionConfigurations: call.inputs["encryptionConfigurations"] ?? [{ encryptionType: "AES256", kmsKey: "" }],
    forceDelete: call.inputs["forceDelete"] ?? false,
    imageTagMutability: call.inputs["imageTagMutability"] ?? "MUTABLE",
    ...registry(call),
    repositoryUrl: `${call.accountId}.dkr.ecr.${call.region}.amazonaws.com/${id}`,
  }),
  remove: (call, { id, contents = [] }) => {
    if (contents.length > 0 && call.inputs["forceDelete"] !== true)
      fail(
        "RepositoryNotEmptyException",
        `The repository with name '${id}' in registry with id '${call.accountId}' cannot be deleted because it still contains images (consider forceDelete)`,
      );
  },
};

const lifecycle: Behaviour = {
  title: "ECR Lifecycle Policy",
  references: [ofRepository],
  notFound: noRepository,
  check: (inputs) => {
    const policy = knownText(inputs, "policy");
    return policy === undefined ? [] : checkLifecycle(policy);
  },
  verify: (call, before) => requireOnly(call, LIFECYCLE, before),
  id: (call) => text(call.inputs, "repository"),
  describe: registry,
};

/** A rule of a lifecycle policy, as it is written. */
interface LifecycleRule {
  rulePriority?: unknown;
  selection?: {
    tagStatus?: unknown;
    tagPrefixList?: unknown;
    tagPatternList?: unknown;
    countType?: unknown;
    countUnit?: unknown;
    countNumber?: unknown;
  };
  action?: { type?: unknown };
}

/** "Lifecycle policy properties in Amazon ECR", Amazon ECR User Guide. */
function checkLifecycle(policy: string): CheckFailure[] {
  const rules = readPolicy(policy)?.["rules"];
  const wrong = (reason: string) => ({ property: "policy", reason: `is no lifecycle policy: ${reason}` });
  if (!Array.isArray(rules) || rules.length === 0) return [wrong("it has no rules")];
  const priorities = (rules as LifecycleRule[]).map(({ rulePriority }) => rulePriority);
  return [
    ...(rules.length > mostLifecycleRules ? [wrong(`it has ${rules.length} rules; at most 50 are accepted`)] : []),
    ...(new Set(priorities).size < priorities.length ? [wrong("rules have the same rulePriority")] : []),
    ...(rules as LifecycleRule[]).flatMap((rule, index) =>
      checkLifecycleRule(rule).map((one) => wrong(`rule ${index} ${one}`)),
    ),
    ...checkAnyRule(rules as LifecycleRule[]).map(wrong),
  ];
}

function checkLifecycleRule({ rulePriority, selection = {}, action }: LifecycleRule): string[] {
  const { tagStatus, tagPrefixList, tagPatternList, countType, countUnit, countNumber } = selection;
  const isPositive = (value: unknown) => typeof value === "number" && Number.isInteger(value) && value > 0;
  const lists = [tagPrefixList, tagPatternList].filter((one) => one !== undefined).length;
  const ages = ["sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"];
  return [
    ...(isPositive(rulePriority) ? [] : ["has no rulePriority"]),
    ...(["tagged", "untagged", "any"].includes(tagStatus as string)
      ? []
      : ["has no tagStatus: tagged, untagged or any"]),
    ...(tagStatus === "tagged" && lists === 0 ? ["needs tagPrefixList or tagPatternList for tagged images"] : []),
    ...(tagStatus !== "tagged" && lists > 0 ? ["has a list of tags without tagStatus tagged"] : []),
    ...([...ages, "imageCountMoreThan"].includes(countType as string) ? [] : ["has no countType"]),
    ...(ages.includes(countType as string) && countUnit !== "days" ? ["needs countUnit days"] : []),
    ...(countType === "imageCountMoreThan" && countUnit !== undefined ? ["must not have countUnit"] : []),
    ...(isPositive(countNumber) ? [] : ["has no countNumber above 0"]),
    ...(["expire", "transition"].includes(action?.type as string) ? [] : ["has no action"]),
  ];
}

/** "A rule with a tagStatus value of any must have the highest value for rulePriority", so that others are not in vain. */
function checkAnyRule(rules: readonly LifecycleRule[]): string[] {
  const any = rules
    .filter(({ selection }) => selection?.tagStatus === "any")
    .map(({ rulePriority }) => Number(rulePriority));
  const others = rules
    .filter(({ selection }) => selection?.tagStatus !== "any")
    .map(({ rulePriority }) => Number(rulePriority));
  return any.length > 0 && others.some((priority) => priority > Math.min(...any))
    ? ["a rule for any tagStatus must have the highest rulePriority"]
    : [];
}

/** Some settings are there once for each thing that they are of. */
function requireOnly(call: Call, type: string, before: Stored | undefined): void {
  const name = text(call.inputs, "repository");
  if (!before && call.account.find(type, call.region, name))
    fail(
      "InvalidParameterException",
      `The stand-in for AWS has such a policy for '${name}' already, which another resource would overwrite`,
    );
}

const repositoryPolicy: Behaviour = {
  title: "ECR Repository Policy",
  references: [ofRepository],
  notFound: noRepository,
  check: (inputs) => checkPolicy(inputs, "policy", policyKinds.repository),
  verify: (call, before) => requireOnly(call, REPOSITORY_POLICY, before),
  id: (call) => text(call.inputs, "repository"),
  describe: registry,
};

/** Upstream registries that need credentials ("Creating a pull through cache rule in Amazon ECR", Amazon ECR User Guide). */
const upstreams: Record<string, boolean> = {
  "cdn.azurecr.io": true,
  "ghcr.io": true,
  "public.ecr.aws": false,
  "quay.io": false,
  "registry-1.docker.io": true,
  "registry.gitlab.com": true,
  "registry.k8s.io": false,
};

const cache: Behaviour = {
  title: "ECR Pull Through Cache Rule",
  notFound: (prefix) =>
    new AwsError("PullThroughCacheRuleNotFoundException", `No pull through cache rule was found for ${prefix}`),
  verify: (call, before) => {
    const url = text(call.inputs, "upstreamRegistryUrl");
    const prefix = text(call.inputs, "ecrRepositoryPrefix");
    const needsCredentials = /^[a-z0-9]+\.azurecr\.io$/.test(url) ? true : upstreams[url];
    const isEcr = /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com$/.test(url);
    if (needsCredentials === undefined && !isEcr)
      fail("UnsupportedUpstreamRegistryException", `The specified upstream registry is not supported: ${url}`);
    if (needsCredentials && text(call.inputs, "credentialArn") === "")
      fail("InvalidParameterException", `Credentials are required for the upstream registry ${url}`);
    if (needsCredentials === false && text(call.inputs, "credentialArn") !== "")
      fail("InvalidParameterException", `Credentials are not supported for the upstream registry ${url}`);
    if (!before && call.account.find(CACHE, call.region, prefix))
      fail(
        "PullThroughCacheRuleAlreadyExistsException",
        `A pull through cache rule with the prefix '${prefix}' already exists`,
      );
  },
  id: (call) => text(call.inputs, "ecrRepositoryPrefix"),
  describe: registry,
};

const template: Behaviour = {
  title: "ECR Repository Creation Template",
  sets: ["appliedFors"],
  references: [{ property: "customRoleArn", to: "aws:iam/role:Role", by: "arn", deletion: "stays" }],
  notFound: (prefix) =>
    new AwsError(
      "TemplateNotFoundException",
      `The repository creation template with prefix '${prefix}' does not exist`,
    ),
  check: (inputs) => {
    const policy = knownText(inputs, "lifecyclePolicy");
    const lifecycleFailures = policy === undefined ? [] : checkLifecycle(policy);
    return [
      ...checkPolicy(inputs, "repositoryPolicy", policyKinds.repository),
      ...lifecycleFailures.map(({ reason }) => ({ property: "lifecyclePolicy", reason })),
    ];
  },
  verify: (call, before) => {
    const prefix = text(call.inputs, "prefix");
    if (!before && call.account.find(TEMPLATE, call.region, prefix))
      fail("TemplateAlreadyExistsException", `The repository creation template with prefix '${prefix}' already exists`);
    const usesKey = inners(call.inputs, "encryptionConfigurations").some((one) =>
      text(one, "encryptionType").startsWith("KMS"),
    );
    // "Creating a repository creation template in Amazon ECR", Amazon ECR User Guide.
    const hasTags = Object.keys((call.inputs["resourceTags"] ?? {}) as object).length > 0;
    if ((usesKey || hasTags) && text(call.inputs, "customRoleArn") === "")
      fail("ValidationException", "A custom role is required for resource tags or KMS encryption");
  },
  id: (call) => text(call.inputs, "prefix"),
  describe: (call) => ({ ...registry(call), imageTagMutability: call.inputs["imageTagMutability"] ?? "MUTABLE" }),
};

const scanning: Behaviour = {
  title: "ECR Registry Scanning Configuration",
  sets: ["rules"],
  notFound: (id) => new AwsError("ValidationException", `no scanning configuration of ${id}`),
  verify: (call, before) => {
    if (!before && call.account.find(SCANNING, call.region, call.accountId))
      fail(
        "ValidationException",
        "The stand-in for AWS has a scanning configuration already, which another resource would overwrite",
      );
    const frequencies = inners(call.inputs, "rules").map((rule) => text(rule, "scanFrequency"));
    if (call.inputs["scanType"] === "BASIC" && frequencies.includes("CONTINUOUS_SCAN"))
      fail("ValidationException", "CONTINUOUS_SCAN goes with the scan type ENHANCED only");
  },
  id: (call) => call.accountId,
  describe: registry,
};

const registryPolicy: Behaviour = {
  title: "ECR Registry Policy",
  notFound: () => new AwsError("RegistryPolicyNotFoundException", "Registry policy does not exist in the registry"),
  check: (inputs) => checkPolicy(inputs, "policy", policyKinds.registry),
  id: (call) => call.accountId,
  describe: registry,
};

/** Repositories of ECR. Tests note images in `contents`. */
export const ecr: Behaviours = {
  [REPOSITORY]: repository,
  [LIFECYCLE]: lifecycle,
  [REPOSITORY_POLICY]: repositoryPolicy,
  [CACHE]: cache,
  [TEMPLATE]: template,
  [SCANNING]: scanning,
  [REGISTRY_POLICY]: registryPolicy,
};
