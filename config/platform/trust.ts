import { z } from "zod";
import { checked, flag, options, text } from "../fields";
import { isBytes, isCpu } from "../quantity";
import { FORK_QUOTA, TRUST_TIERS } from "../trust";

/* What environments may have, by how much their code is trusted. */

const CPU = "an amount of CPU, such as 3 or 2500m";
const BYTES = "an amount such as 512Mi or 3Gi";
const PREFIX = "a registry with a path, such as ghcr.io/acme/forks";

const bytes = () => checked(BYTES, isBytes);
const QUOTA = "a mapping with cpu, memory and storage";
const amounts = {
  cpu: checked(CPU, isCpu).describe("CPU limits of all pods together."),
  memory: bytes().describe("Memory limits of all pods together."),
  storage: bytes().describe("Volumes together."),
};

export const trust = z.strictObject(
  {
    default: options(...TRUST_TIERS)
      .default("internal")
      .describe(
        "Tier of a deploy that names none. `fork` where a workflow that forgets to say so must not give anything away.",
      ),
    internal: z
      .strictObject(
        {
          secrets: flag()
            .default(true)
            .describe(
              "Whether it may have envFrom, sealedSecrets, externalSecrets, oauth.callback and databases.*.from.volumeSnapshot.",
            ),
          egress: flag().default(true).describe("Whether it may have egress rules."),
          quota: z
            .strictObject(amounts, QUOTA)
            .optional()
            .describe("The most that one environment may need. No bound when left out."),
        },
        "a mapping of fields",
      )
      .prefault({})
      .describe("What environments of tier internal may have. Those of tier trusted may have all that is theirs."),
    fork: z
      .strictObject(
        {
          images: z
            .array(
              text(PREFIX, /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+$/),
              "a list of registries with paths",
            )
            .default([])
            .describe(
              "Where the build without rights pushes what it makes of a fork. Images from elsewhere are refused, all of them while this is empty.",
            ),
          quota: z
            .strictObject(
              {
                cpu: amounts.cpu.default(FORK_QUOTA.cpu),
                memory: amounts.memory.default(FORK_QUOTA.memory),
                storage: amounts.storage.default(FORK_QUOTA.storage),
              },
              QUOTA,
            )
            .prefault({})
            .describe("The most that one environment may need."),
        },
        "a mapping of fields",
      )
      .prefault({})
      .describe(
        "What environments of forks may have. Never secrets, egress, an operator's databases or ingress annotations.",
      ),
  },
  "a mapping of fields",
);
