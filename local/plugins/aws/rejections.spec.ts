import assert from "node:assert/strict";

import { buildCluster, buildNetwork, buildRole, Maker } from "../../../test/support/aws/world";
import { out, trust, Workbench, type Made } from "../../../test/support/aws/workbench";
import { unknown, type PropertyValue } from "../provider";

type Inputs = Record<string, PropertyValue>;

/** What a node group needs, so that one thing at a time can be wrong. */
const group: Inputs = {
  clusterName: "previews",
  nodeRoleArn: "arn:aws:iam::111122223333:role/nodes",
  subnetIds: ["subnet-0"],
  scalingConfig: { minSize: 0, desiredSize: 1, maxSize: 3 },
};
const assumed = trust("ec2.amazonaws.com");

/** What is refused before AWS is asked, in previews too. */
const shapes: [what: string, type: string, inputs: Inputs, problems: string[]][] = [
  [
    "a property that the type has not",
    "Vpc",
    { cidrBlock: "10.0.0.0/16", cidrBlocks: ["10.0.0.0/16"] },
    ["cidrBlocks: is no property of this type; did you mean cidrBlock?"],
  ],
  [
    "such a property inside of another",
    "LaunchTemplate",
    { metadataOptions: { tokens: "required" } },
    ["metadataOptions.tokens: is no property of this type"],
  ],
  ["no value where one is required", "Subnet", { cidrBlock: "10.0.9.0/24" }, ["vpcId: is required"]],
  ["another type of value", "Vpc", { cidrBlock: 10 }, ["cidrBlock: must be a text, but is a number"]],
  [
    "another type inside of a list",
    "NodeGroup",
    { ...group, subnetIds: ["subnet-0", true] },
    ["subnetIds[1]: must be a text, but is a boolean"],
  ],
  [
    "a value that an enumeration has not",
    "Vpc",
    { cidrBlock: "10.0.0.0/16", instanceTenancy: "shared" },
    ['instanceTenancy: "shared" is not accepted; accepted are dedicated, default, host'],
  ],
  [
    "such a value inside of another",
    "LaunchTemplate",
    { metadataOptions: { httpTokens: "yes" } },
    ['metadataOptions.httpTokens: "yes" is not accepted; accepted are optional, required'],
  ],
  ["no range", "Vpc", { cidrBlock: "10.0.0.0/33" }, ['cidrBlock: "10.0.0.0/33" is no valid CIDR block']],
  [
    "a range with an address of a host",
    "Vpc",
    { cidrBlock: "10.0.0.1/16" },
    ['cidrBlock: "10.0.0.1/16" is no valid CIDR block; did you mean "10.0.0.0/16"?'],
  ],
  [
    "too large a range",
    "Vpc",
    { cidrBlock: "10.0.0.0/8" },
    ['cidrBlock: "10.0.0.0/8" must have a prefix between /16 and /28'],
  ],
  [
    "a name of a repository in capitals",
    "Repository",
    { name: "Acme" },
    [String.raw`name: "Acme" does not match [a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`],
  ],
  [
    "a name of a role with a space",
    "Role",
    { name: "a b", assumeRolePolicy: assumed },
    [String.raw`name: "a b" does not match [\w+=,.@-]+`],
  ],
  [
    "a name of a bucket with an underscore",
    "Bucket",
    { bucket: "my_bucket" },
    [
      'bucket: "my_bucket" is no name of a bucket: 3 to 63 of a-z, 0-9, . and -, beginning and ending in a letter or digit',
    ],
  ],
  [
    "too long a name of a node group",
    "NodeGroup",
    { ...group, nodeGroupName: "n".repeat(64) },
    [
      `nodeGroupName: "${"n".repeat(64)}" must have at most 63 letters, digits, - and _, beginning with a letter or digit`,
    ],
  ],
  [
    "a least number of nodes above the desired one",
    "NodeGroup",
    { ...group, scalingConfig: { minSize: 3, desiredSize: 1, maxSize: 3 } },
    ["scalingConfig: Minimum capacity 3 can't be greater than desired size 1"],
  ],
  [
    "a number beyond what is accepted",
    "Queue",
    { messageRetentionSeconds: 5 },
    ["messageRetentionSeconds: is 5; accepted are 60 to 1209600"],
  ],
  [
    "too many hops to the metadata service",
    "LaunchTemplate",
    { metadataOptions: { httpPutResponseHopLimit: 65 } },
    ["metadataOptions.httpPutResponseHopLimit: is 65; accepted are 1 to 64"],
  ],
  [
    "a number between those that are accepted",
    "LogGroup",
    { retentionInDays: 8 },
    [
      "retentionInDays: is 8; accepted are 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653",
    ],
  ],
  [
    "a policy that is no JSON",
    "Role",
    { assumeRolePolicy: "{" },
    ["assumeRolePolicy: is a malformed policy document: it is no JSON object"],
  ],
  [
    "a policy that says nothing",
    "aws:kms/key:Key",
    { policy: JSON.stringify({ Version: "2012-10-17", Statement: [] }) },
    ["policy: is a malformed policy document: it has no Statement"],
  ],
  [
    "a tag that is AWS's own",
    "Vpc",
    { cidrBlock: "10.0.0.0/16", tags: { "aws:name": "x" } },
    ['tags["aws:name"]: begins with aws:, which is kept for AWS'],
  ],
  [
    "ports in the wrong order",
    "SecurityGroupIngressRule",
    { securityGroupId: "sg-0", ipProtocol: "tcp", fromPort: 443, toPort: 80, cidrIpv4: "10.0.0.0/16" },
    ["toPort: is less than fromPort"],
  ],
  [
    "all that is wrong at once",
    "Subnet",
    { cidrBlock: 1, tag: {}, mapPublicIpOnLaunch: "yes" },
    [
      "tag: is no property of this type; did you mean tags?",
      "vpcId: is required",
      "cidrBlock: must be a text, but is a number",
      "mapPublicIpOnLaunch: must be true or false, but is a text",
    ],
  ],
  [
    "a type that is not covered",
    "aws:rds/instance:Instance",
    {},
    ["the stand-in for AWS does not cover the resource type aws:rds/instance:Instance (local/plugins/aws/README.md)"],
  ],
];

