import assert from "node:assert/strict";
import fc from "fast-check";
import { imageTag, tagsOf } from "../../config/image-tags";
import { removeTags, runLifecycle } from "./evaluate";
import type { Image } from "./evaluate";
import { UNTAGGED_DAYS, planCacheLifecycle, planImageLifecycle } from "./lifecycle";
import type { LifecycleDocument, LifecycleRule } from "./lifecycle";

function rule(rulePriority: number, selection: LifecycleRule["selection"]): LifecycleRule {
  return { rulePriority, description: "for a test", selection, action: { type: "expire" } };
}

function left(document: LifecycleDocument, images: Image[], now: number): string[] {
  return runLifecycle(document, images, now).map(({ digest }) => digest);
}

/** What a repository goes through. Counts are taken modulo what there is. */
type Step =
  | { does: "push"; pull: number; commit: number; parts: number; sameAs: number | undefined }
  | { does: "push without a tag" }
  | { does: "deploy"; image: number }
  | { does: "destroy"; environment: number }
  | { does: "wait"; days: number };

const STEPS: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({
      does: fc.constant("push" as const),
      pull: fc.integer({ min: 1, max: 4 }),
      commit: fc.nat({ max: 9 }),
      parts: fc.nat({ max: 2 }),
      sameAs: fc.option(fc.nat(), { nil: undefined }),
    }),
    fc.constant({ does: "push without a tag" as const }),
    fc.record({ does: fc.constant("deploy" as const), image: fc.nat() }),
    fc.record({ does: fc.constant("destroy" as const), environment: fc.nat() }),
    fc.record({ does: fc.constant("wait" as const), days: fc.integer({ min: 1, max: 60 }) }),
  ),
  { maxLength: 60 },
);

/**
 * Lives through the steps with a run of the lifecycle after each, and gives the digests that a live environment needed and that were gone.
 * Builds tag before deploys; clean-ups remove a pull request's tags once its environment is gone.
 */
function lost(document: LifecycleDocument, steps: Step[]): string[] {
  let images: Image[] = [];
  let now = 0;
  let made = 0;
  const environments = new Map<number, Image>();
  for (const step of steps) {
    if (step.does === "wait") now += step.days;
    if (step.does === "push without a tag") images.push({ digest: `untagged-${made++}`, tags: [], pushedAt: now });
    if (step.does === "push") {
      const tag = imageTag(step.pull, String(step.commit).repeat(40));
      // Tags are immutable: a push to one that is taken is refused.
      if (images.some(({ tags }) => tags.includes(tag))) continue;
      const tagged = images.filter(({ tags }) => tags.length > 0);
      const same = step.sameAs === undefined ? undefined : tagged[step.sameAs % Math.max(1, tagged.length)];
      if (same) same.tags.push(tag);
      else {
        const parts = Array.from({ length: step.parts }, () => ({ digest: `part-${made++}`, tags: [], pushedAt: now }));
        const lists = parts.map(({ digest }) => digest);
        images.push(...parts, { digest: `image-${made++}`, tags: [tag], pushedAt: now, lists });
      }
    }
    if (step.does === "deploy") {
      const deployable = images.flatMap((image) =>
        image.tags.map((tag) => ({ image, pull: Number(/^pr-(\d+)-/.exec(tag)?.[1]) })),
      );
      const chosen = deployable[step.image % Math.max(1, deployable.length)];
      if (chosen) environments.set(chosen.pull, chosen.image);
    }
    if (step.does === "destroy") {
      const pulls = [...environments.keys()];
      const pull = pulls[step.environment % Math.max(1, pulls.length)];
      if (pull !== undefined) {
        environments.delete(pull);
        const all = images.flatMap(({ tags }) => tags);
        images = removeTags(images, tagsOf(pull, all));
      }
    }
    images = runLifecycle(document, images, now);
    const there = new Set(images.map(({ digest }) => digest));
    const needed = [...environments.values()].flatMap(({ digest, lists = [] }) => [digest, ...lists]);
    const gone = needed.filter((digest) => !there.has(digest));
    if (gone.length > 0) return gone;
  }
  return [];
}

