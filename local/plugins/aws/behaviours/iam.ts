import { capitals, type Stored } from "../account";
import { arn, text, texts, type Behaviour, type Behaviours, type Call, type Reference } from "../behaviour";
import { AwsError, fail } from "../errors";
import { atMostOne, checkArn, given, knownText, knownTexts } from "./fields";
import { checkPolicy, policyKinds } from "./policies";

const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
const POLICY = "aws:iam/policy:Policy";
const PROFILE = "aws:iam/instanceProfile:InstanceProfile";
const OIDC = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";

/** Default quotas ("IAM and AWS STS quotas", IAM User Guide). */
const quotas = { attachedPolicies: 10, inlineCharacters: 10_240 };

/**
 * AWS's own policies that clusters, nodes and their tools need, by the part of the ARN behind `policy/` ("AWS managed policies for
 * Amazon EKS", "Amazon EKS node IAM role", "AWS managed policies for Amazon ECR"; AWS Managed Policy Reference). Any other name is
 * refused, so that a misspelt one is found.
 */
export const managedPolicies = [
  "AmazonEC2ContainerRegistryPowerUser",
  "AmazonEC2ContainerRegistryPullOnly",
  "AmazonEC2ContainerRegistryReadOnly",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSFargatePodExecutionRolePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSServicePolicy",
  "AmazonEKSVPCResourceController",
  "AmazonEKSWorkerNodeMinimalPolicy",
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonSSMManagedInstanceCore",
  "CloudWatchAgentServerPolicy",
  "ReadOnlyAccess",
  "service-role/AmazonEBSCSIDriverPolicy",
  "service-role/AmazonEBSCSIDriverPolicyV2",
  "service-role/AmazonEFSCSIDriverPolicy",
];

const ofRole: Reference = { property: "role", to: ROLE };
const noEntity = (what: string) => (name: string) =>
  new AwsError("NoSuchEntity", `The ${what} with name ${name} cannot be found.`);

function requireNew(call: Call, type: string, what: string, before: Stored | undefined): void {
  const name = text(call.inputs, "name");
  const same = call.account.all(type).some((one) => one.id !== before?.id && one.inputs["name"] === name);
  if (same) fail("EntityAlreadyExists", `${what} with name ${name} already exists.`);
}

function isManaged(policyArn: string): boolean {
  return /^arn:aws[a-z-]*:iam::aws:policy\//.test(policyArn);
}

