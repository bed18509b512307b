import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { requiredVersion } from "../../local/toolchain/parts";
import type { Verdict } from "./findings";
import { withoutNetwork } from "./sandbox";

/** kube-score's grade of what is as it should be. */
const ALL_OK = 10;

/** Optional checks that are made too. Not those that want requests to equal limits: a preview mostly idles, and nodes are shared. */
const FURTHER = ["container-seccomp-profile", "container-ports-check"];

/** What kube-score says in JSON, as far as it is read here. */
const reportSchema = z.array(
  z.object({
    type_meta: z.object({ kind: z.string() }),
    object_meta: z.object({ name: z.string() }),
    checks: z.array(
      z.object({
        check: z.object({ id: z.string(), name: z.string() }),
        grade: z.number(),
        skipped: z.boolean(),
        comments: z.array(z.object({ path: z.string(), summary: z.string() })).nullable(),
      }),
    ),
  }),
);

/** Has kube-score judge a folder of manifests, each file for itself: examples have objects of the same names. */
export async function runKubeScore(program: string, folder: string): Promise<Verdict> {
  const goMod = await readFile(join(__dirname, "../../local/go/go.mod"), "utf8");
  const [version] = /^v\d+\.\d+/.exec(requiredVersion(goMod, "k8s.io/kubernetes")) ?? [];
  const options = ["--output-format", "json", "--disable-ignore-checks-annotations"];
  options.push(...FURTHER.flatMap((check) => ["--enable-optional-test", check]));
  const verdict: Verdict = { findings: [], objects: 0 };
  for (const file of (await readdir(folder)).sort()) {
    const args = ["score", ...options, "--kubernetes-version", version ?? "", join(folder, file)];
    // It ends with 1 when it has found something critical.
    const { findings, objects } = parseKubeScore(
      file.replace(/\.yaml$/, ""),
      await withoutNetwork(program, args, [0, 1]),
    );
    verdict.findings.push(...findings);
    verdict.objects += objects;
  }
  return verdict;
}

/** Reads kube-score's report of an example. */
export function parseKubeScore(example: string, output: string): Verdict {
  const objects = reportSchema.parse(JSON.parse(output));
  return {
    objects: objects.length,
    findings: objects.flatMap(({ type_meta: { kind }, object_meta: { name }, checks }) =>
      checks
        .filter(({ grade, skipped }) => !skipped && grade < ALL_OK)
        .map(({ check, comments }) => ({
          judge: "kube-score",
          check: check.id,
          object: `${example}/${kind}/${name}`,
          message: [check.name, ...(comments ?? []).map(({ path, summary }) => `${path} ${summary}`.trim())].join("; "),
        })),
    ),
  };
}
