import { z } from "zod";
import { DURATION, isDuration } from "../duration";
import { checked, options } from "../fields";
import { isBytes, isCpu } from "../quantity";

export const trigger = options("automatic", "on-demand")
  .default("automatic")
  .describe(
    "Whether a deploy that no person asked for (`berth deploy --automatic`) may create the environment, or only update one that is there.",
  );

const EXPIRY = `${DURATION}, from 10m to 90d`;
const expiry = () => checked(EXPIRY, (value) => isDuration(value, { min: "10m", max: "90d" }));
export const ttl = expiry()
  .optional()
  .describe(
    "How long the environment lives after its last deploy; then it may be removed. Shown by `berth status` and `berth list`. For ever when left out.",
  );

export const sleep = z.strictObject({
  after: expiry()
    .optional()
    .describe(
      "How long after its last deploy or wake `berth sleep --due` stops its pods; volumes, passwords and URL stay. Never when left out.",
    ),
});

const [BUDGET_CPU, BUDGET_BYTES] = ["an amount of CPU, such as 2 or 1500m", "an amount, such as 4Gi"];
const USD = "a number of US dollars above 0";
export const budget = z.strictObject({
  cpu: checked(BUDGET_CPU, isCpu)
    .optional()
    .describe("Most CPU that all of its pods together, with a job or the seeds, may be promised."),
  memory: checked(BUDGET_BYTES, isBytes)
    .optional()
    .describe("Most memory that all of its pods together, with a job or the seeds, may be promised."),
  storage: checked(BUDGET_BYTES, isBytes).optional().describe("Most that all of its volumes together may hold."),
  monthlyUsd: z
    .number(USD)
    .positive(USD)
    .optional()
    .describe(
      "Most that it may cost in a month: its share of an m7i.xlarge and gp3 volumes at list prices of us-east-1. An estimate.",
    ),
});
