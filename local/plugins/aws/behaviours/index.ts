import type { Behaviours } from "../behaviour";
import { ecr } from "./ecr";
import { eks } from "./eks";
import { eksNodes } from "./eks-nodes";
import { events } from "./events";
import { iam } from "./iam";
import { kms } from "./kms";
import { launchTemplates } from "./launch-templates";
import { logs } from "./logs";
import { network } from "./network";
import { s3 } from "./s3";
import { securityGroups } from "./security-groups";

/** The behaviours of all types, also of the two that AWS makes by itself only. */
export const behaviours: Behaviours = {
  ...ecr,
  ...eks,
  ...eksNodes,
  ...events,
  ...iam,
  ...kms,
  ...launchTemplates,
  ...logs,
  ...network,
  ...s3,
  ...securityGroups,
};
