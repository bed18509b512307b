import { createHash } from "node:crypto";
import { Job } from "@pulumi/kubernetes/batch/v1";
import type { JobArgs } from "@pulumi/kubernetes/batch/v1";
import { ConfigMap } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { ANNOTATION } from "../../../config/labels";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import type { JobPlan, JobsPlan } from "./plan";

/** What every job of an environment needs. */
interface JobNeeds {
  /** What must be there, or run, before the first one starts. */
  dependsOn: pulumi.Resource[];
  /** What tells the data that jobs work on from others: on new ones there is nothing yet of what a job did. */
  data: readonly pulumi.Output<string>[];
}

/** Registers what the jobs read their variables from. */
export function createJobEnv(
  children: Children,
  { env }: JobsPlan,
  transform: PrEnvironmentTransforms,
): pulumi.Resource[] {
  return env ? [children.add(ConfigMap, "job-env", env, transform.configMap)] : [];
}

/** Registers the jobs that fill new databases, all at once: each works on one of its own. */
export function createSeeds(
  children: Children,
  seeds: readonly JobPlan[],
  needs: JobNeeds,
  transform: PrEnvironmentTransforms,
): Job[] {
  return seeds.flatMap((seed) => createJobs(children, [seed], needs, transform));
}

/**
 * Registers jobs, each of which starts when those before it have ended well.
 *
 * A job of a new commit takes the place of the last one's after that is gone, its pods included, so that two never change a database
 * at once.
 */
export function createJobs(
  children: Children,
  jobs: readonly JobPlan[],
  { dependsOn, data }: JobNeeds,
  transform: PrEnvironmentTransforms,
): Job[] {
  const identity = identityOf(data);
  const made: Job[] = [];
  for (const { suffix, files, job, longest } of jobs) {
    const { template } = job.spec;
    const annotations = { ...template.metadata.annotations, [ANNOTATION.jobData]: identity };
    const args: JobArgs = {
      ...job,
      spec: { ...job.spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
    };
    const read = files ? [children.add(ConfigMap, `${suffix}-files`, files, transform.configMap)] : [];
    const limit = `${longest}s`;
    made.push(
      children
        .with({
          dependsOn: [...dependsOn, ...read, ...made],
          deleteBeforeReplace: true,
          customTimeouts: { create: limit, update: limit },
        })
        .add<JobArgs, Job>(Job, suffix, args, transform.job),
    );
  }
  return made;
}

function identityOf(data: readonly pulumi.Output<string>[]): pulumi.Output<string> {
  return pulumi.all([...data]).apply((uids) => createHash("sha256").update(uids.join()).digest("hex").slice(0, 10));
}
