import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalError } from "../../local/errors";
import { runCheckov } from "./checkov";
import { REASONS_FILE, compare, readReasons } from "./findings";
import type { Judge, Verdict } from "./findings";
import { runKubeScore } from "./kube-score";
import { KNOWN_BAD, writeManifests } from "./manifests";
import { ensureCheckov, ensureKubeScore } from "./tools";

/*
 * Has well-known scanners judge the objects of the example stacks. It fails on what they find unless policies/outside-findings.yaml gives a
 * reason, on a reason that nothing needs any more, and on a scanner that does not find what it must. Counts are written as JSON to the
 * file that BERTH_TEST_COUNTS names.
 */

/** What each scanner has to find in the known-bad pod. */
const MUST_FIND: Record<Judge, string> = {
  checkov: "CKV_K8S_16",
  "kube-score": "container-security-context-privileged",
};

const tell = (line: string): void => console.log(`  ${line}`);

async function judge(folder: string): Promise<Record<Judge, Verdict>> {
  const [python, kubeScore] = await Promise.all([ensureCheckov(tell), ensureKubeScore(tell)]);
  const [checkov, second] = await Promise.all([runCheckov(python, folder), runKubeScore(kubeScore, folder)]);
  return { checkov, "kube-score": second };
}

async function main(): Promise<{ passed: number; failed: number }> {
  const folder = await mkdtemp(join(tmpdir(), "berth-judges-"));
  try {
    const objects = writeManifests(folder);
    const verdicts = await judge(folder);
    const reasons = readReasons();
    let passed = 0;
    let failed = 0;
    const count = (title: string, problems: readonly string[]): void => {
      if (problems.length === 0) passed++;
      else failed++;
      console.log([`  ${problems.length === 0 ? "✔" : "✘"} ${title}`, ...problems].join("\n      "));
    };
    for (const [name, verdict] of Object.entries(verdicts) as [Judge, Verdict][]) {
      const [mustFind, own] = [MUST_FIND[name], reasons.filter(({ judge }) => judge === name)];
      const isKnownBad = ({ object }: { object: string }) => object.startsWith(`${KNOWN_BAD}/`);
      const found = verdict.findings.filter((finding) => !isKnownBad(finding));
      const { unexplained, stale } = compare(found, own);
      const caught =
        verdict.objects > 0 && verdict.findings.some((finding) => isKnownBad(finding) && finding.check === mustFind);
      count(`${name} finds a privileged pod`, caught ? [] : [`no finding ${mustFind}: it judges nothing`]);
      const explained = found.length - unexplained.length;
      count(
        `${name} finds nothing new in the ${objects} objects of the examples (${explained} findings have a reason)`,
        unexplained.map(({ check, object, message }) => `${check} ${object}: ${message}`),
      );
      count(
        `each of the ${own.length} reasons for ${name} is needed`,
        stale.map(({ reason, pattern }) => `${reason.check} ${pattern}: nothing is found there any more`),
      );
    }
    if (failed > 0)
      console.log(`fix: change what is made, or ${REASONS_FILE}: a reason for what stays, no reason for what has gone`);
    return { passed, failed };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

main()
  .then(async (counts) => {
    const file = process.env["BERTH_TEST_COUNTS"];
    if (file) await writeFile(file, JSON.stringify(counts));
    if (counts.failed > 0) process.exitCode = 1;
  })
  .catch((error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    if (error instanceof LocalError && error.fix !== "") console.error(`fix: ${error.fix}`);
    process.exitCode = 1;
  });
