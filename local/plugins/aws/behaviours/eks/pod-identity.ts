import { createHash } from "node:crypto";

import { capitals } from "../../account";
import { arn, text, type Behaviour } from "../../behaviour";
import { AwsError, fail } from "../../errors";
import { checkArn, knownText } from "../fields";
import { ofCluster, requireRole } from "./common";
import { POD_IDENTITY, ROLE } from "./types";

export const podIdentity: Behaviour = {
  title: "EKS Pod Identity Association",
  references: [
    ofCluster,
    {
      property: "roleArn",
      to: ROLE,
      by: "arn",
      deletion: "stays",
      except: (value, call) => !value.includes(`:${call.accountId}:`),
    },
  ],
  notFound: (id) => new AwsError("ResourceNotFoundException", `No association found for id: ${id}`),
  check: (inputs) => checkArn(knownText(inputs, "roleArn"), "roleArn"),
  verify: (call, before) => {
    requireRole(call, text(call.inputs, "roleArn"), "pods.eks.amazonaws.com", ["sts:AssumeRole", "sts:TagSession"]);
    const same = call.account
      .all(POD_IDENTITY, call.region)
      .find(
        (one) =>
          one.id !== before?.id &&
          ["clusterName", "namespace", "serviceAccount"].every((name) => one.inputs[name] === call.inputs[name]),
      );
    if (same) fail("ResourceInUseException", `Association already exists: ${same.id}`);
  },
  id: () => `a-${capitals(17).toLowerCase()}`,
  describe: (call, id) => ({
    associationArn: arn(call, "eks", `podidentityassociation/${text(call.inputs, "clusterName")}/${id}`),
    associationId: id,
    disableSessionTags: call.inputs["disableSessionTags"] ?? false,
    externalId:
      call.inputs["targetRoleArn"] === undefined ? "" : createHash("sha256").update(id).digest("hex").slice(0, 32),
  }),
};
