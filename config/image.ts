/** References of container images. */

const REFERENCE =
  /^(?<repository>[a-z0-9][a-z0-9.-]*(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)(?::(?<tag>\w[\w.-]{0,127}))?@sha256:[0-9a-f]{64}$/;

/** What an image by digest looks like, for error messages. */
export const IMAGE_BY_DIGEST = "an image by digest, such as ghcr.io/acme/shop@sha256:…";

/** Whether the text names an image by its digest, with or without a tag besides. */
export function isImageByDigest(text: string): boolean {
  return REFERENCE.test(text);
}

/** The repository part of an image by digest; undefined when the text is none. */
export function repositoryOf(image: string): string | undefined {
  return REFERENCE.exec(image)?.groups?.["repository"];
}

/** The tag of an image by digest; undefined when it has none. */
export function tagOf(image: string): string | undefined {
  return REFERENCE.exec(image)?.groups?.["tag"];
}
