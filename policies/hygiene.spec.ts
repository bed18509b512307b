import {
  budgetPresent,
  deletionProtected,
  expirySet,
  namespaceLabelled,
  oneZonePerNodeGroup,
  quotaPresent,
} from "./hygiene";
import { testPolicy, UNKNOWN, type Given } from "./testing";

const namespace = (metadata: object): Given => ({ type: "kubernetes:core/v1:Namespace", props: { metadata } });
const labels = {
  "berth.dev/owner": "alice",
  "berth.dev/project": "shop",
  "berth.dev/pr": "7",
  "berth.dev/commit": "0f1e2d3",
  "berth.dev/environment": "shop-pr-7",
};
const other = { "other kinds": { given: { type: "kubernetes:core/v1:ConfigMap", props: {} } } };
const platform = { "the platform's": { given: namespace({}), stack: "platform" } };

testPolicy({
  policy: namespaceLabelled,
  passes: {
    "all labels": { given: namespace({ labels }) },
    "those of the config": { given: namespace({ labels: { team: "a" } }), config: { labels: ["team"] } },
  },
  fails: {
    "no labels": { given: namespace({}), says: /lacks the label berth\.dev\/owner/ },
    "an empty one": { given: namespace({ labels: { ...labels, "berth.dev/pr": "" } }), says: /berth\.dev\/pr/ },
  },
  skips: { ...other, ...platform },
  unknown: {
    "an owner that is not known": {
      given: namespace({ labels: { ...labels, "berth.dev/owner": UNKNOWN, "berth.dev/pr": "" } }),
      says: /berth\.dev\/pr/,
    },
  },
});

const expires = (value: string) => namespace({ annotations: { "berth.dev/expires-at": value } });

testPolicy({
  policy: expirySet,
  passes: { "a time": { given: expires("2026-12-01T00:00:00Z") } },
  fails: {
    "no time": { given: namespace({}), says: /no annotation berth\.dev\/expires-at/ },
    "something else": { given: expires("tomorrow"), says: /is no time/ },
  },
  skips: { ...other, ...platform },
  unknown: { "a time that is not known": { given: expires(UNKNOWN) } },
});

const pod = (name: string): Given => ({ type: "kubernetes:core/v1:Pod", props: { metadata: { namespace: name } } });
const quota = (name: string): Given => ({
  type: "kubernetes:core/v1:ResourceQuota",
  props: { metadata: { namespace: name } },
});

testPolicy({
  policy: quotaPresent,
  passes: { "a quota": { given: [pod("a"), quota("a")] } },
  fails: { "another namespace's": { given: [pod("a"), quota("b")], says: /namespace a has no ResourceQuota/ } },
  skips: { "no pods": { given: [quota("a")] }, "other stacks": { given: [pod("a")], stack: "platform" } },
  unknown: { "a namespace that is not known": { given: [pod(UNKNOWN), quota("a")] } },
});

const group = (subnetIds: unknown): Given => ({ type: "aws:eks/nodeGroup:NodeGroup", props: { subnetIds } });

testPolicy({
  policy: oneZonePerNodeGroup,
  passes: { "one subnet": { given: group(["subnet-a"]), stack: "cluster" } },
  fails: {
    "two subnets": { given: group(["subnet-a", "subnet-b"]), says: /2 subnets/ },
    none: { given: group(undefined), says: /0 subnets/ },
  },
  skips: other,
  unknown: { "subnets that are not known": { given: group(UNKNOWN) } },
});

const made = (type: string, props: object = {}, protect = false): Given => ({ type, props, opts: { protect } });

testPolicy({
  policy: deletionProtected,
  passes: {
    "a protected cluster": { given: made("eks:index:Cluster", {}, true) },
    "AWS's own protection": { given: made("aws:rds/instance:Instance", { deletionProtection: true }) },
    "a table": { given: made("aws:dynamodb/table:Table", { deletionProtectionEnabled: true }) },
    "a bucket that has to be empty": { given: made("aws:s3/bucket:Bucket") },
    "a key that takes its time": { given: made("aws:kms/key:Key", { deletionWindowInDays: 30 }) },
  },
  fails: {
    "a cluster": { given: made("aws:eks/cluster:Cluster"), says: /nothing protects it/ },
    "a bucket with all that is in it": {
      given: made("aws:s3/bucket:Bucket", { forceDestroy: true }),
      says: /with what is in it/,
    },
    "a registry": { given: made("aws:ecr/repository:Repository", { forceDelete: true }), says: /with its images/ },
    "a key in a week": { given: made("aws:kms/key:Key", { deletionWindowInDays: 7 }), says: /30 days/ },
  },
  skips: other,
  unknown: {
    "a protection that is not known": { given: made("aws:rds/instance:Instance", { deletionProtection: UNKNOWN }) },
  },
});

testPolicy({
  policy: budgetPresent,
  passes: { "a budget": { given: [made("eks:index:Cluster"), made("aws:budgets/budget:Budget")] } },
  fails: { "no budget": { given: [made("eks:index:Cluster")], says: /no budget/ } },
  skips: { "no cluster": { given: [pod("a")] } },
  unknown: {},
});
