import type { Behaviours } from "../../behaviour";
import { accessEntry, policyAssociation } from "./access";
import { cluster } from "./cluster";
import { podIdentity } from "./pod-identity";
import { ACCESS_ENTRY, CLUSTER, POD_IDENTITY, POLICY_ASSOCIATION } from "./types";

/** Clusters of EKS and who may do what in them. */
export const eks: Behaviours = {
  [CLUSTER]: cluster,
  [ACCESS_ENTRY]: accessEntry,
  [POLICY_ASSOCIATION]: policyAssociation,
  [POD_IDENTITY]: podIdentity,
};
