import {
  iamNoWildcardActions,
  iamNoWildcardResources,
  noPullRequestRole,
  previewsTouchNoPlatform,
  rbacNoClusterWideSecrets,
  rbacNoEscalation,
  rbacNoWildcards,
  trustIsExact,
} from "./identity";
import { testPolicy, UNKNOWN, type Given } from "./testing";

const statement = (fields: object) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...fields }] });
const policy = (fields: object): Given => ({
  type: "aws:iam/rolePolicy:RolePolicy",
  props: { policy: statement(fields) },
});
const bucket = "arn:aws:s3:::bucket/*";
const other = { "other kinds": { given: { type: "kubernetes:core/v1:ConfigMap", props: {} } } };
const notKnown = {
  "a document that is not known": { given: { type: "aws:iam/rolePolicy:RolePolicy", props: { policy: UNKNOWN } } },
};

testPolicy({
  policy: iamNoWildcardActions,
  passes: {
    "named actions": { given: policy({ Action: ["s3:GetObject"], Resource: bucket }) },
    "a statement that denies": { given: policy({ Effect: "Deny", Action: "*", Resource: "*" }) },
  },
  fails: {
    everything: { given: policy({ Action: "*", Resource: bucket }), says: /allows \*/ },
    "a service": { given: policy({ Sid: "S3", Action: "s3:*", Resource: bucket }), says: /S3 allows s3:\*/ },
    "actions that begin alike": { given: policy({ Action: "s3:Get?bject", Resource: bucket }), says: /Get\?bject/ },
    "all but one": { given: policy({ NotAction: "iam:*", Resource: bucket }), says: /everything but/ },
    "a document that is no text": {
      given: { type: "aws:iam/policy:Policy", props: { policy: { Statement: { Effect: "Allow", Action: "*" } } } },
      says: /allows \*/,
    },
  },
  skips: other,
  unknown: notKnown,
});

testPolicy({
  policy: iamNoWildcardResources,
  passes: {
    "a named resource": { given: policy({ Action: "s3:GetObject", Resource: bucket }) },
    "an action that takes none": { given: policy({ Action: "ecr:GetAuthorizationToken", Resource: "*" }) },
    "one that the config adds": {
      given: policy({ Action: "foo:List", Resource: "*" }),
      config: { withoutResource: ["foo:*"] },
    },
  },
  fails: {
    "every resource": {
      given: policy({ Action: ["s3:GetObject", "ec2:DescribeImages"], Resource: "*" }),
      says: /allows s3:GetObject on every/,
    },
    "all but one": { given: policy({ Action: "s3:GetObject", NotResource: bucket }), says: /everything but/ },
  },
  skips: other,
  unknown: notKnown,
});

const github = "token.actions.githubusercontent.com";
const role = (condition: unknown): Given => ({
  type: "aws:iam/role:Role",
  props: { assumeRolePolicy: statement({ Action: "sts:AssumeRoleWithWebIdentity", Condition: condition }) },
});
const trust = (sub: string, operator = "StringEquals"): Given =>
  operator === "StringEquals"
    ? role({ StringEquals: { [`${github}:aud`]: "sts.amazonaws.com", [`${github}:sub`]: sub } })
    : role({ StringEquals: { [`${github}:aud`]: "sts.amazonaws.com" }, [operator]: { [`${github}:sub`]: sub } });
const environment = "repo:acme/shop:environment:previews";
const unknownTrust = {
  "a document that is not known": { given: { type: "aws:iam/role:Role", props: { assumeRolePolicy: UNKNOWN } } },
};

