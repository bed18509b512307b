import assert from "node:assert/strict";
import { REGIONS } from "../../config/aws-regions";
import type { ExistingNetwork, NetworkArgs } from "./args";
import { RETENTION_DAYS, validate } from "./validate";

const GOOD: NetworkArgs = {
  region: "eu-central-1",
  accountId: "111122223333",
  clusterName: "previews",
  zones: ["eu-central-1a", "eu-central-1b"],
  size: "small",
};

const EXISTING: ExistingNetwork = {
  vpcId: "vpc-0a1b2c3d4e5f67890",
  cidr: "10.20.0.0/16",
  privateSubnetIds: { "eu-central-1a": "subnet-0000000a", "eu-central-1b": "subnet-0000000b" },
};

const ZONES = "accepted: the zones of eu-central-1, eu-central-1a to eu-central-1f. Correct or remove it.";
const VPC_RANGE = "accepted: a private IPv4 range from /16 to /19, such as 10.0.0.0/16.";
const PRIVATE =
  "accepted: a range in 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, which environments are kept from. Take one of these.";

/** Arguments, and what is said about them: each property with its reason. */
type Case = [title: string, args: Partial<NetworkArgs>, problems: Record<string, string>];

const CASES: Case[] = [
  [
    "a region with a slip in its name",
    { region: "eu-centrl-1" },
    {
      region:
        '"eu-centrl-1" is not known; accepted: a region of AWS\'s commercial partition. Did you mean eu-central-1?',
    },
  ],
  [
    "a region that is like none",
    { region: "frankfurt" },
    {
      region: `"frankfurt" is not known; accepted: a region of AWS's commercial partition. Take one of ${REGIONS.join(", ")}.`,
    },
  ],
  [
    "an account that is none",
    { accountId: "1111-2222-3333" },
    {
      accountId:
        '"1111-2222-3333" is not an AWS account; accepted: 12 digits. Take what "aws sts get-caller-identity" shows.',
    },
  ],
  [
    "zones that are none of the region's",
    { zones: ["eu-central-1a", "eu-central-1b", "eu-west-1a", "eu-central-1z"] },
    {
      "zones[2]": `"eu-west-1a" is not known; ${ZONES}`,
      "zones[3]": `"eu-central-1z" is not known; ${ZONES}`,
    },
  ],
  [
    "zones of an unknown region, as far as can be said",
    { region: "moon-1", zones: ["moon-1a", "eu-central-1b", "eu-central-1c"] },
    {
      region: `"moon-1" is not known; accepted: a region of AWS's commercial partition. Take one of ${REGIONS.join(", ")}.`,
      "zones[0]":
        '"moon-1a" is not known; accepted: a region and a letter, such as eu-central-1a. Correct or remove it.',
    },
  ],
  [
    "fewer than two zones",
    { zones: ["eu-central-1a"] },
    { zones: "there is 1 zone; accepted: 2 or more, as EKS asks for subnets in 2 zones. Add zones." },
  ],
  [
    "no zones",
    { zones: [] },
    { zones: "there are 0 zones; accepted: 2 or more, as EKS asks for subnets in 2 zones. Add zones." },
  ],
  [
    "one zone twice, which is not two",
    { zones: ["eu-central-1a", "eu-central-1a"] },
    {
      "zones[1]": '"eu-central-1a" is listed twice; accepted: each zone once. Remove it.',
      zones: "there is 1 zone; accepted: 2 or more, as EKS asks for subnets in 2 zones. Add zones.",
    },
  ],
  [
    "one zone for the control plane",
    { controlPlaneZones: ["eu-central-1c"] },
    { controlPlaneZones: "there is 1 zone; accepted: 2 or more, as EKS asks for subnets in 2 zones. Add zones." },
  ],
  [
    "a range that is none",
    { cidr: "10.0.0.1/16" },
    { cidr: `"10.0.0.1/16" is not an IPv4 range; ${VPC_RANGE} Correct it.` },
  ],
  [
    "a range without room",
    { cidr: "10.0.0.0/24" },
    {
      cidr: `"10.0.0.0/24" is too small: a /24 has no room for each zone's pods; ${VPC_RANGE} Take a /19 or a larger one.`,
    },
  ],
  [
    "a range larger than AWS takes",
    { cidr: "10.0.0.0/8" },
    { cidr: `"10.0.0.0/8" is too large: AWS makes no VPC with a /8; ${VPC_RANGE} Take a /16 of it.` },
  ],
  [
    "a range that environments could reach",
    { cidr: "11.0.0.0/16" },
    { cidr: `"11.0.0.0/16" is not private; ${PRIVATE}` },
  ],
  [
    "a range that is in use elsewhere",
    { cidr: "10.0.0.0/18", avoidCidrs: ["10.0.0.0/16", "192.168.0.0/24", "10.0.32.0/20"] },
    {
      cidr: '"10.0.0.0/18" overlaps 10.0.0.0/16 of avoidCidrs; accepted: a range apart from all of them. Take another, such as 10.1.0.0/18.',
      "cidr 2":
        '"10.0.0.0/18" overlaps 10.0.32.0/20 of avoidCidrs; accepted: a range apart from all of them. Take another, such as 10.1.0.0/18.',
    },
  ],
  [
    "the default range where it is in use elsewhere",
    { avoidCidrs: ["10.0.0.0/8"] },
    {
      cidr: '"10.0.0.0/16" overlaps 10.0.0.0/8 of avoidCidrs; accepted: a range apart from all of them. Take another.',
    },
  ],
  [
    "a range to avoid that is none",
    { avoidCidrs: ["10.1.0.0/16", "office"] },
    { "avoidCidrs[1]": '"office" is not an IPv4 range; accepted: one such as 192.168.0.0/24. Correct it.' },
  ],
  [
    "endpoints that are not offered or there twice",
    { interfaceEndpoints: ["sts", "s3" as never, "sts"] },
    {
      "interfaceEndpoints[1]":
        '"s3" is not offered; accepted: autoscaling, ec2, ecr.api, ecr.dkr, eks, eks-auth, elasticloadbalancing, kms, logs, sts. Choose of these, or remove it.',
      "interfaceEndpoints[2]": '"sts" is listed twice; accepted: each service once. Remove it.',
    },
  ],
  [
    "a period that CloudWatch Logs does not have",
    { flowLogs: { retentionDays: 45 } },
    {
      "flowLogs.retentionDays": `45 is not a period that CloudWatch Logs has; accepted: ${RETENTION_DAYS.join(", ")}. Choose one of these.`,
    },
  ],
  [
    "settings of records that are not kept",
    { flowLogs: { traffic: "none", retentionDays: 30, kmsKeyArn: "arn" } },
    {
      "flowLogs.retentionDays":
        'it has no effect while flowLogs.traffic is "none"; accepted: left out. Remove it, or record traffic.',
      "flowLogs.kmsKeyArn":
        'it has no effect while flowLogs.traffic is "none"; accepted: left out. Remove it, or record traffic.',
    },
  ],
  [
    "settings of a new VPC together with an existing one",
    { existing: EXISTING, cidr: "10.0.0.0/16", natGateways: "one" },
    {
      cidr: "it is for a new VPC, and existing names one that is there; accepted: one of the two. Remove it, or existing.",
      natGateways:
        "it is for a new VPC, and existing names one that is there; accepted: one of the two. Remove it, or existing.",
    },
  ],
  [
    "an existing VPC that cannot be",
    {
      existing: {
        vpcId: "vpc-1",
        cidr: "52.0.0.0/16",
        privateSubnetIds: { "eu-central-1a": "subnet-0000000a", "eu-central-1c": "subnet-0000000c" },
        publicSubnetIds: { "eu-central-1a": "subnet-0000000a", "eu-central-1b": "sub-1" },
      },
    },
    {
      "existing.vpcId": '"vpc-1" is not the ID of a VPC; accepted: vpc- and 8 or 17 digits from 0 to f. Correct it.',
      "existing.cidr": `"52.0.0.0/16" is not private; ${PRIVATE}`,
      "existing.privateSubnetIds.eu-central-1b":
        "it is missing; accepted: the ID of a subnet in eu-central-1b, which zones lists. Add it.",
      "existing.privateSubnetIds.eu-central-1c":
        "it is not in zones; accepted: eu-central-1a, eu-central-1b. Remove it, or add the zone to zones.",
      "existing.publicSubnetIds.eu-central-1b":
        '"sub-1" is not the ID of a subnet; accepted: subnet- and 8 or 17 digits from 0 to f. Correct it.',
      "existing.publicSubnetIds.eu-central-1a":
        '"subnet-0000000a" is already privateSubnetIds.eu-central-1a; accepted: each subnet once, as it is in one zone and private or public. Correct one of them.',
    },
  ],
  [
    "an existing VPC whose range is none",
    { existing: { ...EXISTING, cidr: "10.20.0.0" } },
    {
      "existing.cidr":
        '"10.20.0.0" is not an IPv4 range; accepted: the primary range of the VPC, such as 10.0.0.0/16. Correct it.',
    },
  ],
  [
    "a control plane in a zone without a subnet",
    { existing: EXISTING, controlPlaneZones: ["eu-central-1a", "eu-central-1c"] },
    {
      "existing.controlPlaneSubnetIds.eu-central-1c":
        "it is missing, and eu-central-1c of controlPlaneZones has no private subnet to take instead; accepted: the ID of a subnet. Add it.",
    },
  ],
];