describe("what the stand-in for AWS refuses", () => {
  let bench: Workbench;
  beforeEach(async () => (bench = await Workbench.open()));
  afterEach(() => bench.close());

  describe("whatever there is in the account", () => {
    for (const [what, type, inputs, problems] of shapes) {
      it(what, async () => {
        assert.deepEqual((await bench.refusal(bench.make(type, "it", inputs))).split("\n"), problems);
        assert.deepEqual(await bench.outside((account) => account.everything()), []);
      });
    }

    it("but not what a preview does not know yet", () => {
      const type = "aws:ec2/subnet:Subnet";
      const news = { vpcId: unknown, cidrBlock: unknown, availabilityZone: unknown };
      const named = { urn: `urn:pulumi:case::project::${type}::it`, type, name: "it" };
      const { failures } = bench.provider.check({ ...named, news, randomSeed: Buffer.from("it") });
      assert.deepEqual(failures, []);
    });
  });

  describe("for what there is in the account", () => {
    let maker: Maker;
    let vpc: Made;
    let subnets: Made[];
    beforeEach(async () => {
      maker = new Maker(bench);
      ({ vpc, privateSubnets: subnets } = await buildNetwork(maker));
    });
    const refused = async (type: string, inputs: Inputs) => bench.refusal(bench.make(type, "it", inputs));

    it("a subnet outside of its VPC, over another one, in no VPC, or in another region's zone", async () => {
      const vpcId = vpc.id;
      assert.equal(
        await refused("Subnet", { vpcId, cidrBlock: "10.1.0.0/24" }),
        "creating EC2 Subnet (it): InvalidSubnet.Range: The CIDR '10.1.0.0/24' is invalid: it is not in 10.0.0.0/16.",
      );
      assert.equal(
        await refused("Subnet", { vpcId, cidrBlock: "10.0.0.0/25" }),
        `creating EC2 Subnet (it): InvalidSubnet.Conflict: The CIDR '10.0.0.0/25' conflicts with another subnet: ${subnets[0]?.id ?? ""}`,
      );
      assert.equal(
        await refused("Subnet", { vpcId: "vpc-0", cidrBlock: "10.0.9.0/24" }),
        "creating EC2 Subnet (it): InvalidVpcID.NotFound: The vpc ID 'vpc-0' does not exist",
      );
      assert.match(
        await refused("Subnet", { vpcId, cidrBlock: "10.0.9.0/24", availabilityZone: "eu-west-1a" }),
        /^creating EC2 Subnet \(it\): InvalidParameterValue: Value \(eu-west-1a\) for parameter availabilityZone is invalid\./,
      );
    });

    it("a control plane in one zone, or by a role that EKS may not take", async () => {
      const nodes = await buildRole(maker, "nodes", "ec2.amazonaws.com", []);
      const inputs = { name: "previews", version: "1.35", vpcConfig: { subnetIds: subnets.map(({ id }) => id) } };
      assert.equal(
        await refused("Cluster", { ...inputs, roleArn: out(nodes, "arn") }),
        `creating EKS Cluster (previews): InvalidParameterException: Role ${out(nodes, "arn")} could not be assumed because the trusted entity is not correct: eks.amazonaws.com may not sts:AssumeRole`,
      );
      assert.equal(
        await bench.refusal(buildCluster(maker, subnets.slice(0, 1))),
        "creating EKS Cluster (previews): InvalidParameterException: Subnets specified must be in at least two different AZs",
      );
    });

    it("a policy of AWS that there is not", async () => {
      const role = await buildRole(maker, "nodes", "ec2.amazonaws.com", []);
      const policyArn = "arn:aws:iam::aws:policy/NoSuchPolicy";
      assert.match(
        await refused("RolePolicyAttachment", { role: role.id, policyArn }),
        /^creating IAM Role Policy Attachment \(it\): NoSuchEntity: Policy arn:aws:iam::aws:policy\/NoSuchPolicy does not exist or is not attachable/,
      );
    });

    it("a second one where there is one by that name", async () => {
      await maker.make("Repository", "images", { name: "acme/shop" });
      assert.equal(
        await refused("Repository", { name: "acme/shop" }),
        "creating ECR Repository (acme/shop): RepositoryAlreadyExistsException: The repository with name 'acme/shop' already exists in the registry with id '111122223333'",
      );
    });

    it("to delete what others need, until they are gone", async () => {
      assert.match(
        await bench.refusal(bench.remove(vpc)),
        new RegExp(
          `^deleting EC2 VPC \\(${vpc.id}\\): DependencyViolation: The vpc '${vpc.id}' has dependencies and cannot be deleted: .*${subnets[0]?.id ?? ""}`,
        ),
      );
      for (const made of [...maker.all].reverse()) await bench.remove(made);
      assert.deepEqual(await bench.outside((account) => account.everything()), []);
    });

    it("to delete a control plane that is protected, or that has add-ons or nodes", async () => {
      const cluster = await buildCluster(maker, subnets, { deletionProtection: true });
      assert.equal(
        await bench.refusal(bench.remove(cluster)),
        "deleting EKS Cluster (previews): InvalidRequestException: Cluster previews cannot be deleted because deletion protection is enabled",
      );
      await bench.remove(await bench.change(cluster, { deletionProtection: false }));
    });

    it("to delete a repository with images, or a bucket with objects", async () => {
      const images = await maker.make("Repository", "images", { name: "acme/shop" });
      await bench.outside((account) => {
        const stored = account.find(images.type, "eu-central-1", images.id);
        assert.ok(stored);
        stored.contents = ["sha256:0"];
      });
      assert.match(await bench.refusal(bench.remove(images)), /RepositoryNotEmptyException: .*still contains images/);
      await bench.remove(await bench.change(images, { forceDelete: true }));
    });

    it("to change a control plane in a way that EKS cannot take back", async () => {
      const cluster = await buildCluster(maker, subnets);
      assert.match(
        await bench.refusal(bench.change(cluster, { version: "1.33" })),
        /InvalidParameterException: Unsupported Kubernetes minor version update from 1.35 to 1.33$/,
      );
      assert.match(
        await bench.refusal(bench.change(cluster, { accessConfig: { authenticationMode: "CONFIG_MAP" } })),
        /InvalidParameterException: Unsupported authentication mode update from API to CONFIG_MAP$/,
      );
    });

    it("to update what needs a new resource: it is replaced", async () => {
      const role = await buildRole(maker, "nodes", "ec2.amazonaws.com", []);
      const replaced = (made: Made, changes: Inputs) =>
        Object.entries(bench.difference(made, changes).changes)
          .filter(([, { replace }]) => replace)
          .map(([name]) => name);
      assert.deepEqual(replaced(vpc, { cidrBlock: "10.2.0.0/16" }), ["cidrBlock"]);
      assert.deepEqual(replaced(vpc, { enableDnsSupport: false }), []);
      assert.deepEqual(replaced(role, { name: "other" }), ["name"]);
      assert.deepEqual(replaced(role, { description: "other" }), []);
    });
  });
});
