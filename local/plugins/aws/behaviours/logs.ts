import { arn, text, type Behaviour, type Behaviours, type Call } from "../behaviour";
import { AwsError, fail } from "../errors";
import { atMostOne, knownNumber, knownText } from "./fields";
import { findKey, requireKey } from "./kms";
import { checkPolicy, policyKinds } from "./policies";

const GROUP = "aws:cloudwatch/logGroup:LogGroup";
const RESOURCE_POLICY = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy";

/** Days after which records may be deleted (CloudWatch Logs API reference, PutRetentionPolicy); 0 keeps them for good. */
const retentions = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const group: Behaviour = {
  title: "CloudWatch Logs Log Group",
  autoname: { property: "name", maximum: 512 },
  references: [
    {
      property: "kmsKeyId",
      to: "aws:kms/key:Key",
      by: "arn",
      deletion: "stays",
      except: (value, call) => findKey(call, value) !== undefined,
    },
  ],
  notFound: (name) => new AwsError("ResourceNotFoundException", `The specified log group does not exist: ${name}`),
  check: (inputs) => {
    const days = knownNumber(inputs, "retentionInDays");
    return [
      ...atMostOne(inputs, ["name", "namePrefix"]),
      ...(days !== undefined && !retentions.includes(days)
        ? [{ property: "retentionInDays", reason: `is ${days}; accepted are ${retentions.join(", ")}` }]
        : []),
      ...(knownText(inputs, "name")?.startsWith("aws/")
        ? [{ property: "name", reason: "must not begin with aws/" }]
        : []),
    ];
  },
  verify: (call, before) => {
    const name = text(call.inputs, "name");
    if (!before && call.account.find(GROUP, call.region, name))
      fail("ResourceAlreadyExistsException", `The specified log group already exists: ${name}`);
    requireKey(call, text(call.inputs, "kmsKeyId"), `logs.${call.region}.amazonaws.com`, "InvalidParameterException");
  },
  id: (call) => text(call.inputs, "name"),
  describe: (call, id) => ({
    arn: arn(call, "logs", `log-group:${id}`),
    deletionProtectionEnabled: call.inputs["deletionProtectionEnabled"] ?? false,
    logGroupClass: call.inputs["logGroupClass"] ?? "STANDARD",
    namePrefix: call.inputs["namePrefix"] ?? "",
    retentionInDays: call.inputs["retentionInDays"] ?? 0,
  }),
  remove: (_call, { id, outputs }) => {
    if (outputs["deletionProtectionEnabled"] === true)
      fail("ValidationException", `Log group ${id} cannot be deleted: deletion protection is on`);
  },
};

const resourcePolicy: Behaviour = {
  title: "CloudWatch Logs Resource Policy",
  notFound: (name) => new AwsError("ResourceNotFoundException", `Policy with name [${name}] does not exist`),
  check: (inputs) => checkPolicy(inputs, "policyDocument", policyKinds.logs),
  id: (call) => text(call.inputs, "policyName"),
  describe: () => ({ policyScope: "ACCOUNT", revisionId: "" }),
};

/** Makes the log group that a service writes to when nobody has. It stays when the service is gone. */
export function implicitLogGroup(call: Call, name: string): void {
  if (call.account.find(GROUP, call.region, name)) return;
  const inputs = { name };
  const outputs = { name, arn: arn(call, "logs", `log-group:${name}`) };
  call.account.put({ type: GROUP, id: name, region: call.region, implicit: true, inputs, outputs });
}

/** CloudWatch Logs. */
export const logs: Behaviours = { [GROUP]: group, [RESOURCE_POLICY]: resourcePolicy };