describe("the rules for images", () => {
  it("are one rule, for what has no tag", () => {
    assert.deepEqual(planImageLifecycle(), {
      rules: [
        {
          rulePriority: 1,
          description: "Images without a tag after 14 days; tagged ones never",
          selection: { tagStatus: "untagged", countType: "sinceImagePushed", countUnit: "days", countNumber: 14 },
          action: { type: "expire" },
        },
      ],
    });
    assert.equal(planImageLifecycle(1).rules[0]?.description, "Images without a tag after 1 day; tagged ones never");
  });

  it("are as long as ECR asks for: 100 to 30,720 characters (API reference, PutLifecyclePolicy)", () => {
    for (const document of [planImageLifecycle(1), planCacheLifecycle(1)]) {
      assert.ok(JSON.stringify(document).length >= 100);
      assert.ok(JSON.stringify(document).length <= 30_720);
    }
  });

  it("never lose what a live environment needs, whatever is built, deployed, destroyed and waited for", () => {
    const days = fc.integer({ min: 1, max: 30 });
    fc.assert(
      fc.property(STEPS, days, (steps, untagged) => {
        assert.deepEqual(lost(planImageLifecycle(untagged), steps), []);
      }),
      { numRuns: 1000 },
    );
  });

  const tempting: [string, LifecycleDocument][] = [
    [
      "by age",
      { rules: [rule(1, { tagStatus: "any", countType: "sinceImagePushed", countUnit: "days", countNumber: 30 })] },
    ],
    ["by number", { rules: [rule(1, { tagStatus: "any", countType: "imageCountMoreThan", countNumber: 5 })] }],
    [
      "by age of pull requests' tags",
      {
        rules: [
          rule(1, {
            tagStatus: "tagged",
            tagPatternList: ["pr-*"],
            countType: "sinceImagePushed",
            countUnit: "days",
            countNumber: 30,
          }),
        ],
      },
    ],
  ];
  for (const [what, document] of tempting) {
    it(`would lose some if they went ${what}, as the same test shows`, () => {
      const found = fc.check(
        fc.property(STEPS, (steps) => lost(document, steps).length === 0),
        { numRuns: 5000 },
      );
      assert.equal(found.failed, true);
    });
  }

  it("keep an image that two pull requests built, until both are gone", () => {
    const tags = [imageTag(1, "a".repeat(40)), imageTag(2, "b".repeat(40))];
    const shared = { digest: "shared", tags, pushedAt: 0 };
    const afterFirst = runLifecycle(planImageLifecycle(), removeTags([shared], tagsOf(1, tags)), 400);
    assert.deepEqual(afterFirst, [{ ...shared, tags: [tags[1]] }]);
    assert.deepEqual(removeTags(afterFirst, tagsOf(2, tags)), []);
  });

  it("clear away what a build left without a tag, a day after its time and not before", () => {
    const images = [{ digest: "left", tags: [], pushedAt: 0 }];
    assert.deepEqual(left(planImageLifecycle(), images, UNTAGGED_DAYS), ["left"]);
    assert.deepEqual(left(planImageLifecycle(), images, UNTAGGED_DAYS + 1), []);
  });
});

describe("the rules for build caches", () => {
  it("expire everything by age, tagged or not", () => {
    const images = [
      { digest: "old", tags: ["main"], pushedAt: 0 },
      { digest: "moved", tags: [], pushedAt: 1 },
      { digest: "new", tags: ["pr-1"], pushedAt: 8 },
    ];
    assert.deepEqual(planCacheLifecycle(7).rules[0]?.selection.tagStatus, "any");
    assert.deepEqual(left(planCacheLifecycle(7), images, 9), ["new"]);
  });
});

describe("the model of ECR's evaluator", () => {
  const count = (tagPatternList: string[], countNumber: number): LifecycleRule["selection"] => ({
    tagStatus: "tagged",
    tagPatternList,
    countType: "imageCountMoreThan",
    countNumber,
  });

  it("lets no rule expire what a rule of higher priority asks for by tag", () => {
    const images = [{ digest: "both", tags: ["keep-1", "pr-1"], pushedAt: 0 }];
    const document = { rules: [rule(2, count(["pr-*"], 0)), rule(1, count(["keep-*"], 5))] };
    assert.deepEqual(left(document, images, 9), ["both"]);
  });

  it("lets rules count what others expire", () => {
    const images = [
      { digest: "a", tags: ["alpha", "beta"], pushedAt: 3 },
      { digest: "b", tags: ["beta"], pushedAt: 2 },
      { digest: "c", tags: ["alpha"], pushedAt: 1 },
    ];
    // The second rule counts "a" as its youngest though the first rule has it.
    const document = { rules: [rule(1, count(["alpha"], 1)), rule(2, count(["beta"], 1))] };
    assert.deepEqual(left(document, images, 9), ["a"]);
  });

  it("asks for all patterns of a list", () => {
    const images = [
      { digest: "one", tags: ["prod"], pushedAt: 0 },
      { digest: "two", tags: ["prod", "eu-1-x"], pushedAt: 0 },
    ];
    assert.deepEqual(left({ rules: [rule(1, count(["prod", "eu-*-x"], 0))] }, images, 9), ["one"]);
  });

  it("knows patterns as the user guide has them", () => {
    const matching = (pattern: string, tag: string) =>
      left({ rules: [rule(1, count([pattern], 0))] }, [{ digest: tag, tags: [tag], pushedAt: 0 }], 1).length === 0;
    for (const tag of ["prod", "prod1", "production-team1"]) assert.ok(matching("prod*", tag), tag);
    for (const tag of ["repo-production", "prod-team"]) assert.ok(matching("*prod*", tag), tag);
    assert.ok(matching("*test*1*2", "a-test-1-and-2"));
    for (const [pattern, tag] of [
      ["prod", "prod1"],
      ["prod*", "a-prod"],
      ["ab*ba", "aba"],
      ["*test*1*2", "a-test-2-and-1"],
    ] as const) {
      assert.ok(!matching(pattern, tag), `${pattern} ${tag}`);
    }
  });

  it("keeps the parts of a list while it is there, and takes an artifact with its subject", () => {
    const images = [
      { digest: "part", tags: [], pushedAt: 0 },
      { digest: "list", tags: ["v1"], pushedAt: 0, lists: ["part"] },
      { digest: "plain", tags: [], pushedAt: 0 },
      { digest: "signature", tags: ["sig"], pushedAt: 0, subject: "plain" },
    ];
    assert.deepEqual(left(planImageLifecycle(), images, 100), ["part", "list"]);
  });

  it("takes an image with its last tag only", () => {
    const images = [
      { digest: "one", tags: ["a", "b"], pushedAt: 0 },
      { digest: "none", tags: [], pushedAt: 0 },
    ];
    assert.deepEqual(removeTags(images, ["a"]), [{ ...images[0], tags: ["b"] }, images[1]]);
    assert.deepEqual(removeTags(images, ["a", "b"]), [images[1]]);
  });
});
