import type { CheckFailure, Properties } from "../../provider";
import { hex, type Stored } from "../account";
import {
  arn,
  asText,
  inners,
  text,
  type Behaviour,
  type Behaviours,
  type Call,
  type Reference,
  type Values,
} from "../behaviour";
import { AwsError, fail } from "../errors";
import { checkRange, exactlyOne, given, knownNumber, knownText, knownTexts } from "./fields";

const GROUP = "aws:ec2/securityGroup:SecurityGroup";
const DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup";
const RULE = "aws:ec2/securityGroupRule:SecurityGroupRule";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const VPC = "aws:ec2/vpc:Vpc";

/** Most rules of a group in one direction, by default ("Amazon VPC quotas", Amazon VPC User Guide). */
const mostRules = 60;

/** What names and descriptions are made of (EC2 API reference, CreateSecurityGroup and IpRange). */
const acceptedText = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]*$/;

const ofGroup: Reference = { property: "securityGroupId", to: GROUP, deletion: "goes" };

const checkText = (inputs: Properties, property: string): CheckFailure[] => {
  const value = knownText(inputs, property);
  if (value === undefined || (value.length <= 255 && acceptedText.test(value))) return [];
  return [
    { property, reason: `"${value}" is not accepted: at most 255 of a-z, A-Z, 0-9, spaces and ._-:/()#,@[]+=&;{}!$*` },
  ];
};

const group: Behaviour = {
  title: "EC2 Security Group",
  autoname: { property: "name", maximum: 255 },
  sets: ["ingress", "egress"],
  references: [{ property: "vpcId", to: VPC }],
  notFound: (id) => new AwsError("InvalidGroup.NotFound", `The security group '${id}' does not exist`),
  inUse: ({ id }, users) =>
    new AwsError(
      "DependencyViolation",
      `resource ${id} has a dependent object: ${users.map((user) => user.id).join(", ")}`,
    ),
  check: (inputs) => [
    ...checkText(inputs, "description"),
    ...checkText(inputs, "name"),
    ...(knownText(inputs, "name")?.startsWith("sg-") ? [{ property: "name", reason: "must not begin with sg-" }] : []),
  ],
  verify: (call, before) => {
    const name = text(call.inputs, "name");
    const vpcId = text(call.inputs, "vpcId");
    const same = call.account
      .all(GROUP, call.region)
      .find((one) => one.id !== before?.id && one.inputs["vpcId"] === vpcId && one.inputs["name"] === name);
    if (same) fail("InvalidGroup.Duplicate", `The security group '${name}' already exists for VPC '${vpcId}'`);
    for (const direction of ["ingress", "egress"]) inners(call.inputs, direction).forEach((one) => requireRanges(one));
  },
  id: () => `sg-${hex()}`,
  describe: (call, id) => ({
    arn: arn(call, "ec2", `security-group/${id}`),
    description: call.inputs["description"] ?? "Managed by Pulumi",
    egress: call.inputs["egress"] ?? [],
    ingress: call.inputs["ingress"] ?? [],
    namePrefix: call.inputs["namePrefix"] ?? "",
    name: call.inputs["name"] ?? "",
    ownerId: call.accountId,
    vpcId: call.inputs["vpcId"] ?? "",
  }),
};

const defaultGroup: Behaviour = {
  title: "EC2 Default Security Group",
  sets: ["ingress", "egress"],
  references: [{ property: "vpcId", to: VPC, deletion: "goes" }],
  notFound: (id) => new AwsError("InvalidGroup.NotFound", `The security group '${id}' does not exist`),
  // It is there since the VPC is; the program only sets its rules, and leaves it when it is deleted.
  id: (call) => {
    const owner = call.account.find(VPC, call.region, text(call.inputs, "vpcId"));
    return (
      text(owner?.outputs ?? {}, "defaultSecurityGroupId") || fail("InvalidGroup.NotFound", "there is no default VPC")
    );
  },
  describe: (call, id) => ({
    arn: arn(call, "ec2", `security-group/${id}`),
    description: "default VPC security group",
    egress: call.inputs["egress"] ?? [],
    ingress: call.inputs["ingress"] ?? [],
    name: "default",
    namePrefix: "",
    ownerId: call.accountId,
    vpcId: call.inputs["vpcId"] ?? "",
  }),
};

function requireRanges(rule: Values): void {
  for (const range of Array.isArray(rule["cidrBlocks"]) ? rule["cidrBlocks"] : [])
    if (typeof range !== "string" || checkRange(range, "").length > 0)
      fail("InvalidParameterValue", `CIDR block ${asText(range)} is malformed`);
}

/** Protocols by name; a number says any other (EC2 API reference, IpPermission). */
function checkProtocol(value: string | undefined, property: string): CheckFailure[] {
  if (value === undefined || /^(-1|tcp|udp|icmp|icmpv6|all|\d{1,3})$/i.test(value)) return [];
  return [
    { property, reason: `"${value}" is no protocol; accepted are tcp, udp, icmp, icmpv6, -1 for all, or a number` },
  ];
}

function checkPorts(inputs: Properties, protocol: string | undefined): CheckFailure[] {
  const hasPorts = ["tcp", "udp", "6", "17"].includes(protocol?.toLowerCase() ?? "");
  if (!hasPorts) return [];
  const missing = ["fromPort", "toPort"].filter((name) => given(inputs, [name]).length === 0);
  const [from, to] = [knownNumber(inputs, "fromPort"), knownNumber(inputs, "toPort")];
  const beyond = (["fromPort", "toPort"] as const).filter((name) => {
    const port = knownNumber(inputs, name);
    return port !== undefined && (port < 0 || port > 65_535);
  });
  return [
    ...missing.map((property) => ({ property, reason: `is required for ipProtocol ${protocol ?? ""}` })),
    ...beyond.map((property) => ({ property, reason: "is no port; accepted are 0 to 65535" })),
    ...(from !== undefined && to !== undefined && from > to
      ? [{ property: "toPort", reason: "is less than fromPort" }]
      : []),
  ];
}

