import type { input } from "@pulumi/kubernetes/types";
import { variablesOf as databaseVariables } from "../../../config/databases";
import { OAUTH_SECRETS } from "../../../config/oauth";
import { addressesFor } from "../../../config/workloads";
import type { WorkloadConfig } from "../../../config/workloads";
import type { PlanContext } from "../context";
import { fromSecret } from "../databases/engine";
import { proxyVariables } from "../egress/plan";

/** Variables that Berth gives an app or a service: what it is, where the others are, and how it reaches its databases and hosts outside. */
export function variablesOf(context: PlanContext, workload: WorkloadConfig): input.core.v1.EnvVar[] {
  const { config, services } = context;
  const addresses = addressesFor(workload, config, ({ name }) => services[name]?.url ?? null);
  const variables = { ...about(context, workload), ...addresses, ...proxyVariables(context) };
  return [
    ...Object.entries(variables).flatMap(([name, value]) => (value === null ? [] : [{ name, value }])),
    ...oauth(context),
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

/** What it takes to log people in through the platform's one callback URL. */
function oauth({ config, platform, namespace }: PlanContext): input.core.v1.EnvVar[] {
  if (!config.oauth.callback || platform.oauth === null) return [];
  const { name, key } = OAUTH_SECRETS.app;
  return [
    { name: "OAUTH_CALLBACK_URL", value: platform.oauth.callbackUrl },
    { name: "OAUTH_ENVIRONMENT", value: namespace },
    { name: "OAUTH_STATE_KEY", valueFrom: { secretKeyRef: { name, key } } },
  ];
}
