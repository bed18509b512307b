import * as pulumi from "@pulumi/pulumi";
import { throwIfInvalid } from "../problems";
import type { CallbackArgs } from "./args";
import { planCallbacks, validateCallbacks } from "./callbacks";

/**
 * What a GitHub App for logging in to environments is registered with. Has no resource of the provider, as no API registers an App: a
 * person types the URLs in, and here they are counted before.
 *
 * @example
 * ```ts
 * new GithubApp("login", { domain: "preview.example.com", callbackUrls: ["https://shop.example.com/callback"] });
 * ```
 */
export class GithubApp extends pulumi.ComponentResource {
  /** All URLs to register, the broker's first. */
  readonly callbackUrls: string[];
  /** URL of the broker that all environments share; null without a domain. */
  readonly broker: string | null;

  constructor(name: string, args: CallbackArgs, opts?: pulumi.ComponentResourceOptions) {
    throwIfInvalid("The GitHub App cannot be registered as asked.", validateCallbacks(args));
    super("berth:github-repository:GithubApp", name, {}, opts);
    const plan = planCallbacks(args);

    this.callbackUrls = plan.callbackUrls;
    this.broker = plan.broker;
    this.registerOutputs({ ...plan });
  }
}
