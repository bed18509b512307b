import * as pulumi from "@pulumi/pulumi";
import type { MetricsBucketArgs } from "./args";

export type { MetricsBucketArgs, MetricsBucketTransforms } from "./args";

/** A bucket that one service account writes to, below one prefix, and nobody else. */
export class MetricsBucket extends pulumi.ComponentResource {
  /** The bucket's name. */
  readonly bucket!: pulumi.Output<string>;
  readonly bucketArn!: pulumi.Output<string>;
  /** Where the exporter writes: `s3://{bucket}/{prefix}/`. */
  readonly url!: pulumi.Output<string>;
  readonly writerRoleArn!: pulumi.Output<string>;
  readonly kmsKeyArn!: pulumi.Output<string>;

  constructor(name: string, _args: MetricsBucketArgs, opts?: pulumi.ComponentResourceOptions) {
    super("berth:metrics:MetricsBucket", name, {}, opts);
    this.registerOutputs({});
  }
}
