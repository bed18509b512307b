import * as pulumi from "@pulumi/pulumi";
import { Platform } from "../components/platform";
import { parsePlatform } from "../config/platform";
import type { PlatformOutputs } from "./outputs";

/** The stack `platform`: one per cluster. */
export function platformStack(): PlatformOutputs {
  const config = parsePlatform(new pulumi.Config("berth").requireObject("platform"));
  return new Platform("platform", { config }).facts;
}
