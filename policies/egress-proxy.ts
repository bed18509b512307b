import { containersOf, podOf, selects, WORKLOADS, type Container, type Workload } from "./kubernetes";
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

interface ProxyConfig {
  readonly repositories: readonly string[];
  readonly command: readonly string[];
}

/** Probes of a container, each of which can run a program. */
export const PROBES: readonly (keyof Container & `${string}Probe`)[] = [
  "startupProbe",
  "readinessProbe",
  "livenessProbe",
];

/** Whether a container runs this command and nothing beside it: its image has a shell, by which it would be anything. */
function runs({ command = [], args = [], lifecycle, ...container }: Container, wanted: readonly string[]): boolean {
  const isWanted = command.length === wanted.length && wanted.every((word, index) => command[index] === word);
  const probes = PROBES.some((probe) => container[probe]?.exec !== undefined);
  return isWanted && args.length === 0 && lifecycle === undefined && !probes;
}

/** Nobody takes the proxy's way out by its labels. */
export const egressProxyImage = resourcePolicy<Workload, ProxyConfig>({
  name: "egress-proxy-runs-its-image",
  description:
    "Checks that pods with the labels of a preview's egress proxy run the image of the proxy with its command, and nothing else.",
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
    command: {
      type: "array",
      items: { type: "string" },
      default: [],
      description:
        "Command of the egress proxy's container. Without any, no command is refused; the platform names Berth's own to the cluster.",
    },
  },
  check: ({ type, props, config, report, attempt }) => {
    const { metadata, spec } = podOf(type, props);
    if (!selects({ matchLabels: PROXY_LABELS }, metadata?.labels ?? {})) return;
    for (const { place, container } of containersOf(spec ?? {})) {
      attempt(() => {
        const { image = "" } = container;
        if (config.repositories.length > 0 && !config.repositories.some((one) => isOf(one, image)))
          report(`${place} of the egress proxy has the image ${image}`);
      });
      attempt(() => {
        if (config.command.length > 0 && !runs(container, config.command))
          report(`${place} of the egress proxy runs something else than the proxy's command`);
      });
    }
  },
});
