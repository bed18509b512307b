import { hex } from "../account";
import { arn, inner, text, type Behaviour, type Behaviours, type Values } from "../behaviour";
import { AwsError, fail } from "../errors";
import { rules } from "../rules";
import { atMostOne, knownNumber, knownObject, knownText } from "./fields";

const TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate";

/** Longest user data before its encoding ("Run commands when you launch an EC2 instance with user data input", Amazon EC2 User Guide). */
const longestUserData = 16_384;

/** Hops that an answer of the metadata service may go (LaunchTemplateInstanceMetadataOptionsRequest, EC2 API reference). */
const hops = { least: 1, most: 64 };

const template: Behaviour = {
  title: "EC2 Launch Template",
  autoname: { property: "name", maximum: 128 },
  sets: ["vpcSecurityGroupIds", "securityGroupNames"],
  references: [
    { property: "vpcSecurityGroupIds", to: "aws:ec2/securityGroup:SecurityGroup", deletion: "stays" },
    { property: "networkInterfaces.securityGroups", to: "aws:ec2/securityGroup:SecurityGroup", deletion: "stays" },
    { property: "blockDeviceMappings.ebs.kmsKeyId", to: "aws:kms/key:Key", by: "arn", deletion: "stays" },
  ],
  volatile: ["latestVersion"],
  notFound: (id) =>
    new AwsError(
      "InvalidLaunchTemplateId.NotFound",
      `The specified launch template, with template ID ${id}, does not exist.`,
    ),
  check: (inputs) => {
    const name = knownText(inputs, "name");
    const userData = knownText(inputs, "userData");
    const type = knownText(inputs, "instanceType");
    const hopLimit = knownNumber(knownObject(inputs, "metadataOptions") ?? {}, "httpPutResponseHopLimit");
    const wrongLimit = hopLimit !== undefined && (hopLimit < hops.least || hopLimit > hops.most);
    // CreateLaunchTemplate, EC2 API reference.
    const wrongName = name !== undefined && !/^[a-zA-Z0-9().\-/_]{3,128}$/.test(name);
    const decoded = userData === undefined ? "" : Buffer.from(userData, "base64");
    const notBase64 =
      userData !== undefined && decoded.toString("base64").replace(/=+$/, "") !== userData.replace(/[=\s]+$/, "");
    return [
      ...atMostOne(inputs, ["name", "namePrefix"]),
      ...atMostOne(inputs, ["vpcSecurityGroupIds", "securityGroupNames"]),
      ...atMostOne(inputs, ["defaultVersion", "updateDefaultVersion"]),
      ...(wrongName ? [{ property: "name", reason: `"${name}" must have 3 to 128 of a-z, A-Z, 0-9 and ().-/_` }] : []),
      ...(notBase64 ? [{ property: "userData", reason: "is not encoded as Base64" }] : []),
      ...(decoded.length > longestUserData ? [{ property: "userData", reason: "has more than 16 KB" }] : []),
      ...(type !== undefined && !rules.instanceTypes.includes(type)
        ? [{ property: "instanceType", reason: `"${type}" is no instance type` }]
        : []),
      ...(wrongLimit
        ? [
            {
              property: "metadataOptions.httpPutResponseHopLimit",
              reason: `is ${hopLimit}; accepted are ${hops.least} to ${hops.most}`,
            },
          ]
        : []),
    ];
  },
  verify: (call, before) => {
    const name = text(call.inputs, "name");
    const same = call.account
      .all(TEMPLATE, call.region)
      .find((one) => one.id !== before?.id && one.inputs["name"] === name);
    if (same) fail("InvalidLaunchTemplateName.AlreadyExistsException", `Launch template name already in use: ${name}`);
  },
  id: () => `lt-${hex()}`,
  describe: (call, id, before) => {
    const latest =
      Number(before?.outputs["latestVersion"] ?? 0) + (before ? changesData(before.inputs, call.inputs) : 1);
    const follows = call.inputs["updateDefaultVersion"] === true;
    return {
      arn: arn(call, "ec2", `launch-template/${id}`),
      latestVersion: latest,
      defaultVersion: call.inputs["defaultVersion"] ?? (follows ? latest : (before?.outputs["defaultVersion"] ?? 1)),
      metadataOptions: {
        httpEndpoint: "enabled",
        httpProtocolIpv6: "disabled",
        httpPutResponseHopLimit: 1,
        httpTokens: "optional",
        instanceMetadataTags: "disabled",
        ...inner(call.inputs, "metadataOptions"),
      },
      namePrefix: call.inputs["namePrefix"] ?? "",
    };
  },
};

/** A change of anything but tags and the default makes a new version. */
function changesData(olds: Values, news: Values): number {
  const data = (values: Values) =>
    JSON.stringify(
      Object.entries(values).filter(([name]) => !["defaultVersion", "tags", "updateDefaultVersion"].includes(name)),
    );
  return data(olds) === data(news) ? 0 : 1;
}

/** Launch templates of EC2. */
export const launchTemplates: Behaviours = { [TEMPLATE]: template };
