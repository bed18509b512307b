import { CustomResource } from "@pulumi/kubernetes/apiextensions";
import { Secret } from "@pulumi/kubernetes/core/v1";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword";
import { LOGIN_USER } from "../../../config/access";
import type { Children } from "../../children";
import type { PrEnvironmentTransforms } from "../args";
import { PASSWORD } from "../databases";
import type { PrEnvironmentPlan } from "../plan";
import { loginLine } from "./plan";

/** Who may log in at an environment's URL. */
export interface Login {
  user: string;
  password: string;
}

/**
 * Registers what requests pass at the gateway. Of a login the cluster gets a hash only; the password is in the stack's state, encrypted.
 *
 * @returns what routes must depend on, and the login, a secret; undefined when there is none
 */
export function createGate(
  { children, owner }: { children: Children; owner: Children },
  { gate }: PrEnvironmentPlan,
  transform: PrEnvironmentTransforms,
): { gates: pulumi.Resource[]; login: pulumi.Output<Login> | undefined } {
  const gates: pulumi.Resource[] = gate.middlewares.map((middleware) =>
    children.add(CustomResource, middleware.metadata.name, middleware, transform.middleware),
  );
  if (gate.login === undefined) return { gates, login: undefined };
  const { result } = owner.add(RandomPassword, "access-password", PASSWORD);
  const secret = children.add(
    Secret,
    "access-login-secret",
    { ...gate.login, stringData: pulumi.secret({ users: result.apply(loginLine) }) },
    transform.secret,
  );
  const login = pulumi.secret(result.apply((password) => ({ user: LOGIN_USER, password })));
  return { gates: [...gates, secret], login };
}
