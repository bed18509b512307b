import { z } from "zod";
import { DURATION, isDuration } from "../duration";
import { checked, imageByDigest, options, text, whole } from "../fields";
import { JOB_BOUNDS } from "../limits";
import { list, variables } from "./values";

const JOB_NAME = "1 to 30 lower-case letters, digits and dashes that start with a letter, no dash at the end";
const JOB_TIMEOUT = `${DURATION}, from ${JOB_BOUNDS.timeout.min} to ${JOB_BOUNDS.timeout.max}`;
export const jobs = list(
  z.strictObject(
    {
      name: text(JOB_NAME, /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/).describe(
        "Name of the job, such as migrate. Its pods and log are found by it.",
      ),
      command: list(z.string("a program or an argument").min(1, "a program or an argument"), 50, "words")
        .min(1, "at least a program")
        .describe("Program and arguments, in place of what the image starts by itself. No shell reads them."),
      image: imageByDigest().optional().describe("Image, by digest. The app's when left out."),
      env: variables().describe("Variables for this job, beside those of the app, over which they win."),
      when: options("before-app", "after-app")
        .default("before-app")
        .describe(
          "before-app: after the databases answer and before the app starts or changes. after-app: once the app runs.",
        ),
      retries: whole(0, JOB_BOUNDS.retries)
        .default(2)
        .describe("How often it is tried again when it fails, after 10 s and then twice as long each time."),
      timeout: checked(JOB_TIMEOUT, (value) => isDuration(value, JOB_BOUNDS.timeout))
        .default("5m")
        .describe("Longest time of a try once its container runs. A job that hangs is ended and not tried again."),
    },
    "a mapping with name and command",
  ),
  20,
  "jobs",
)
  .default([])
  .describe(
    "Migrations, seeds and the like: run one after another, once for each commit. A failed one fails the deploy.",
  );
