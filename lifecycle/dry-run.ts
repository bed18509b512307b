import { ANNOTATION, LABEL } from "../config/labels";
import { runEngine, type EngineResult } from "./engine";
import { describe, type StepMetadata } from "./events";
import type { EnvironmentName } from "./naming";
import { assertJudged, packArguments, type Pack } from "./policies";
import { PolicyCollector, type PolicyReport } from "./policy-report";
import type { Stops } from "./progress";
import { runIdFor } from "./run-id";
import type { Target } from "./target";
import { copyStackFile, draftOf, removeDrafts, stackFile, writeStackConfig } from "./workspace";

/** What happens to one object. */
export interface ObjectChange {
  readonly op: "create" | "update" | "replace" | "delete";
  /** Kind and name, such as `Deployment shop-pr-1/app`. */
  readonly object: string;
  /** Paths of the fields that change, without their values: some are secret. Empty unless it is an update or a replacement. */
  readonly fields: readonly string[];
}

/** What the engine would do. */
export interface Changes {
  readonly changes: readonly ObjectChange[];
  /** Objects that stay as they are. */
  readonly unchanged: number;
}

/** A preview by the engine, which may have failed. */
export interface DryRun extends Changes {
  readonly result: EngineResult;
  /** How much the code would be trusted; empty when the engine did not come to the namespace. */
  readonly trust: string;
  /** What the rules say; undefined when none were asked. */
  readonly report: PolicyReport | undefined;
}

/** Previews a stack with a configuration of its own, so that the one of the last deploy stays. */
export async function dryRun(
  target: Target,
  name: EnvironmentName,
  config: Record<string, unknown>,
  pack: Pack | undefined,
  { signal, kill }: Stops,
): Promise<DryRun> {
  const draft = draftOf(name.stack);
  const steps: StepMetadata[] = [];
  const collector = new PolicyCollector(pack?.rules ?? []);
  try {
    await copyStackFile(target, name.stack, draft);
    await writeStackConfig(target, draft, config);
    const args = ["preview", "--json", "--stack", name.stack, "--config-file", stackFile(target, draft)];
    // Without this variable the engine prints one document at the end, which says nothing of the rules.
    const env = { ...target.env, PULUMI_ENABLE_STREAMING_JSON_PREVIEW: "true" };
    const result = await runEngine({ ...target, env }, [...args, ...packArguments(pack)], {
      runId: runIdFor(target, name.stack),
      signal,
      kill,
      onEvent: (event) => {
        if (event.resourcePreEvent) steps.push(event.resourcePreEvent.metadata);
        collector.add(event);
      },
    });
    if (pack) assertJudged(collector, result, pack);
    return {
      result,
      ...changesOf(steps),
      trust: trustIn(steps),
      report: pack && collector.report("preview", pack.disabled),
    };
  } finally {
    await removeDrafts(target, name.stack);
  }
}

/** The tier that the environment's namespace would say. */
function trustIn(steps: readonly StepMetadata[]): string {
  const namespace = steps.find(({ type }) => type === "kubernetes:core/v1:Namespace");
  const metadata = namespace?.new?.inputs?.["metadata"] as { labels?: Record<string, string> } | undefined;
  return metadata?.labels?.[LABEL.trust] ?? "";
}

const ops: Readonly<Record<string, ObjectChange["op"]>> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
};

/** What is to be shown of the engine's steps: each object once, Pulumi's own left out. */
export function changesOf(steps: readonly StepMetadata[]): Changes {
  const changes: ObjectChange[] = [];
  let unchanged = 0;
  for (const { op: verb, urn, type, detailedDiff, old, new: fresh } of steps) {
    if ((fresh ?? old)?.custom !== true || type.startsWith("pulumi:")) continue;
    const op = ops[verb];
    const isChange = op === "update" || op === "replace";
    const paths = Object.keys(detailedDiff ?? {});
    const fields = isChange ? paths.filter((path) => !path.includes(ANNOTATION.awaitsQuota)).sort() : [];
    if (verb === "same" || (isChange && paths.length > 0 && fields.length === 0)) unchanged++;
    else if (op !== undefined) changes.push({ op, object: describe({ type, urn, id: old?.id }), fields });
  }
  return { changes, unchanged };
}
