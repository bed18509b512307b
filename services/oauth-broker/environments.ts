import { readFile } from "node:fs/promises";
import { request } from "node:https";
import { LABEL, MANAGED_BY } from "../../config/labels";
import { PLATFORM_NAMESPACE } from "../../config/names";
import { OAUTH_SECRETS } from "../../config/oauth";
import type { Purpose } from "./state";

/** What the broker knows of environments. */
export interface Environments {
  /** The key by which an environment signs for a purpose; undefined when it has none. */
  key(environment: string, purpose: Purpose): Promise<string | undefined>;
  /** Whether an environment is there and is to stay. */
  isLive(environment: string): Promise<boolean>;
}

/** Reads an object of the API server by its path; undefined when there is none. */
export type ReadObject = (path: string) => Promise<unknown>;

/** Set on an environment's Lease by whoever destroys it, before anything is deleted. */
const DESIRED_STATE = "berth.dev/desired-state";

interface ApiObject {
  metadata?: {
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
  };
  data?: Record<string, string>;
}

/** Environments as the cluster has them right now; nothing is kept. */
export function clusterEnvironments(read: ReadObject): Environments {
  return {
    async key(environment, purpose) {
      const { name, key } = OAUTH_SECRETS[purpose];
      const secret = (await read(`/api/v1/namespaces/${environment}/secrets/${name}`)) as ApiObject | undefined;
      const value = secret?.data?.[key];
      return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
    },
    async isLive(environment) {
      const leases = `/apis/coordination.k8s.io/v1/namespaces/${PLATFORM_NAMESPACE}/leases`;
      const [namespace, lease] = (await Promise.all([
        read(`/api/v1/namespaces/${environment}`),
        read(`${leases}/${environment}`),
      ])) as (ApiObject | undefined)[];
      const { labels = {}, deletionTimestamp } = namespace?.metadata ?? {};
      return (
        labels[LABEL.managedBy] === MANAGED_BY &&
        labels[LABEL.environment] === environment &&
        deletionTimestamp === undefined &&
        // An environment made by the engine alone has no Lease.
        lease?.metadata?.annotations?.[DESIRED_STATE] !== "absent"
      );
    },
  };
}

/** Where a pod finds its account (Kubernetes documentation, "Accessing the Kubernetes API from a Pod"). */
const ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Milliseconds for one answer of the API server. */
const TIMEOUT = 5000;

/**
 * Reads objects as the pod's own account.
 *
 * @throws Error of the returned function when the API server does not answer, or with anything but the object or 404
 */
export function inClusterReader(env: NodeJS.ProcessEnv): ReadObject {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"] ?? "443";
  return async (path) => {
    // Read each time: kubelet replaces both before they expire.
    const [token, ca] = await Promise.all([readFile(`${ACCOUNT}/token`, "utf8"), readFile(`${ACCOUNT}/ca.crt`)]);
    const headers = { authorization: `Bearer ${token.trim()}`, accept: "application/json" };
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const call = request({ host, port, path, ca, headers, timeout: TIMEOUT }, (answer) => {
        let text = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => (text += chunk));
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: text }));
        answer.on("error", reject);
      });
      call.on("timeout", () => call.destroy(new Error("the API server does not answer")));
      call.on("error", reject);
      call.end();
    });
    if (status === 404) return undefined;
    if (status !== 200) throw new Error(`the API server answers ${status} for ${path}`);
    return JSON.parse(body) as unknown;
  };
}
