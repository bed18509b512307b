import type { Policies } from "@pulumi/policy";
import { egressPolicies } from "./egress";
import { exposurePolicies } from "./exposure";
import { hygienePolicies } from "./hygiene";
import { identityPolicies } from "./identity";
import { secretPolicies } from "./secrets";
import { trustPolicies } from "./trust";
import { workloadPolicies } from "./workloads";

/** A family of rules. */
export interface Family {
  /** One word, which is the name of its file too. */
  readonly name: string;
  /** What it is about: one sentence. */
  readonly about: string;
  readonly policies: Policies;
}

/** Every rule of the pack, by family. */
export const families: readonly Family[] = [
  {
    name: "secrets",
    about: "Where secrets may stand, and where they and other data lie at rest.",
    policies: secretPolicies,
  },
  { name: "egress", about: "Where pods of pull requests may connect to.", policies: egressPolicies },
  { name: "workloads", about: "What pods may be.", policies: workloadPolicies },
  { name: "exposure", about: "From where previews and clusters can be reached.", policies: exposurePolicies },
  { name: "identity", about: "Who may do what, in AWS and in Kubernetes.", policies: identityPolicies },
  { name: "trust", about: "What environments may have by how much their code is trusted.", policies: trustPolicies },
  { name: "hygiene", about: "Whose everything is, how much it takes and when it ends.", policies: hygienePolicies },
];
