import { readFileSync } from "node:fs";

import { LocalError } from "../errors";
import type { RequiredPlugin } from "./plan";

/** The npm packages whose resources every stack uses. */
const packages = ["@pulumi/kubernetes", "@pulumi/random"] as const;

/** The npm packages that only the stacks `cluster` and `github` use: a machine that deploys environments may lack their plugins. */
const cloudPackages = ["@pulumi/aws", "@pulumi/eks", "@pulumi/github"] as const;

/**
 * The plugins that the installed npm packages ask for. The engine starts no plugin of another version.
 *
 * @param resolve finds the path of a module. @default Node's own resolution from here
 * @throws LocalError when a package is not installed or names no plugin.
 */
export function requiredPlugins(
  resolve: (module: string) => string = (name) => require.resolve(name),
): RequiredPlugin[] {
  return packages.map((name) => readRequirement(name, resolve));
}

/**
 * The plugins for clouds. They are in a PULUMI_HOME where they can be had, and no command but one for their own stacks needs them.
 *
 * @param resolve finds the path of a module. @default Node's own resolution from here
 * @throws LocalError when a package is not installed or names no plugin.
 */
export function optionalPlugins(
  resolve: (module: string) => string = (name) => require.resolve(name),
): RequiredPlugin[] {
  return cloudPackages.map((name) => readRequirement(name, resolve));
}

function readRequirement(packageName: string, resolve: (module: string) => string): RequiredPlugin {
  let manifest: unknown;
  try {
    manifest = JSON.parse(readFileSync(resolve(`${packageName}/package.json`), "utf8"));
  } catch (cause) {
    throw new LocalError({
      message: `The npm package ${packageName} is not installed.`,
      fix: "Run `npm ci --ignore-scripts` in the folder of Berth.",
      cause,
    });
  }
  const { pulumi } = manifest as { pulumi?: { name?: unknown; version?: unknown } };
  if (typeof pulumi?.name !== "string" || typeof pulumi.version !== "string") {
    throw new LocalError({
      message: `The package.json of ${packageName} names no plugin under "pulumi".`,
      fix: "Run `npm ci --ignore-scripts` to get the version that package-lock.json names.",
    });
  }
  return { name: pulumi.name, version: pulumi.version };
}
