import assert from "node:assert/strict";
import { sample, unjudged } from "../../test/support/report-sample";
import { renderJUnit } from "./junit";

/** Checks that a document is well-formed as far as this format goes: declaration, tags that close, attributes, no stray signs. */
function assertWellFormed(xml: string): void {
  const [declaration = "", ...rest] = xml.split("\n");
  assert.equal(declaration, '<?xml version="1.0" encoding="UTF-8"?>');
  const open: string[] = [];
  const text = rest
    .join("\n")
    .replace(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<\n]*")*)(\/?)>/g, (_, close, name: string, __, empty) => {
      if (close === "/") assert.equal(open.pop(), name);
      else if (empty !== "/") open.push(name);
      return "";
    });
  assert.deepEqual(open, []);
  assert.doesNotMatch(text, /[<>]|&(?!(?:amp|lt|gt|quot|#10);)/);
  // eslint-disable-next-line no-control-regex -- those that XML cannot hold
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/);
}

describe("a report as JUnit's XML", () => {
  const xml = renderJUnit(sample) ?? "";
  const testOf = (name: string) =>
    new RegExp(`<testcase [^>]* name="${name}"(/>|>[^]*?</testcase>)`).exec(xml)?.[1] ?? "";

  it("is well-formed, whatever resources are called", () => {
    assertWellFormed(xml);
    const policies = {
      ...sample.result.policies,
      findings: sample.result.policies.findings.map((each) => ({
        ...each,
        message: 'a]]>b\u0000<c "d"\n\ud800e',
        resource: "<&\"'>",
      })),
    };
    const odd = renderJUnit({ ...sample, result: { ...sample.result, policies } }) ?? "";
    assertWellFormed(odd);
    assert.match(odd, /message="mandatory: &lt;&amp;&quot;'&gt;: a\]\]&gt;b&lt;c &quot;d&quot;"/);
  });

  it("has a test for each rule, in a suite for each family, and counts them", () => {
    assert.match(xml, /<testsuites name="policies of shop-pr-7" tests="8" failures="1" errors="0" skipped="4">/);
    assert.match(xml, /<testsuite name="hygiene" tests="3" failures="0" errors="0" skipped="2">/);
    assert.equal(xml.match(/<testcase /g)?.length, 8);
  });

  it("fails for mandatory rules alone", () => {
    assert.match(
      testOf("no-world-egress"),
      /<failure type="mandatory" message="mandatory: NetworkPolicy out\|`x`: egress/,
    );
    assert.match(testOf("no-world-egress"), /fix: do what the rule says\. See https:\/\/example\.com\/no-world-egress/);
    assert.match(testOf("expiry-set"), /^>\s*<system-out>advisory: Namespace e: no end/);
    assert.equal(xml.match(/<failure/g)?.length, 1);
  });

  it("skips what the update decides, what does not apply and what is disabled", () => {
    assert.match(
      testOf("trust-exact"),
      /<skipped message="decided at update"\/>\s*<system-out>decided at update: Role r/,
    );
    assert.match(testOf("no-wildcard-host"), /<skipped message="not applicable"\/>/);
    assert.match(testOf("budget-present"), /<skipped message="disabled by the pack's config"\/>/);
    assert.equal(testOf("tls-on"), "/>");
  });

  it("is not written where no rules were asked", () => {
    assert.equal(renderJUnit(unjudged), undefined);
  });
});