function requireManaged(policyArn: string): void {
  const name = policyArn.replace(/^arn:aws[a-z-]*:iam::aws:policy\//, "");
  if (isManaged(policyArn) && !managedPolicies.includes(name))
    fail(
      "NoSuchEntity",
      `Policy ${policyArn} does not exist or is not attachable (the stand-in knows ${managedPolicies.join(", ")})`,
    );
}

/** Role names end at the last slash of an ARN. */
function roleArn(call: Call, inputs: Call["inputs"], kind: string): string {
  return arn(call, "iam", `${kind}${text(inputs, "path") || "/"}${text(inputs, "name")}`, "");
}

const role: Behaviour = {
  title: "IAM Role",
  global: true,
  autoname: { property: "name", maximum: 64 },
  sets: ["managedPolicyArns"],
  notFound: noEntity("role"),
  inUse: (_resource, users) =>
    users.some(({ type }) => type === PROFILE)
      ? new AwsError("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
      : users.some(({ type }) => type === ATTACHMENT)
        ? new AwsError("DeleteConflict", "Cannot delete entity, must detach all policies first.")
        : new AwsError("DeleteConflict", "Cannot delete entity, must delete policies first."),
  check: (inputs) => [
    ...atMostOne(inputs, ["name", "namePrefix"]),
    ...checkPolicy(inputs, "assumeRolePolicy", policyKinds.trust),
    ...checkArn(knownText(inputs, "permissionsBoundary"), "permissionsBoundary"),
    ...given(inputs, ["inlinePolicies"]).map((property) => ({
      property,
      reason: "is not covered by the stand-in for AWS; use aws.iam.RolePolicy",
    })),
  ],
  verify: (call, before) => {
    requireNew(call, ROLE, "Role", before);
    texts(call.inputs, "managedPolicyArns").forEach(requireManaged);
    requirePrincipals(call);
  },
  id: (call) => text(call.inputs, "name"),
  describe: (call, _id, before) => ({
    arn: roleArn(call, call.inputs, "role"),
    createDate: before?.outputs["createDate"] ?? call.now,
    inlinePolicies: [],
    managedPolicyArns: call.inputs["managedPolicyArns"] ?? [],
    maxSessionDuration: call.inputs["maxSessionDuration"] ?? 3600,
    namePrefix: call.inputs["namePrefix"] ?? "",
    path: call.inputs["path"] ?? "/",
    uniqueId: before?.outputs["uniqueId"] ?? `AROA${capitals(17)}`,
    forceDetachPolicies: call.inputs["forceDetachPolicies"] ?? false,
  }),
};

/** IAM takes no trust policy that names a role of the account which is not there. */
function requirePrincipals(call: Call): void {
  const policy = text(call.inputs, "assumeRolePolicy");
  for (const [named] of policy.matchAll(/arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+/g)) {
    const isPrincipal = new RegExp(`"AWS"\\s*:\\s*(\\[[^\\]]*)?"${named.replaceAll("+", "\\+")}"`).test(policy);
    const isOwn = named.includes(`::${call.accountId}:`);
    if (isPrincipal && isOwn && !call.account.all(ROLE).some((one) => one.outputs["arn"] === named))
      fail("MalformedPolicyDocument", `Invalid principal in policy: "AWS":"${named}"`);
  }
}

const rolePolicy: Behaviour = {
  title: "IAM Role Policy",
  global: true,
  autoname: { property: "name", maximum: 128 },
  references: [ofRole],
  notFound: noEntity("role policy"),
  check: (inputs) => checkPolicy(inputs, "policy", policyKinds.inline),
  verify: (call, before) => {
    const others = call.account
      .all(ROLE_POLICY)
      .filter((one) => one.inputs["role"] === call.inputs["role"] && one.id !== before?.id);
    const size = [...others.map(({ inputs }) => inputs), call.inputs]
      .map((inputs) => text(inputs, "policy").replace(/\s/g, "").length)
      .reduce((sum, one) => sum + one, 0);
    if (size > quotas.inlineCharacters)
      fail(
        "LimitExceeded",
        `Maximum policy size of ${quotas.inlineCharacters} bytes exceeded for role ${text(call.inputs, "role")}`,
      );
  },
  id: (call) => `${text(call.inputs, "role")}:${text(call.inputs, "name")}`,
  describe: (call) => ({ namePrefix: call.inputs["namePrefix"] ?? "" }),
};

const attachment: Behaviour = {
  title: "IAM Role Policy Attachment",
  global: true,
  references: [ofRole, { property: "policyArn", to: POLICY, by: "arn", except: isManaged }],
  notFound: noEntity("attachment"),
  check: (inputs) => checkArn(knownText(inputs, "policyArn"), "policyArn"),
  verify: (call, before) => {
    requireManaged(text(call.inputs, "policyArn"));
    const others = call.account
      .all(ATTACHMENT)
      .filter((one) => one.inputs["role"] === call.inputs["role"] && one.id !== before?.id);
    if (others.length >= quotas.attachedPolicies)
      fail("LimitExceeded", `Cannot exceed quota for PoliciesPerRole: ${quotas.attachedPolicies}`);
  },
  id: (call) => `${text(call.inputs, "role")}/${text(call.inputs, "policyArn")}`,
  describe: () => ({}),
};

const policy: Behaviour = {
  title: "IAM Policy",
  global: true,
  autoname: { property: "name", maximum: 128 },
  notFound: (value) => new AwsError("NoSuchEntity", `Policy ${value} does not exist or is not attachable.`),
  inUse: () => new AwsError("DeleteConflict", "Cannot delete a policy attached to entities."),
  check: (inputs) => checkPolicy(inputs, "policy", policyKinds.managed),
  verify: (call, before) => requireNew(call, POLICY, "A policy", before),
  id: (call) => roleArn(call, call.inputs, "policy"),
  describe: (call, id, before) => ({
    arn: id,
    attachmentCount: 0,
    namePrefix: call.inputs["namePrefix"] ?? "",
    path: call.inputs["path"] ?? "/",
    policyId: before?.outputs["policyId"] ?? `ANPA${capitals(17)}`,
  }),
};

const profile: Behaviour = {
  title: "IAM Instance Profile",
  global: true,
  autoname: { property: "name", maximum: 128 },
  references: [ofRole],
  notFound: noEntity("instance profile"),
  verify: (call, before) => requireNew(call, PROFILE, "Instance Profile", before),
  id: (call) => text(call.inputs, "name"),
  describe: (call, _id, before) => ({
    arn: roleArn(call, call.inputs, "instance-profile"),
    createDate: before?.outputs["createDate"] ?? call.now,
    namePrefix: call.inputs["namePrefix"] ?? "",
    path: call.inputs["path"] ?? "/",
    uniqueId: before?.outputs["uniqueId"] ?? `AIPA${capitals(17)}`,
  }),
};

const withoutScheme = (url: string) => url.replace(/^https:\/\//, "");

const oidc: Behaviour = {
  title: "IAM OIDC Provider",
  global: true,
  sets: ["clientIdLists"],
  notFound: (value) => new AwsError("NoSuchEntity", `OpenIDConnect Provider not found for arn ${value}`),
  check: (inputs) => {
    const url = knownText(inputs, "url");
    return [
      ...(url === undefined || /^https:\/\/[^\s?#]+$/.test(url)
        ? []
        : [{ property: "url", reason: `"${url}" must begin with https:// and have no query` }]),
      ...knownTexts(inputs, "thumbprintLists")
        .filter(({ value }) => !/^[0-9a-fA-F]{40}$/.test(value))
        .map(({ path, value }) => ({ property: path, reason: `"${value}" must have 40 hexadecimal digits` })),
    ];
  },
  verify: (call, before) => {
    const url = withoutScheme(text(call.inputs, "url"));
    const same = call.account
      .all(OIDC)
      .find((one) => one.id !== before?.id && withoutScheme(text(one.inputs, "url")) === url);
    if (same) fail("EntityAlreadyExists", `Provider with url https://${url} already exists.`);
  },
  id: (call) => arn(call, "iam", `oidc-provider/${withoutScheme(text(call.inputs, "url"))}`, ""),
  describe: (call, id) => ({
    arn: id,
    thumbprintLists: call.inputs["thumbprintLists"] ?? ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280"],
    // The API gives the address back without its scheme.
    url: withoutScheme(text(call.inputs, "url")),
  }),
};

/** Roles and policies of IAM. */
export const iam: Behaviours = {
  [ROLE]: role,
  [ROLE_POLICY]: rolePolicy,
  [ATTACHMENT]: attachment,
  [POLICY]: policy,
  [PROFILE]: profile,
  [OIDC]: oidc,
};

/** Names of AWS's own policies that are attached to a role. */
export function attachedTo(call: Call, roleName: string): string[] {
  const attached = call.account.all(ATTACHMENT).filter((one) => one.inputs["role"] === roleName);
  const own = call.account.find(ROLE, "", roleName);
  const arns = [
    ...attached.map((one) => text(one.inputs, "policyArn")),
    ...texts(own?.inputs ?? {}, "managedPolicyArns"),
  ];
  return arns.filter(isManaged).map((one) => one.replace(/^.*:policy\//, ""));
}

/** The role of an ARN; undefined for one of another account. */
export function findRole(call: Call, value: string): Stored | undefined {
  return call.account.all(ROLE).find((one) => one.outputs["arn"] === value);
}
