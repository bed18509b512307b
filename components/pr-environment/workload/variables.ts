import type { input } from "@pulumi/kubernetes/types";
import { variablesOf as databaseVariables } from "../../../config/databases";
import { addressesFor } from "../../../config/workloads";
import type { WorkloadConfig } from "../../../config/workloads";
import type { PlanContext } from "../context";
import { fromSecret } from "../databases/engine";

/** Variables that Berth gives an app or a service: what it is, where the others are, and how it reaches its databases. */
export function variablesOf(context: PlanContext, workload: WorkloadConfig): input.core.v1.EnvVar[] {
  const { config, services } = context;
  const addresses = addressesFor(workload, config, ({ name }) => services[name]?.url ?? null);
  const variables = { ...about(context, workload), ...addresses };
  return [
    ...Object.entries(variables).flatMap(([name, value]) => (value === null ? [] : [{ name, value }])),
    ...workload.engines.flatMap((engine) =>
      databaseVariables(config.databases, engine).map((name) => fromSecret(engine, name)),
    ),
  ];
}

function about({ pr, url }: PlanContext, { port }: WorkloadConfig): Record<string, string | null> {
  return {
    PORT: port === undefined ? null : String(port),
    PR_NUMBER: String(pr.number),
    COMMIT_SHA: pr.commit,
    BRANCH_NAME: pr.branch,
    APP_VERSION: `pr-${pr.number}-${pr.commit.slice(0, 7)}`,
    PREVIEW_URL: url,
  };
}