testPolicy({
  policy: trustIsExact,
  passes: {
    "an environment": { given: trust(environment) },
    "branches that begin alike": { given: trust("repo:acme/shop:ref:refs/heads/release-*", "StringLike") },
    "a service of AWS": {
      given: { type: "aws:iam/role:Role", props: { assumeRolePolicy: statement({ Action: "sts:AssumeRole" }) } },
    },
  },
  fails: {
    "no audience": { given: role({ StringEquals: { [`${github}:sub`]: environment } }), says: /audience exactly/ },
    "an audience by pattern": {
      given: role({ StringLike: { [`${github}:aud`]: "*", [`${github}:sub`]: environment } }),
      says: /audience exactly/,
    },
    "no subject": { given: role({ StringEquals: { [`${github}:aud`]: "sts.amazonaws.com" } }), says: /every subject/ },
    "every repository": {
      given: trust("repo:acme/*:environment:previews", "StringLike"),
      says: /trusts repo:acme\/\*/,
    },
    "every workflow": { given: trust("repo:acme/shop:*", "StringLike"), says: /every workflow/ },
    "what a subject is not": { given: trust(environment, "StringNotEquals"), says: /by StringNotEquals/ },
  },
  skips: other,
  unknown: unknownTrust,
});

testPolicy({
  policy: noPullRequestRole,
  passes: { "an environment": { given: trust(environment) } },
  fails: {
    "all pull requests": { given: trust("repo:acme/shop:pull_request"), says: /trusts repo:acme\/shop:pull_request/ },
  },
  skips: other,
  unknown: unknownTrust,
});

const rbac = (rules: unknown, kind = "ClusterRole"): Given => ({
  type: `kubernetes:rbac.authorization.k8s.io/v1:${kind}`,
  props: { metadata: { namespace: "shop-pr-7" }, rules },
});
const reads = { apiGroups: [""], resources: ["pods"], verbs: ["get"] };
const notKnownRules = {
  "rules that are not known": { given: rbac([{ verbs: UNKNOWN, resources: UNKNOWN, apiGroups: UNKNOWN }]) },
};

testPolicy({
  policy: rbacNoWildcards,
  passes: { "named rights": { given: rbac([reads]) } },
  fails: {
    "every verb": { given: rbac([{ ...reads, verbs: ["*"] }]), says: /rules\[0\]\.verbs has \*/ },
    "every resource": { given: rbac([reads, { ...reads, resources: ["*"] }], "Role"), says: /rules\[1\]\.resources/ },
    "every subresource": { given: rbac([{ ...reads, resources: ["pods/*"] }]), says: /pods\/\*/ },
    "every group": { given: rbac([{ ...reads, apiGroups: ["*"] }]), says: /apiGroups/ },
    "every path": { given: rbac([{ nonResourceURLs: ["/*"], verbs: ["get"] }]), says: /nonResourceURLs/ },
  },
  skips: {
    ...other,
    "an exception": { given: { ...rbac([{ ...reads, resources: ["*"] }]), name: "platform-role-deployer" } },
  },
  unknown: notKnownRules,
});

testPolicy({
  policy: rbacNoEscalation,
  passes: { "named rights": { given: rbac([reads]) } },
  fails: {
    escalate: { given: rbac([{ ...reads, resources: ["roles"], verbs: ["escalate"] }]), says: /escalate/ },
    bind: { given: rbac([{ ...reads, verbs: ["bind"] }], "Role"), says: /bind/ },
    impersonate: { given: rbac([{ ...reads, resources: ["users"], verbs: ["impersonate"] }]), says: /impersonate/ },
  },
  skips: {
    ...other,
    "the right to bind its own role": {
      given: { ...rbac([{ ...reads, verbs: ["bind"] }]), name: "platform-role-deployer" },
    },
  },
  unknown: notKnownRules,
});

const listsSecrets = rbac([{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }]);

testPolicy({
  policy: rbacNoClusterWideSecrets,
  passes: {
    "named Secrets": {
      given: rbac([{ apiGroups: [""], resources: ["secrets"], resourceNames: ["one"], verbs: ["get"] }]),
    },
    "writing only": { given: rbac([{ apiGroups: [""], resources: ["secrets"], verbs: ["create"] }]) },
    "secrets of another group": { given: rbac([{ apiGroups: ["other"], resources: ["secrets"], verbs: ["get"] }]) },
  },
  fails: {
    "listing Secrets": {
      given: rbac([{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }]),
      says: /may list the Secrets/,
    },
    "listing everything": { given: rbac([{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }]), says: /may \*/ },
    "the deployer": { given: { ...listsSecrets, name: "platform-role-deployer" }, says: /may list the Secrets/ },
  },
  skips: {
    ...other,
    "the role in environments": { given: { ...listsSecrets, name: "platform-role-environment" } },
    "a Role": { given: rbac([{ apiGroups: [""], resources: ["secrets"], verbs: ["list"] }], "Role") },
  },
  unknown: notKnownRules,
});

