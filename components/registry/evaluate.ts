import type { LifecycleDocument, LifecycleRule } from "./lifecycle";

/*
 * What ECR does to the images of a repository, as its documents say it: a model to test rules against, not a registry.
 */

/** An image, manifest list or artifact. */
export interface Image {
  digest: string;
  tags: string[];
  /** Day of its push; days are whole or parts. */
  pushedAt: number;
  /** Digests of the images that a manifest list consists of. */
  lists?: string[];
  /** Digest of the image that an artifact, such as a signature, is about. */
  subject?: string;
}

/**
 * What one run of a lifecycle policy leaves (ECR user guide, "Automate the cleanup of images by using lifecycle policies"):
 *
 * - All rules see all images, also those that another rule expires.
 * - An image whose tags a rule asks for cannot be expired by a rule of lower priority, which has the higher number.
 * - An image of a manifest list stays as long as the list is there.
 * - An artifact goes with its subject.
 *
 * @param now day of the run
 */
export function runLifecycle({ rules }: LifecycleDocument, images: readonly Image[], now: number): Image[] {
  const listed = new Set(images.flatMap(({ lists = [] }) => lists));
  const taken = new Set<Image>();
  const expired = new Set<Image>();
  for (const rule of [...rules].sort((one, other) => one.rulePriority - other.rulePriority)) {
    const candidates = images.filter((image) => isAskedFor(rule, image));
    for (const image of overdue(rule, candidates, now)) {
      if (!taken.has(image) && !listed.has(image.digest)) expired.add(image);
    }
    candidates.forEach((image) => taken.add(image));
  }
  return withoutOrphans(images.filter((image) => !expired.has(image)));
}

/** What is left when some tags are removed: an image goes with its last tag (ECR API reference, BatchDeleteImage). */
export function removeTags(images: readonly Image[], tags: readonly string[]): Image[] {
  return images.flatMap((image) => {
    const left = image.tags.filter((tag) => !tags.includes(tag));
    return image.tags.length > 0 && left.length === 0 ? [] : [{ ...image, tags: left }];
  });
}

function isAskedFor({ selection: { tagStatus, tagPatternList = [] } }: LifecycleRule, { tags }: Image): boolean {
  if (tagStatus === "any") return true;
  if (tagStatus === "untagged") return tags.length === 0;
  return tags.length > 0 && tagPatternList.every((pattern) => tags.some((tag) => matches(pattern, tag)));
}

/** `*` stands for any characters, also none. */
function matches(pattern: string, tag: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return tag === first;
  if (!tag.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = tag.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return tag.length - last.length >= from && tag.endsWith(last);
}

function overdue({ selection: { countType, countNumber } }: LifecycleRule, images: Image[], now: number): Image[] {
  if (countType === "sinceImagePushed") return images.filter(({ pushedAt }) => now - pushedAt > countNumber);
  return [...images].sort((one, other) => other.pushedAt - one.pushedAt).slice(countNumber);
}

function withoutOrphans(images: Image[]): Image[] {
  const digests = new Set(images.map(({ digest }) => digest));
  return images.filter(({ subject }) => subject === undefined || digests.has(subject));
}
