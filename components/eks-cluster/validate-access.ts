import { PLATFORM_NAMESPACE } from "../../config/names";
import { validateGitHubTrust } from "../iam/trust";
import { under } from "../problems";
import type { InvalidProperty } from "../problems";
import { principalName } from "./access";
import type { AccessArgs, DeployerArgs } from "./args";

/** Namespaces that only administrators change: whoever edits them has the cluster. */
const CLOSED_NAMESPACES = ["kube-system", "kube-public", "kube-node-lease", PLATFORM_NAMESPACE];

const PRINCIPAL = /^arn:aws[a-z-]*:iam::\d{12}:(role|user)\/[\w+=,.@/-]+$/;
const EXAMPLE = "arn:aws:iam::111122223333:role/platform-admin";

/** Finds what is wrong with who may do what. */
export function validateAccess({ admins, deployers }: AccessArgs): InvalidProperty[] {
  const plain = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const principals = [
    ...admins.map((principalArn, index) => ({ path: `admins[${index}]`, principalArn })),
    ...deployers.flatMap((deployer, index) => {
      const principalArn = plain(deployer.principalArn);
      return principalArn === undefined ? [] : [{ path: `deployers[${index}].principalArn`, principalArn }];
    }),
  ];
  return [
    ...principals.flatMap(({ path, principalArn }) =>
      principalProblem(principalArn).map((reason) => ({ propertyPath: path, reason })),
    ),
    ...twice(principals),
    ...deployers.flatMap((deployer, index) =>
      under(`deployers[${index}]`, [
        ...validateDeployerName(deployer, deployers.slice(0, index)),
        ...validateIdentity(deployer),
        ...validateNamespaces(deployer),
      ]),
    ),
  ];
}

function principalProblem(principalArn: string): string[] {
  if (PRINCIPAL.test(principalArn)) return [];
  const session = /^arn:aws[a-z-]*:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(principalArn);
  if (session) {
    const role = `arn:aws:iam::${session[1] ?? ""}:role/${session[2] ?? ""}`;
    return [
      `"${principalArn}" is a session of a role; accepted: the role itself. Write ${role}, with its path if it has one.`,
    ];
  }
  return [`"${principalArn}" is not an IAM role or user; accepted: its ARN, such as ${EXAMPLE}. Correct it.`];
}

/** EKS has one entry for each principal; names of entries are made from the ARN's last part. */
function twice(principals: readonly { path: string; principalArn: string }[]): InvalidProperty[] {
  return principals.flatMap(({ path, principalArn }, index) => {
    const earlier = principals.slice(0, index);
    const same = earlier.find((one) => one.principalArn === principalArn);
    if (same) {
      const reason = `"${principalArn}" is listed as ${same.path} too; accepted: each role or user once. Remove one of them.`;
      return [{ propertyPath: path, reason }];
    }
    const alike = earlier.find(
      (one) => isAdmin(one.path) && isAdmin(path) && principalName(one.principalArn) === principalName(principalArn),
    );
    if (!alike) return [];
    const reason = `"${principalArn}" differs from ${alike.path} only in account, dots or slashes; accepted: names that differ in letters or digits. Rename one of them.`;
    return [{ propertyPath: path, reason }];
  });
}

function isAdmin(path: string): boolean {
  return path.startsWith("admins");
}

function validateDeployerName({ name }: DeployerArgs, earlier: readonly DeployerArgs[]): InvalidProperty[] {
  const propertyPath = "name";
  if (!/^[a-z0-9]([a-z0-9-]{0,18}[a-z0-9])?$/.test(name)) {
    const reason = `"${name}" is not accepted: 1 to 20 lower-case letters, digits and hyphens inside. Rename the deployer, such as "previews".`;
    return [{ propertyPath, reason }];
  }
  if (!earlier.some((one) => one.name === name)) return [];
  return [{ propertyPath, reason: `"${name}" is there twice; accepted: each name once. Rename one of them.` }];
}

function validateIdentity({ principalArn, github }: DeployerArgs): InvalidProperty[] {
  if (principalArn !== undefined && github !== undefined) {
    const reason = "it is given beside principalArn; accepted: one of them. Remove one.";
    return [{ propertyPath: "github", reason }];
  }
  if (github) return under("github", validateGitHubTrust(github));
  if (principalArn !== undefined) return [];
  const reason =
    "it is missing, and so is github; accepted: one of them. Give a role's ARN, or the workflow to make a role for.";
  return [{ propertyPath: "principalArn", reason }];
}

function validateNamespaces({ namespaces = [] }: DeployerArgs): InvalidProperty[] {
  return namespaces.flatMap((namespace, index) => {
    const propertyPath = `namespaces[${index}]`;
    if (!/^[a-z0-9][a-z0-9-]{0,62}\*?$/.test(namespace)) {
      const reason = `"${namespace}" is not a namespace; accepted: its name, or how it begins and "*", such as demo-*. Environments need no entry.`;
      return [{ propertyPath, reason }];
    }
    const closed = CLOSED_NAMESPACES.find((one) =>
      namespace.endsWith("*") ? one.startsWith(namespace.slice(0, -1)) : one === namespace,
    );
    if (closed === undefined) return [];
    const reason = `"${namespace}" is ${closed === namespace ? "closed to deployers" : `${closed} too, which is closed to deployers`}; accepted: namespaces of your own. ${closed === namespace ? "Remove it." : "Write more of the name."}`;
    return [{ propertyPath, reason }];
  });
}
