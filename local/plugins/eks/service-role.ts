import { createHash } from "node:crypto";

import { Role, RolePolicyAttachment } from "@pulumi/aws/iam";
import * as pulumi from "@pulumi/pulumi";

/** What a service role is made from. */
export interface ServiceRoleArgs {
  /** Service that takes the role. */
  service: string;
  actions: string[];
  description?: string;
  /** Names of AWS's own policies. */
  policies: string[];
  partition: pulumi.Input<string>;
  tags: pulumi.Input<Record<string, string>> | undefined;
}

/** A role of IAM that a service takes, with policies of AWS: the component `eks:index:ServiceRole` of the package. */
export class ServiceRole extends pulumi.ComponentResource {
  readonly role: Role;
  readonly attachments: RolePolicyAttachment[];

  constructor(name: string, args: ServiceRoleArgs, opts: pulumi.ComponentResourceOptions) {
    super("eks:index:ServiceRole", name, {}, opts);
    const statement = { Action: args.actions, Effect: "Allow", Principal: { Service: [args.service] } };
    this.role = new Role(
      `${name}-role`,
      {
        description: args.description,
        assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }),
        tags: args.tags,
      },
      { parent: this },
    );
    this.attachments = args.policies.map(
      (policy) =>
        new RolePolicyAttachment(
          `${name}-${digest(`arn:aws:iam::aws:policy/${policy}`)}`,
          { policyArn: pulumi.interpolate`arn:${args.partition}:iam::aws:policy/${policy}`, role: this.role.name },
          { parent: this },
        ),
    );
    this.registerOutputs({ role: this.role });
  }
}

/** The package names attachments by the first digits of a hash of the policy. */
function digest(text: string): string {
  return createHash("sha1").update(text).digest("hex").slice(0, 8);
}
