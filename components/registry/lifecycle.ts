/*
 * Which images ECR may expire by itself.
 *
 * Berth runs images by digest, for as long as an environment lives: months, if somebody keeps it. An ECR rule knows tags, counts and
 * ages of images, but not what runs; the newest 50, the youngest 30 days or what was pulled this quarter can each leave out an image that
 * a node has yet to pull when it replaces another. So no rule here goes by any of these:
 *
 * - In a repository for images there is one rule, and it selects images without a tag. The build gives each image that is to run a tag,
 *   `pr-{number}-{commit}` (config/image-tags.ts), before it is deployed. Tags are immutable, so no push can take one away, and the push
 *   role cannot delete. A tag therefore stays until someone with the right to delete removes it, and until then no rule selects its
 *   image.
 * - The parts of a multi-platform image have no tags, but "if an image is referenced by a manifest list, it cannot be expired" before
 *   that list (ECR user guide, "Automate the cleanup of images by using lifecycle policies", evaluation rules).
 * - Cleaning up means removing the tags of a pull request whose environment is gone, by tag and never by digest: ECR deletes an image
 *   with its last tag (API reference, BatchDeleteImage), so an image that a second pull request has built too stays for that one.
 *
 * What has to hold, hence: when it is deployed, an environment's image has a tag of its own pull request, or one of any other form, such
 * as `v1.2.0`, which no clean-up removes; and a pull request's tags are only removed after its environment. If the clean-up fails or is
 * never run, images pile up and cost money, and nothing that runs is lost. Rules by age that spare `live-…` tags would fail the other way
 * round: a tag that was not written in time would lose an image that runs.
 *
 * Layers that builds share are in a repository of their own, where everything expires by age. Nothing may run from there.
 */

/** One rule, as ECR has it (ECR user guide, "Lifecycle policy properties in Amazon ECR"). */
export interface LifecycleRule {
  rulePriority: number;
  description: string;
  selection: {
    tagStatus: "tagged" | "untagged" | "any";
    tagPatternList?: string[];
    countType: "sinceImagePushed" | "imageCountMoreThan";
    countUnit?: "days";
    countNumber: number;
  };
  action: { type: "expire" };
}

/** A repository's rules. */
export interface LifecycleDocument {
  rules: LifecycleRule[];
}

/** Days after which an image without a tag expires: long enough to find out why a build pushed one. */
export const UNTAGGED_DAYS = 14;

/** Rules for images that run. */
export function planImageLifecycle(untaggedDays: number = UNTAGGED_DAYS): LifecycleDocument {
  return {
    rules: [expire("untagged", untaggedDays, `Images without a tag after ${days(untaggedDays)}; tagged ones never`)],
  };
}

/** Rules for build caches. */
export function planCacheLifecycle(cacheDays: number): LifecycleDocument {
  return { rules: [expire("any", cacheDays, `Build caches after ${days(cacheDays)}`)] };
}

function expire(tagStatus: "untagged" | "any", countNumber: number, description: string): LifecycleRule {
  return {
    rulePriority: 1,
    description,
    selection: { tagStatus, countType: "sinceImagePushed", countUnit: "days", countNumber },
    action: { type: "expire" },
  };
}

function days(count: number): string {
  return count === 1 ? "1 day" : `${count} days`;
}
