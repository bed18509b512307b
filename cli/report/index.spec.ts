import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pc from "picocolors";
import { BerthError, ExitCode } from "../../lifecycle/errors";
import { sample, unjudged } from "../../test/support/report-sample";
import { assertWritable, formatAndFile, FORMATS, writeReports } from ".";
import { previewExitCode } from "./exit-code";
import { statuses } from "./input";
import { renderPolicies } from "./text";

const { result, file, exitCode } = sample;

describe("--report", () => {
  it("is a format and a file, each time one more", () => {
    const first = formatAndFile("sarif=out/berth.sarif");
    assert.deepEqual(formatAndFile("text=-", first), [
      { format: "sarif", file: "out/berth.sarif" },
      { format: "text", file: "-" },
    ]);
    for (const wrong of ["sarif", "sarif=", "html=x", "=x"]) {
      assert.throws(() => formatAndFile(wrong), /text, json, sarif, junit, markdown/, wrong);
    }
  });

  it("prints one thing at most on standard output", () => {
    const printed = { format: "sarif", file: "-" } as const;
    assert.doesNotThrow(() => {
      assertWritable([printed, { format: "junit", file: "x" }], false);
    });
    for (const json of [true, false]) {
      const check = () => {
        assertWritable(json ? [printed] : [printed, printed], json);
      };
      assert.throws(check, (error) => error instanceof BerthError && error.exitCode === ExitCode.usage);
    }
  });

  it("writes every format to its file, with folders, and returns what is printed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-report-"));
    try {
      const wanted = FORMATS.map((format) => ({ format, file: join(folder, "new", format) }));
      const shown = await writeReports([...wanted, { format: "markdown", file: "-" }], { result, file, exitCode });
      assert.match(shown ?? "", /^<!-- berth preview shop-pr-7 -->/);
      const texts = await Promise.all(wanted.map((each) => readFile(each.file, "utf8")));
      const starts = [
        /^shop-pr-7 would change/,
        /^\{\n {2}"environment"/,
        /^\{\n {2}"\$schema"/,
        /^<\?xml/,
        /^<!-- berth/,
      ];
      starts.forEach((start, index) => {
        assert.match(texts[index] ?? "", start);
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("adds to the summary of a job of GitHub's", async () => {
    const folder = await mkdtemp(join(tmpdir(), "berth-report-"));
    const before = process.env["GITHUB_STEP_SUMMARY"];
    const summary = join(folder, "summary");
    process.env["GITHUB_STEP_SUMMARY"] = summary;
    try {
      const wanted = [{ format: "markdown", file: summary }] as const;
      for (let time = 0; time < 2; time++) await writeReports(wanted, { result, file, exitCode });
      assert.equal((await readFile(summary, "utf8")).match(/<!-- berth preview/g)?.length, 2);
    } finally {
      if (before === undefined) delete process.env["GITHUB_STEP_SUMMARY"];
      else process.env["GITHUB_STEP_SUMMARY"] = before;
      await rm(folder, { recursive: true });
    }
  });

  it("writes no SARIF and no JUnit where no rules were asked", async () => {
    const wanted = [
      { format: "sarif", file: "/nowhere/x" },
      { format: "junit", file: "/nowhere/y" },
    ] as const;
    assert.equal(await writeReports(wanted, { result: unjudged.result, file, exitCode: 2 }), undefined);
  });
});

describe("the exit code of a preview", () => {
  const policies = result.policies;
  const loss = { engine: "redis", path: "databases.redis", message: "it is deleted" } as const;
  const refusal = { ...loss, fix: "keep it." };

  it("is that of the worst level", () => {
    const codes = (["none", "advisory", "mandatory"] as const).map((worst) =>
      previewExitCode({ refusals: [], losses: [], policies: { ...policies, worst } }, false),
    );
    assert.deepEqual(codes, [ExitCode.ok, ExitCode.ok, ExitCode.policy]);
  });

  it("tells what a deploy would stumble over first", () => {
    const all = { refusals: [refusal], losses: [loss], policies };
    assert.equal(previewExitCode(all, false), ExitCode.usage);
    assert.equal(previewExitCode({ ...all, refusals: [] }, false), ExitCode.policy);
    const advisory = { ...policies, worst: "advisory" } as const;
    assert.equal(previewExitCode({ refusals: [], losses: [loss], policies: advisory }, false), ExitCode.dataLoss);
    assert.equal(previewExitCode({ refusals: [], losses: [loss], policies: undefined }, true), ExitCode.ok);
  });
});

describe("what rules say, as text", () => {
  it("names what is broken, what the update decides, and counts the rest", () => {
    assert.deepEqual(renderPolicies(result.policies, pc.createColors(false)), [
      'mandatory: no-world-egress: NetworkPolicy out|`x`: egress[0] opens <everything> & "more"\n  in two lines',
      "advisory: expiry-set: Namespace e: no end",
      "advisory: from-elsewhere: odd\u0007",
      "decided at update: trust-exact (Role r)",
      "decided at update: quota-there",
      "policies berth@0.1.0: 1 mandatory, 2 advisory, 2 decided at update, 1 passed, 1 not applicable, 1 disabled",
    ]);
  });

  it("never counts a rule as passed that is broken or open elsewhere", () => {
    const report = { ...result.policies, passed: [...result.policies.passed, { rule: "trust-exact", resources: 3 }] };
    assert.equal(statuses(report, sample.rules).get("trust-exact"), "undecided");
  });
});
