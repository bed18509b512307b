import { ENGINES } from "../config/databases";
import { EGRESS_PROXY } from "../config/egress";
import { LABEL } from "../config/labels";
import { findEnvironment } from "./absent";
import { messageOf } from "./errors";
import type { KubeList } from "./kube";
import type { EnvironmentName } from "./naming";
import { connect, type Target } from "./target";
import type { Pod } from "./trouble";
import { masker } from "./waiting";

/** What one pod has said. */
export interface PodLog {
  readonly pod: string;
  /** `app`, or the name of the service or job. */
  readonly part: string;
  readonly lines: readonly string[];
}

/** Parts that are none of the config's own programs. */
const others: readonly string[] = [...ENGINES, EGRESS_PROXY, "access-proxy"];

/**
 * The last lines of the app, its services and its jobs. Values of the environment's Secrets are masked.
 *
 * @param count Lines of each pod.
 * @throws BerthError (usage) when there is no such environment
 */
export async function logs(target: Target, name: EnvironmentName, count: number): Promise<PodLog[]> {
  const kube = await connect(target);
  const path = `/api/v1/namespaces/${name.namespace}`;
  await findEnvironment(kube, target, name);
  const [{ items }, hide] = await Promise.all([
    kube.get<KubeList<Pod>>(`${path}/pods`, { query: { labelSelector: LABEL.component } }),
    masker(kube, name.namespace),
  ]);
  const chosen = items.filter(({ metadata }) => !others.includes(metadata.labels?.[LABEL.component] ?? ""));
  return Promise.all(
    chosen.map(async ({ metadata, status }) => {
      const container = status?.containerStatuses?.[0]?.name;
      const lines = await kube
        .text(`${path}/pods/${metadata.name}/log`, { container, tailLines: count })
        .then((text) => hide(text).split("\n").filter(Boolean))
        .catch((error: unknown) => [`(no log: ${messageOf(error)})`]);
      const { [LABEL.job]: job, [LABEL.component]: component = "" } = metadata.labels ?? {};
      return { pod: metadata.name, part: job ?? component, lines };
    }),
  );
}
