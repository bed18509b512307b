import assert from "node:assert/strict";
import { imageTag, tagsOf } from "./image-tags";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

describe("imageTag", () => {
  it("names pull request and commit", () => {
    assert.equal(imageTag(42, COMMIT), `pr-42-${COMMIT}`);
  });

  it("refuses numbers and commits that cannot be", () => {
    assert.throws(() => imageTag(0, COMMIT), {
      name: "RangeError",
      message: "pull request number 0 is not accepted: a whole number from 1 to 2147483647",
    });
    assert.throws(() => imageTag(1, "0123456"), {
      name: "RangeError",
      message: 'commit "0123456" is not accepted: 40 or 64 hexadecimal digits in lower case',
    });
  });
});

describe("tagsOf", () => {
  it("finds a pull request's tags, and neither those of a longer number nor any of another form", () => {
    const own = [imageTag(4, COMMIT), imageTag(4, "f".repeat(64))];
    const others = [
      imageTag(42, COMMIT),
      imageTag(14, COMMIT),
      "pr-4",
      "pr-4-latest",
      `pr-04-${COMMIT}`,
      "v4",
      "latest",
    ];
    assert.deepEqual(tagsOf(4, [...others, ...own]), own);
  });
});
