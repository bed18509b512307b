import { MAX_PR_NUMBER } from "./names";

/*
 * Tags of images that pull requests run. A tag is a claim: as long as an image has one, no registry rule removes it. They are written by
 * the build, `pr-{number}-{commit}`, and taken away by number when the pull request's environment is gone.
 */

/** Git commits by their full SHA-1 or SHA-256 name, in lower case. */
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

const TAG = /^pr-([1-9]\d{0,9})-(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/**
 * Tag of a pull request's image.
 *
 * @param commit full name, since a shortened one may be another commit's some day
 * @throws RangeError for a number or commit that GitHub does not have
 */
export function imageTag(number: number, commit: string): string {
  if (!Number.isInteger(number) || number < 1 || number > MAX_PR_NUMBER) {
    throw new RangeError(`pull request number ${number} is not accepted: a whole number from 1 to ${MAX_PR_NUMBER}`);
  }
  if (!COMMIT.test(commit)) {
    throw new RangeError(`commit "${commit}" is not accepted: 40 or 64 hexadecimal digits in lower case`);
  }
  return `pr-${number}-${commit}`;
}

/** The tags of one pull request: what may go when its environment is gone. Tags of any other form are never among them. */
export function tagsOf(number: number, tags: readonly string[]): string[] {
  return tags.filter((tag) => TAG.exec(tag)?.[1] === String(number));
}
