import { ExitCode } from "../../lifecycle/errors";
import type { PreviewResult } from "../../lifecycle/preview";

/**
 * What a preview ends with, by the worst that a deploy would meet: fields that cannot be as they are, mandatory rules, data that nobody
 * has agreed to lose. Advisory rules, and those that the update will decide, do not count.
 */
export function previewExitCode(
  { refusals, policies, losses }: Pick<PreviewResult, "refusals" | "policies" | "losses">,
  allowDataLoss: boolean,
): ExitCode {
  if (refusals.length > 0) return ExitCode.usage;
  if (policies?.worst === "mandatory") return ExitCode.policy;
  return losses.length > 0 && !allowDataLoss ? ExitCode.dataLoss : ExitCode.ok;
}
