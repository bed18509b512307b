import type { PluginChoice, PluginSource } from "./plan";

/** One line of `berth local status` about the engine. */
export interface PluginDescription {
  name: string;
  version: string;
  source: PluginSource;
  /** What the source means for this plugin, for people. */
  note: string;
}

const notes: Record<string, string> = {
  kubernetes:
    "built here with client-go, kstatus and Helm's library; see local/plugins/README.md for what it leaves out",
  random: "built here with Go's cryptographic random source",
  aws: "keeps resources in a file and checks them by AWS's own service models; reaches no AWS account",
  eks: "makes the parts of a cluster from the aws stand-in; there is no cluster behind them",
  github: "talks to a GitHub server that is named to it, and never to github.com",
};

/**
 * Says which parts of the engine are stand-ins.
 *
 * @param plugins the plugins of a PULUMI_HOME.
 * @param languageHost version of the engine and its Node.js language host.
 */
export function describePlugins(plugins: readonly PluginChoice[], languageHost: string): PluginDescription[] {
  const described = plugins.map(({ name, version, source }): PluginDescription => {
    const note = source === "official" ? "from the PULUMI_HOME of this user" : (notes[name] ?? "built here");
    return { name, version, source, note };
  });
  return [
    {
      name: "language host nodejs",
      version: languageHost,
      source: "stand-in",
      note: "built here; runs the programs with the runners of the npm package @pulumi/pulumi",
    },
    ...described,
  ];
}