/** Problems by property; a second one about the same property is counted. */
function byProperty(args: NetworkArgs): Record<string, string> {
  const all: Record<string, string> = {};
  for (const { propertyPath, reason } of validate(args)) {
    all[propertyPath in all ? `${propertyPath} 2` : propertyPath] = reason;
  }
  return all;
}

describe("Arguments of a network", () => {
  it("are accepted when they can be", () => {
    assert.deepEqual(validate(GOOD), []);
    assert.deepEqual(validate({ ...GOOD, existing: EXISTING }), []);
    const full: NetworkArgs = {
      ...GOOD,
      zones: ["eu-central-1c", "eu-central-1a"],
      controlPlaneZones: ["eu-central-1a", "eu-central-1b"],
      size: "large",
      cidr: "100.64.0.0/19",
      avoidCidrs: ["10.0.0.0/8", "192.168.0.0/16"],
      natGateways: "one",
      interfaceEndpoints: ["ec2", "kms"],
      flowLogs: { traffic: "rejected", retentionDays: 3653 },
    };
    assert.deepEqual(validate(full), []);
  });

  for (const [title, args, problems] of CASES) {
    it(`name ${title}, and the fix`, () => assert.deepEqual(byProperty({ ...GOOD, ...args }), problems));
  }

  it("are all told at once", () => {
    const args: NetworkArgs = {
      region: "eu-central-1",
      accountId: "",
      clusterName: "previews",
      zones: ["eu-central-1q"],
      controlPlaneZones: ["eu-central-1a", "eu-central-1a"],
      size: "large",
      cidr: "8.0.0.0/28",
      avoidCidrs: ["x"],
      interfaceEndpoints: ["dynamodb" as never],
      flowLogs: { retentionDays: 2 },
    };
    assert.deepEqual(
      validate(args).map(({ propertyPath }) => propertyPath),
      [
        "accountId",
        "zones[0]",
        "zones",
        "controlPlaneZones[1]",
        "controlPlaneZones",
        "cidr",
        "cidr",
        "avoidCidrs[0]",
        "interfaceEndpoints[0]",
        "flowLogs.retentionDays",
      ],
    );
  });
});
