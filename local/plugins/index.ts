export { ensurePulumiHome, type PulumiHome, type PulumiHomeOptions } from "./install";
export { type PluginChoice, type PluginSource, type RequiredPlugin } from "./plan";
export { describePlugins, type PluginDescription } from "./describe";
