import { z } from "zod";
import type { Verdict } from "./findings";
import { withoutNetwork } from "./sandbox";

/** What checkov says in JSON, as far as it is read here. */
const reportSchema = z.object({
  results: z.object({
    failed_checks: z.array(
      z.object({ check_id: z.string(), check_name: z.string(), file_path: z.string(), resource: z.string() }),
    ),
  }),
  summary: z.object({ parsing_errors: z.number(), resource_count: z.number(), checkov_version: z.string() }),
});

/** Has checkov judge a folder of manifests, by the checks that it ships. */
export async function runCheckov(python: string, folder: string): Promise<Verdict> {
  const quiet = ["--framework", "kubernetes", "--skip-download", "--quiet", "--compact", "--soft-fail"];
  const args = ["-m", "checkov.main", "--directory", folder, ...quiet, "--output", "json"];
  return parseCheckov(await withoutNetwork(python, args, [0]));
}

/**
 * Reads checkov's report.
 *
 * @throws Error when it could not read a file
 */
export function parseCheckov(output: string): Verdict {
  const { results, summary } = reportSchema.parse(JSON.parse(output));
  if (summary.parsing_errors > 0) throw new Error(`checkov could not read ${summary.parsing_errors} of the files`);
  return {
    objects: summary.resource_count,
    findings: results.failed_checks.map(({ check_id: check, check_name: message, file_path, resource }) => {
      // Kind.namespace.name, and names of objects have dots.
      const [kind = "", , ...name] = resource.split(".");
      const example = (file_path.split("/").at(-1) ?? "").replace(/\.yaml$/, "");
      return { judge: "checkov", check, object: `${example}/${kind}/${name.join(".")}`, message };
    }),
  };
}
