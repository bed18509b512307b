import assert from "node:assert/strict";

import { Subnet, Vpc } from "@pulumi/aws/ec2";

import { openAws, type AwsCase } from "./aws-support";

describe("the stand-in for AWS", () => {
  let aws: AwsCase;

  beforeEach(async () => {
    aws = await openAws();
  });
  afterEach(() => aws.close());

  it("makes, keeps and deletes resources", async () => {
    const program = () => {
      const vpc = new Vpc("vpc", { cidrBlock: "10.0.0.0/16" });
      const subnet = new Subnet("subnet", {
        vpcId: vpc.id,
        cidrBlock: "10.0.0.0/24",
        availabilityZone: "eu-central-1a",
      });
      return { vpc: vpc.id, zone: subnet.availabilityZoneId, arn: subnet.arn };
    };
    const preview = await aws.preview(program);
    assert.deepEqual(preview.changes, { create: 3 });
    const first = await aws.up();
    console.log(first.output);
    assert.deepEqual(first.changes, { create: 3 });
    console.log(first.outputs);
    const second = await aws.up();
    assert.deepEqual(second.changes, { same: 3 });
    const refreshed = await aws.stack.refresh();
    console.log(refreshed.output, refreshed.changes);
    await aws.stack.destroy();
    assert.deepEqual(await aws.outside((account) => account.everything()), []);
  });
});