const deployers = {
  metadata: { name: "berth-environment", namespace: "shop-pr-7" },
  roleRef: { kind: "ClusterRole", name: "berth-environment" },
  subjects: [
    { kind: "ServiceAccount", name: "berth-deployer", namespace: "berth-system" },
    { kind: "Group", name: "berth:deployers" },
  ],
};
const mallory = { kind: "User", name: "mallory" };
const bound = (fields: object): Given => made("rbac.authorization.k8s.io/v1:RoleBinding", { ...deployers, ...fields });

const made = (type: string, props: object): Given => ({ type: `kubernetes:${type}`, props });

const content = (spec: object): Given =>
  made("snapshot.storage.k8s.io/v1:VolumeSnapshotContent", {
    spec: { deletionPolicy: "Retain", volumeSnapshotRef: { namespace: "shop-pr-7" }, ...spec },
  });
testPolicy({
  policy: previewsTouchNoPlatform,
  passes: {
    "its own namespace": { given: made("core/v1:Namespace", { metadata: { name: "shop-pr-7" } }) },
    "something in it": { given: made("core/v1:Service", { metadata: { namespace: "shop-pr-7" } }) },
    "a snapshot made known to it": { given: content({}) },
    "its deployers' rights": { given: bound({}) },
  },
  fails: {
    "its deployers' rights to another": {
      given: bound({ subjects: [...deployers.subjects.slice(1), mallory] }),
      says: /binds the ClusterRole berth-environment/,
    },
    "its deployers' rights to one more": {
      given: bound({ subjects: [...deployers.subjects, mallory] }),
      says: /binds the ClusterRole berth-environment/,
    },
    "its deployers' rights by another name": {
      given: bound({ metadata: { name: "other", namespace: "shop-pr-7" } }),
      says: /binds the ClusterRole berth-environment/,
    },
    "another role by that name": {
      given: bound({ roleRef: { kind: "ClusterRole", name: "edit" } }),
      says: /binds the ClusterRole edit/,
    },
    "the platform's namespace": {
      given: made("core/v1:ConfigMap", { metadata: { namespace: "berth-system" } }),
      says: /changes the namespace berth-system/,
    },
    "a namespace of the cluster": {
      given: made("core/v1:Namespace", { metadata: { name: "kube-system" } }),
      says: /kube-system/,
    },
    "no namespace": { given: made("core/v1:Secret", {}), says: /namespace default/ },
    "a snapshot made known to a namespace of the cluster": {
      given: content({ volumeSnapshotRef: { namespace: "kube-system" } }),
      says: /changes the namespace kube-system/,
    },
    "a snapshot made known to nobody": { given: content({ volumeSnapshotRef: {} }), says: /namespace default/ },
    "a snapshot that is deleted with the preview": {
      given: content({ deletionPolicy: "Delete" }),
      says: /the snapshot that it is about would be deleted with it/,
    },
    "a ClusterRole": { given: rbac([reads]), says: /ClusterRole holds for the whole cluster/ },
    "a binding to one": {
      given: made("rbac.authorization.k8s.io/v1:RoleBinding", {
        metadata: { namespace: "shop-pr-7" },
        roleRef: { kind: "ClusterRole", name: "admin" },
      }),
      says: /binds the ClusterRole admin/,
    },
  },
  skips: {
    "what is not of Kubernetes": { given: { type: "random:index/randomPassword:RandomPassword", props: {} } },
    "the platform's stack": { given: rbac([reads]), stack: "platform" },
  },
  unknown: {
    "a namespace that is not known": { given: made("core/v1:Service", { metadata: { namespace: UNKNOWN } }) },
    "a snapshot of which nothing is known": {
      given: made("snapshot.storage.k8s.io/v1:VolumeSnapshotContent", { spec: UNKNOWN }),
    },
  },
});
