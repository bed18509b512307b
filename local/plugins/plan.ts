import { join } from "node:path";

import { LocalError } from "../errors";

/** Where a plugin comes from: Pulumi's own release, or the replacement that Berth builds from source. */
export type PluginSource = "official" | "stand-in";

/** A resource plugin that the programs need, in the exact version of the npm package that asks for it. */
export interface RequiredPlugin {
  /** Name of the plugin, for example `kubernetes`. */
  name: string;
  /** Version without `v`, for example `4.34.2`. */
  version: string;
}

/** A required plugin with the file that serves it. */
export interface PluginChoice extends RequiredPlugin {
  source: PluginSource;
  /** Absolute path of the executable: in the user's own PULUMI_HOME, the binary that holds the stand-ins, or a script. */
  executable: string;
}

/** What {@link choosePlugins} decides from. */
export interface PluginSituation {
  required: readonly RequiredPlugin[];
  /**
   * Plugins that the programs do without as long as no stack of theirs is deployed.
   * @default none
   */
  optional?: readonly RequiredPlugin[];
  /** Executables of the official plugins that the machine has, by {@link pluginFolder}. */
  official: Readonly<Record<string, string>>;
  /** Absolute path of the binary that holds the stand-ins of the required plugins. */
  standIn: string;
  /**
   * Absolute paths of the stand-ins of optional plugins, by name of the plugin. One that is not named there has none.
   * @default none
   */
  optionalStandIns?: Readonly<Record<string, string>>;
  /**
   * Takes only this kind.
   * @default official where the machine has it, else the stand-in, plugin by plugin
   */
  only?: PluginSource;
}

/** Name of the folder under `plugins/` where the engine looks for a plugin. */
export function pluginFolder(plugin: RequiredPlugin): string {
  return `resource-${plugin.name}-v${plugin.version}`;
}

/** Name of a plugin's executable in its folder. */
export function pluginExecutable(plugin: RequiredPlugin): string {
  return `pulumi-resource-${plugin.name}`;
}

/**
 * Decides for each plugin which file serves it. An optional one for which there is no file of the wanted kind is left out: the
 * engine then says by name which plugin a stack lacks.
 *
 * @throws LocalError when only official ones are wanted and a required one is not there; it names the commands that install them.
 */
export function choosePlugins(situation: PluginSituation): PluginChoice[] {
  const missing: RequiredPlugin[] = [];
  const choices = situation.required.map((plugin): PluginChoice => {
    const official = situation.official[pluginFolder(plugin)];
    if (situation.only === "official" && official === undefined) missing.push(plugin);
    return official !== undefined && situation.only !== "stand-in"
      ? { ...plugin, source: "official", executable: official }
      : { ...plugin, source: "stand-in", executable: situation.standIn };
  });
  if (missing.length === 0) return [...choices, ...chooseOptional(situation)];
  const names = missing.map((plugin) => `${plugin.name} ${plugin.version}`).join(" and ");
  const commands = missing.map((plugin) => `pulumi plugin install resource ${plugin.name} v${plugin.version}`);
  throw new LocalError({
    message: `The official plugin ${names} is not installed, and \`--plugins official\` asks for it.`,
    fix: `On a machine that can reach Pulumi's downloads run \`${commands.join(" && ")}\`, or use \`--plugins stand-in\`.`,
  });
}

function chooseOptional(situation: PluginSituation): PluginChoice[] {
  return (situation.optional ?? []).flatMap((plugin): PluginChoice[] => {
    const official = situation.only === "stand-in" ? undefined : situation.official[pluginFolder(plugin)];
    if (official !== undefined) return [{ ...plugin, source: "official", executable: official }];
    const standIn = situation.only === "official" ? undefined : situation.optionalStandIns?.[plugin.name];
    return standIn === undefined ? [] : [{ ...plugin, source: "stand-in", executable: standIn }];
  });
}

/**
 * Folder of the PULUMI_HOME for a choice. Each combination has one of its own, so that two commands that choose
 * differently do not change each other's plugins.
 *
 * @param cache Berth's cache folder.
 */
export function homeFolder(cache: string, choices: readonly PluginChoice[]): string {
  const official = choices.filter((choice) => choice.source === "official").map((choice) => choice.name);
  const name =
    official.length === 0
      ? "stand-in"
      : official.length === choices.length
        ? "official"
        : `official-${official.join("-")}`;
  return join(cache, "pulumi-home", name);
}
