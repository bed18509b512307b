/* eslint-disable @typescript-eslint/no-require-imports -- loads one role's code only, and works in the bundle as under tsx */
import * as pulumi from "@pulumi/pulumi";
import { withPlainErrors } from "./errors";
import { checkRole } from "./role";

/**
 * The program of every stack. Each role's code is loaded only in its own stacks: it starts sooner, and a pull request's stack has
 * no code at hand that makes what all share.
 *
 * @returns the stack's outputs, as outputs.ts types them
 * @throws pulumi.RunError with what to correct, when config, stack and platform do not go together
 */
function program(): Promise<object> {
  return withPlainErrors<object>(() => {
    const role = checkRole(new pulumi.Config("berth").get("role"), pulumi.getStack());
    switch (role) {
      case "cluster":
        return (require("./cluster") as typeof import("./cluster")).clusterStack();
      case "github":
        return (require("./github") as typeof import("./github")).githubStack();
      case "platform":
        return (require("./platform") as typeof import("./platform")).platformStack();
      case "pr":
        return (require("./pr") as typeof import("./pr")).prStack();
    }
  });
}

export = program;