/** Whom a rule is about. */
const peers = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];

function vpcRule(type: string, direction: "Ingress" | "Egress"): Behaviour {
  return {
    title: `VPC Security Group ${direction} Rule`,
    references: [
      { ...ofGroup, except: isDefaultGroup },
      { property: "referencedSecurityGroupId", to: GROUP, except: (value) => value.includes("/") },
    ],
    notFound: (id) =>
      new AwsError("InvalidSecurityGroupRuleId.NotFound", `The security group rule ID '${id}' does not exist`),
    check: (inputs) => [
      ...exactlyOne(inputs, peers),
      ...checkRange(knownText(inputs, "cidrIpv4"), "cidrIpv4"),
      ...checkProtocol(knownText(inputs, "ipProtocol"), "ipProtocol"),
      ...checkPorts(inputs, knownText(inputs, "ipProtocol")),
      ...checkText(inputs, "description"),
    ],
    verify: (call, before) => {
      const { securityGroupId } = call.inputs;
      const others = call.account
        .all(type, call.region)
        .filter((one) => one.id !== before?.id && one.inputs["securityGroupId"] === securityGroupId);
      const same = others.find((one) => permission(one.inputs) === permission(call.inputs));
      if (same)
        fail(
          "InvalidPermission.Duplicate",
          `the specified rule "${permission(call.inputs)}" already exists: ${same.id}`,
        );
      if (others.length >= mostRules)
        fail(
          "RulesPerSecurityGroupLimitExceeded",
          `The maximum number of rules per security group has been reached: ${mostRules}.`,
        );
      const peer = call.account.find(GROUP, call.region, text(call.inputs, "referencedSecurityGroupId"));
      const own = call.account.find(GROUP, call.region, text(call.inputs, "securityGroupId"));
      if (peer && own && peer.inputs["vpcId"] !== own.inputs["vpcId"])
        fail(
          "InvalidGroup.NotFound",
          `You have specified two resources that belong to different networks: ${own.id}, ${peer.id}`,
        );
    },
    id: () => `sgr-${hex()}`,
    describe: (call, id) => ({ arn: arn(call, "ec2", `security-group-rule/${id}`), securityGroupRuleId: id }),
  };
}

function permission(inputs: Values): string {
  const peer = peers.map((name) => text(inputs, name)).find((value) => value !== "") ?? "";
  return `peer: ${peer}, ${text(inputs, "ipProtocol").toUpperCase()}, from port: ${asText(inputs["fromPort"] ?? -1)}, to port: ${asText(inputs["toPort"] ?? -1)}, ALLOW`;
}

/** A VPC's default group may have rules of its own. */
function isDefaultGroup(value: string, call: Call): boolean {
  return call.account.find(DEFAULT_GROUP, call.region, value) !== undefined;
}

const rule: Behaviour = {
  title: "Security Group Rule",
  references: [
    { ...ofGroup, except: isDefaultGroup },
    { property: "sourceSecurityGroupId", to: GROUP },
  ],
  notFound: (id) => new AwsError("InvalidSecurityGroupRuleId.NotFound", `no rule ${id}`),
  check: (inputs) => [
    ...checkProtocol(knownText(inputs, "protocol"), "protocol"),
    ...knownTexts(inputs, "cidrBlocks").flatMap(({ value, path }) => checkRange(value, path)),
    ...(["ingress", "egress", undefined].includes(knownText(inputs, "type"))
      ? []
      : [{ property: "type", reason: "is not accepted; accepted are ingress and egress" }]),
    ...(given(inputs, ["cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "self", "sourceSecurityGroupId"]).length === 0
      ? [
          {
            property: "",
            reason: "one of cidrBlocks, ipv6CidrBlocks, prefixListIds, self or sourceSecurityGroupId must be given",
          },
        ]
      : []),
    ...checkText(inputs, "description"),
  ],
  id: () => `sgrule-${parseInt(hex(8), 16)}`,
  describe: (call, _id, before) => ({
    securityGroupRuleId: before?.outputs["securityGroupRuleId"] ?? `sgr-${hex()}`,
    self: call.inputs["self"] ?? false,
    sourceSecurityGroupId: call.inputs["sourceSecurityGroupId"] ?? "",
  }),
};

/** A security group that AWS makes by itself, such as that of a cluster. */
export function implicitGroup(call: Call, name: string, vpcId: string, tags: Record<string, string>): Stored {
  const id = `sg-${hex()}`;
  const inputs = { name, vpcId, tags };
  const resource: Stored = {
    type: GROUP,
    id,
    region: call.region,
    implicit: true,
    inputs,
    outputs: { ...inputs, arn: arn(call, "ec2", `security-group/${id}`) },
  };
  call.account.put(resource);
  return resource;
}

/** Security groups of EC2. */
export const securityGroups: Behaviours = {
  [GROUP]: group,
  [DEFAULT_GROUP]: defaultGroup,
  [RULE]: rule,
  [INGRESS]: vpcRule(INGRESS, "Ingress"),
  [EGRESS]: vpcRule(EGRESS, "Egress"),
};
