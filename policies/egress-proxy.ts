import { containersOf, podOf, selects, WORKLOADS, type Workload } from "./kubernetes";
import { PREVIEWS, resourcePolicy } from "./rule";

/*
 * Who may be the egress proxy. Its pods alone have a way to public addresses, and NetworkPolicies know them by labels that any pod could have.
 */

/** Labels of the pods that may connect to the world. */
export const PROXY_LABELS: Readonly<Record<string, string>> = { "berth.dev/component": "egress-proxy" };

/** Whether an image is of a repository, whichever its tag and digest. */
function isOf(repository: string, image: string): boolean {
  return [":", "@"].some((end) => image.startsWith(repository + end));
}

/** Nobody takes the proxy's way out by its labels. */
export const egressProxyImage = resourcePolicy<Workload, { repositories: readonly string[] }>({
  name: "egress-proxy-runs-its-image",
  description:
    "Checks that pods with the labels of a preview's egress proxy run the image of the proxy and nothing else.",
  severity: "critical",
  remediation: "take the label `berth.dev/component: egress-proxy` away; reach hosts by the proxy that Berth makes.",
  url: "https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors",
  stacks: PREVIEWS,
  types: WORKLOADS,
  parameters: {
    repositories: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "Images of the egress proxy, each without tag and digest. Without any, no image is refused in previews; the platform names its own to the cluster.",
    },
  },
  check: ({ type, props, config, report, attempt }) => {
    const { metadata, spec } = podOf(type, props);
    if (config.repositories.length === 0 || !selects({ matchLabels: PROXY_LABELS }, metadata?.labels ?? {})) return;
    for (const { place, container } of containersOf(spec ?? {})) {
      attempt(() => {
        const { image = "" } = container;
        if (!config.repositories.some((one) => isOf(one, image)))
          report(`${place} of the egress proxy has the image ${image}`);
      });
    }
  },
});
