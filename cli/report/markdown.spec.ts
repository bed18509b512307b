import assert from "node:assert/strict";
import { sample, unjudged } from "../../test/support/report-sample";
import { renderMarkdown } from "./markdown";

const { result } = sample;

describe("a report as Markdown", () => {
  it("says what would change, what is broken and what the update decides", () => {
    assert.equal(
      renderMarkdown(sample),
      [
        "<!-- berth preview shop-pr-7 -->",
        "### ❌ <code>shop-pr-7</code> would change",
        "",
        "1 created, 12 unchanged. Trust: <code>internal</code>.",
        "",
        "**Policies** <code>berth@0.1.0</code>: 1 mandatory, 2 advisory, 2 decided at update, 1 passed, 1 not applicable, 1 disabled.",
        "",
        "| level | rule | resource | what is wrong |",
        "| --- | --- | --- | --- |",
        '| mandatory | [<code>no-world-egress</code>](https://example.com/no-world-egress) | <code>NetworkPolicy out&#124;&#96;x&#96;</code> | egress&#91;0&#93; opens &#60;everything&#62; &#38; "more" in two lines |',
        "| advisory | [<code>expiry-set</code>](https://example.com/expiry-set) | <code>Namespace e</code> | no end |",
        "| advisory | <code>from-elsewhere</code> |  | odd\u0007 |",
        "",
        "Decided at update, when values are known that a preview does not know:",
        "",
        "| rule | resources |",
        "| --- | --- |",
        "| [<code>trust-exact</code>](https://example.com/trust-exact) | <code>Role r</code> |",
        "| [<code>quota-there</code>](https://example.com/quota-there) |  |",
        "",
        "Disabled by the pack's config: [<code>budget-present</code>](https://example.com/budget-present).",
      ].join("\n"),
    );
  });

  it("lets nobody write markup, mentions or references by the name of a resource", () => {
    const [first] = result.policies.findings;
    const message = "@everyone [x](https://e.example) <img src=x> | a | `b` see #12\n\n# title";
    const policies = { ...result.policies, findings: [{ ...first, message, resource: "</code><b>x" }] };
    const text = renderMarkdown({ ...sample, result: { ...result, policies } });
    const row = text.split("\n").find((line) => line.startsWith("| mandatory")) ?? "";
    assert.equal(row.match(/(?<!\\)\|/g)?.length, 5);
    assert.doesNotMatch(row, /<(?!\/?code>)|@\w|#\d+ |\]\(https:\/\/e\.example/);
    assert.equal(row.match(/<\/code>/g)?.length, 2);
  });

  it("fits into a comment of GitHub's, whatever there is to say", () => {
    const [first] = result.policies.findings;
    const findings = Array.from({ length: 2_000 }, (_, index) => ({ ...first, message: `${"|".repeat(400)}${index}` }));
    const undecided = Array.from({ length: 2_000 }, (_, index) => ({
      ...result.policies.undecided[0],
      rule: `rule-${index}`,
      resource: "Role `".repeat(100),
    }));
    const text = renderMarkdown({
      ...sample,
      result: { ...result, policies: { ...result.policies, findings, undecided } },
    });
    assert.ok(text.length < 65_536, String(text.length));
    assert.match(text, /… and 1\d\d\d more\./);
  });

  it("says what a deploy would refuse before any rule is asked", () => {
    const refusals = [
      { engine: "redis", path: "databases.redis.storage", message: "it shrinks", fix: "Set it to 1Gi." },
    ] as const;
    const text = renderMarkdown({ ...unjudged, exitCode: 2, result: { ...unjudged.result, changes: [], refusals } });
    assert.match(text, /### ❌ <code>shop-pr-7<\/code> would stay as it is/);
    assert.match(text, /- \*\*Refused\*\*: <code>databases\.redis\.storage<\/code>: it shrinks\. Set it to 1Gi\./);
    assert.match(text, /No policies were asked\.$/);
  });

  it("says when nothing is wrong", () => {
    const policies = { ...result.policies, worst: "none", findings: [], undecided: [], disabled: [] } as const;
    const text = renderMarkdown({ ...sample, exitCode: 0, result: { ...result, policies } });
    assert.match(text, /### ✅/);
    assert.doesNotMatch(text, /\| level|Decided at update, when|Disabled/);
  });
});
