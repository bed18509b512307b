import { hex } from "../../account";
import { arn, inner, text, type Behaviour, type Call } from "../../behaviour";
import { AwsError, fail } from "../../errors";
import { knownObject, knownText, knownTexts } from "../fields";
import { clusterOf, ofCluster } from "./common";
import { ACCESS_ENTRY, POLICY_ASSOCIATION } from "./types";

/** The entry that EKS makes for whoever creates a cluster, and for the nodes of managed groups. */
export function implicitEntry(call: Call, clusterName: string, principalArn: string, type: string): void {
  const id = `${clusterName}:${principalArn}`;
  if (call.account.find(ACCESS_ENTRY, call.region, id)) return;
  const inputs = { clusterName, principalArn, type };
  call.account.put({ type: ACCESS_ENTRY, id, region: call.region, implicit: true, inputs, outputs: { ...inputs } });
}

const entryTypes = ["STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX"];

/** Asks that the cluster knows access entries. */
function requireEntries(call: Call): void {
  const mode = text(inner(clusterOf(call).outputs, "accessConfig"), "authenticationMode");
  if (mode === "CONFIG_MAP")
    fail(
      "InvalidRequestException",
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
}

export const accessEntry: Behaviour = {
  title: "EKS Access Entry",
  sets: ["kubernetesGroups"],
  references: [ofCluster],
  notFound: (id) => new AwsError("ResourceNotFoundException", `The specified principalArn could not be found: ${id}`),
  // CreateAccessEntry, EKS API reference.
  check: (inputs) => {
    const principal = knownText(inputs, "principalArn");
    const type = knownText(inputs, "type");
    const reserved = knownTexts(inputs, "kubernetesGroups").filter(({ value }) =>
      /^(system|eks|aws|amazon|iam):/.test(value),
    );
    const isPlain = type === undefined || type === "STANDARD";
    const forPlain = isPlain ? [] : ["kubernetesGroups", "userName"].filter((name) => inputs[name] !== undefined);
    return [
      ...(principal !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:(role|user|root)/.test(principal)
        ? [{ property: "principalArn", reason: `"${principal}" is no ARN of an IAM role or user` }]
        : []),
      ...(type !== undefined && !entryTypes.includes(type)
        ? [{ property: "type", reason: `"${type}" is not accepted; accepted are ${entryTypes.join(", ")}` }]
        : []),
      ...reserved.map(({ path, value }) => ({ property: path, reason: `"${value}" is kept for Kubernetes and AWS` })),
      ...forPlain.map((property) => ({ property, reason: `is not accepted for entries of type ${type ?? ""}` })),
    ];
  },
  verify: (call, before) => {
    requireEntries(call);
    const id = `${text(call.inputs, "clusterName")}:${text(call.inputs, "principalArn")}`;
    const there = call.account.find(ACCESS_ENTRY, call.region, id);
    if (!before && there)
      fail("ResourceInUseException", `The specified access entry resource is already in use on this cluster: ${id}`);
  },
  id: (call) => `${text(call.inputs, "clusterName")}:${text(call.inputs, "principalArn")}`,
  describe: (call, _id, before) => ({
    accessEntryArn:
      before?.outputs["accessEntryArn"] ??
      arn(call, "eks", `access-entry/${text(call.inputs, "clusterName")}/role/${call.accountId}/${hex(8)}`),
    createdAt: before?.outputs["createdAt"] ?? call.now,
    kubernetesGroups: call.inputs["kubernetesGroups"] ?? [],
    modifiedAt: call.now,
    type: call.inputs["type"] ?? "STANDARD",
    userName: call.inputs["userName"] ?? call.inputs["principalArn"] ?? "",
  }),
  applied: () => undefined,
  remove: (call, { inputs }) => {
    for (const one of call.account.all(POLICY_ASSOCIATION, call.region))
      if (one.inputs["clusterName"] === inputs["clusterName"] && one.inputs["principalArn"] === inputs["principalArn"])
        call.account.remove(one);
  },
};

/** "Review access policy permissions", EKS user guide. Those for AWS's own services are left out. */
const accessPolicies = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSSecretReaderPolicy",
  "AmazonEKSViewPolicy",
];

export const policyAssociation: Behaviour = {
  title: "EKS Access Policy Association",
  sets: ["accessScope.namespaces"],
  references: [ofCluster],
  notFound: (id) => new AwsError("ResourceNotFoundException", `no association ${id}`),
  check: (inputs) => {
    const policy = knownText(inputs, "policyArn");
    const scope = knownObject(inputs, "accessScope") ?? {};
    const names = knownTexts(scope, "namespaces");
    const name = policy?.replace(/^arn:aws[a-z-]*:eks::aws:cluster-access-policy\//, "");
    return [
      ...(name !== undefined && !accessPolicies.includes(name)
        ? [
            {
              property: "policyArn",
              reason: `"${policy ?? ""}" is no access policy; accepted are ${accessPolicies.join(", ")}`,
            },
          ]
        : []),
      ...(knownText(scope, "type") === "namespace" && scope["namespaces"] === undefined
        ? [{ property: "accessScope.namespaces", reason: "is required for the scope namespace" }]
        : []),
      ...(knownText(scope, "type") === "cluster" && names.length > 0
        ? [{ property: "accessScope.namespaces", reason: "is not accepted for the scope cluster" }]
        : []),
    ];
  },
  verify: (call) => {
    requireEntries(call);
    const principal = text(call.inputs, "principalArn");
    const entry = call.account.find(ACCESS_ENTRY, call.region, `${text(call.inputs, "clusterName")}:${principal}`);
    if (!entry)
      fail(
        "ResourceNotFoundException",
        `The specified principalArn could not be found. You can view your available principals with 'list-access-entries': ${principal}`,
      );
    if (entry.inputs["type"] !== undefined && entry.inputs["type"] !== "STANDARD" && entry.inputs["type"] !== "EC2")
      fail("InvalidParameterException", `Access policies go with entries of type STANDARD and EC2 only`);
  },
  id: (call) => ["clusterName", "principalArn", "policyArn"].map((name) => text(call.inputs, name)).join("#"),
  describe: (call, _id, before) => ({
    associatedAt: before?.outputs["associatedAt"] ?? call.now,
    modifiedAt: call.now,
  }),
};
