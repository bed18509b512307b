import assert from "node:assert/strict";

import { Instance, LaunchTemplate, Subnet, Vpc, type SubnetArgs, type VpcArgs } from "@pulumi/aws/ec2";

import { openAws, provider, type AwsCase } from "./aws-support";

/** A VPC with a subnet, changed in what is given. */
function network(vpcArgs: Partial<VpcArgs> = {}, subnetArgs: Partial<SubnetArgs> = {}) {
  return () => {
    const vpc = new Vpc("vpc", { cidrBlock: "10.0.0.0/16", ...vpcArgs });
    const subnet = new Subnet("subnet", {
      vpcId: vpc.id,
      cidrBlock: "10.0.0.0/24",
      availabilityZone: "eu-central-1a",
      ...subnetArgs,
    });
    return { vpc: vpc.id, zone: subnet.availabilityZoneId, arn: subnet.arn };
  };
}

describe("the stand-in for AWS on the engine", () => {
  let aws: AwsCase;

  beforeEach(async () => {
    aws = await openAws();
  });
  afterEach(() => aws.close());

  const everything = () => aws.outside((account) => account.everything());
  const ofVpc = () => aws.outside((account) => account.all("aws:ec2/vpc:Vpc")[0]);

  it("makes, keeps and deletes resources, and says that it is a stand-in", async () => {
    const preview = await aws.preview(network());
    assert.deepEqual(preview.changes, { create: 3 });
    assert.deepEqual(await everything(), []);
    const first = await aws.up();
    assert.deepEqual(first.changes, { create: 3 });
    assert.match(first.output, /AWS is a stand-in: resources are made in a file only, in account 111122223333/);
    assert.match(String(first.outputs["arn"]), /^arn:aws:ec2:eu-central-1:111122223333:subnet\/subnet-[0-9a-f]{17}$/);
    assert.equal(first.outputs["zone"], "euc1-az1");
    assert.deepEqual((await aws.up()).changes, { same: 3 });
    assert.deepEqual((await aws.stack.refresh()).changes, { same: 3 });
    await aws.stack.destroy();
    assert.deepEqual(await everything(), []);
  });

  it("updates in place what can be, and replaces what cannot, with all that lies in it", async () => {
    await aws.up(network());
    const before = await ofVpc();
    assert.deepEqual((await aws.up(network({ enableDnsHostnames: true }))).changes, { same: 2, update: 1 });
    assert.equal((await ofVpc())?.id, before?.id);
    const moved = network({ cidrBlock: "10.1.0.0/16" }, { cidrBlock: "10.1.0.0/24" });
    assert.deepEqual((await aws.up(moved)).changes, { same: 1, replace: 2 });
    assert.notEqual((await ofVpc())?.id, before?.id);
  });

  it("finds what someone else changed or deleted", async () => {
    await aws.up(network({ tags: { team: "platform" } }));
    await aws.outside((account) => {
      const [vpc] = account.all("aws:ec2/vpc:Vpc");
      const [subnet] = account.all("aws:ec2/subnet:Subnet");
      assert.ok(vpc && subnet);
      account.put({ ...vpc, inputs: { ...vpc.inputs, tags: { team: "other" } } });
      account.remove(subnet);
    });
    const refreshed = await aws.stack.refresh();
    assert.deepEqual(refreshed.changes, { same: 1, update: 1, delete: 1 });
    assert.deepEqual((await aws.up()).changes, { same: 1, update: 1, create: 1 });
    assert.deepEqual((await ofVpc())?.inputs["tags"], { team: "platform" });
  });

  for (const operation of ["preview", "up"] as const) {
    it(`refuses in ${operation} what the API would, property by property`, async () => {
      const metadataOptions = { httpTokens: "yes", tokens: "required" };
      const message = await aws.stack.failing(
        aws[operation](() => {
          new LaunchTemplate("template", { metadataOptions });
        }),
      );
      for (const problem of [
        /property metadataOptions\.tokens value .* has a problem: is no property of this type/,
        /property metadataOptions\.httpTokens value .* has a problem: "yes" is not accepted; accepted are optional, required/,
      ]) {
        assert.match(message, problem);
      }
      assert.deepEqual(await everything(), []);
    });

    it(`refuses in ${operation} a type that it does not cover`, async () => {
      const program = () => {
        new Instance("machine", { ami: "ami-0", instanceType: "t3.micro" });
      };
      await aws.stack.failing(
        aws[operation](program),
        /the stand-in for AWS does not cover the resource type aws:ec2\/instance:Instance/,
      );
    });
  }

  it("refuses in the update what only the account shows, and keeps what was made", async () => {
    const message = await aws.stack.failing(aws.up(network({}, { cidrBlock: "10.9.0.0/24" })));
    assert.match(message, /InvalidSubnet\.Range: The CIDR '10\.9\.0\.0\/24' is invalid: it is not in 10\.0\.0\.0\/16/);
    assert.deepEqual(
      (await everything()).filter(({ implicit }) => !implicit).map(({ type }) => type),
      ["aws:ec2/vpc:Vpc"],
    );
    assert.deepEqual((await aws.up(network())).changes, { same: 2, create: 1 });
  });

  it("refuses to delete what another stack's resources need", async () => {
    const { outputs } = await aws.up(network());
    const other = await openAws(aws.folder);
    try {
      const inVpc = { vpcId: String(outputs["vpc"]), cidrBlock: "10.0.1.0/24" };
      await other.up(() => {
        new Subnet("other", inVpc);
      });
      await aws.stack.failing(aws.stack.destroy(), /DependencyViolation: The vpc 'vpc-[0-9a-f]+' has dependencies/);
      await other.stack.destroy();
      await aws.stack.destroy();
      assert.deepEqual(await everything(), []);
    } finally {
      await other.close();
    }
  });

  it("refuses another account than those that are allowed", async () => {
    const program = () => {
      const chosen = provider({ allowedAccountIds: ["444455556666"] });
      new Vpc("vpc", { cidrBlock: "10.0.0.0/16" }, { provider: chosen });
    };
    await aws.stack.failing(aws.up(program), /AWS account ID not allowed: 111122223333/);
    assert.deepEqual(await everything(), []);
  });
});
