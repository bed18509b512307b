import assert from "node:assert/strict";
import fc from "fast-check";
import { assertLeastPrivilege, policyDocument } from "../../iam";
import { groupName, planNodeGroups } from "../../node-groups/plan";
import { BALANCING_IGNORED_LABELS, flagsOf, planClusterAutoscaler, prioritiesOf, statementsOf } from "./plan";

const ARGS = {
  clusterName: "previews",
  region: "eu-central-1",
  accountId: "111122223333",
  image: `registry.example.com/autoscaler@sha256:${"0".repeat(64)}`,
};

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

/** Patterns by priority, read back from the ConfigMap's text. */
function patterns(region: string): Map<number, RegExp> {
  const pairs = [...prioritiesOf(region).matchAll(/^(\d+):\n {2}- (".*")$/gm)];
  return new Map(
    pairs.map(([, priority, pattern]) => [Number(priority), new RegExp(JSON.parse(pattern ?? "") as string)]),
  );
}

/** Priorities whose patterns match a group's name. */
function prioritiesOfGroup(name: string): number[] {
  return [...patterns("eu-central-1")].filter(([, pattern]) => pattern.test(name)).map(([priority]) => priority);
}

describe("The plan of a Cluster Autoscaler", () => {
  it("balances groups that differ in where and from what their nodes are", () => {
    const flags = flagsOf(ARGS);
    assert.ok(flags.includes("--balance-similar-node-groups=true"));
    const ignored = flags.filter((flag) => flag.startsWith("--balancing-ignore-label="));
    assert.deepEqual(
      ignored,
      BALANCING_IGNORED_LABELS.map((label) => `--balancing-ignore-label=${label}`),
    );
    for (const label of ["topology.kubernetes.io/zone", "topology.ebs.csi.aws.com/zone", "topology.k8s.aws/zone-id"]) {
      assert.ok(ignored.includes(`--balancing-ignore-label=${label}`));
    }
    // Spot and on-demand are not the same, nor are pools.
    for (const label of ["eks.amazonaws.com/capacityType", "berth.dev/pool"]) {
      assert.ok(!ignored.includes(`--balancing-ignore-label=${label}`));
    }
  });

  it("finds the groups of its own cluster by tag", () => {
    assert.ok(
      flagsOf(ARGS).includes(
        "--node-group-auto-discovery=asg:tag=k8s.io/cluster-autoscaler/enabled,k8s.io/cluster-autoscaler/previews",
      ),
    );
  });

  it("takes every group of a pool as one of two priorities, fallbacks last", () => {
    const pool = fc
      .stringMatching(/^[a-z][a-z0-9-]{0,14}[a-z0-9]$/)
      .filter((name) => !`-${name}-`.includes("-on-demand-"));
    const zone = fc.constantFrom("eu-central-1a", "eu-central-1b", "eu-central-1c");
    fc.assert(
      fc.property(pool, zone, fc.uuid(), (name, where, id) => {
        const spec = { instanceTypes: ["m7i.large", "m6i.large"], capacity: "spot" as const, maxPerZone: 3 };
        const groups = planNodeGroups([where], spec);
        assert.equal(groups.length, 2);
        for (const group of groups) {
          assert.deepEqual(prioritiesOfGroup(`eks-${groupName(name, group)}-${id}`), [group.fallback ? 10 : 50]);
        }
      }),
    );
  });

  it("sizes groups with the cluster's tags only", () => {
    const policy = policyDocument(statementsOf(ARGS));
    assertLeastPrivilege(policy);
    assert.deepEqual(
      policy.Statement.filter(({ Sid }) => Sid === "SizeGroups"),
      [
        {
          Sid: "SizeGroups",
          Effect: "Allow",
          Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
          Resource: "arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:*:autoScalingGroupName/*",
          Condition: {
            StringEquals: {
              "aws:ResourceTag/k8s.io/cluster-autoscaler/enabled": "true",
              "aws:ResourceTag/k8s.io/cluster-autoscaler/previews": "owned",
            },
          },
        },
      ],
    );
  });

  it("writes no more in the cluster than evictions, node taints and its own notes", () => {
    const { clusterRole, role } = planClusterAutoscaler(ARGS);
    const writes = (rules: unknown) =>
      (rules as Rule[])
        .flatMap(({ resources, verbs, resourceNames = [] }) =>
          verbs
            .filter((verb) => !["get", "list", "watch"].includes(verb))
            .map((verb) => [verb, ...resources, ...resourceNames].join(" ")),
        )
        .sort();
    assert.deepEqual(writes(clusterRole.rules), [
      "create events",
      "create pods/eviction",
      "patch events",
      "update nodes",
      "update pods/status",
    ]);
    assert.deepEqual(writes(role.rules), [
      "create configmaps",
      "create leases",
      "delete configmaps cluster-autoscaler-status",
      "update configmaps cluster-autoscaler-status",
      "update leases cluster-autoscaler",
    ]);
    const rules = [...(clusterRole.rules as Rule[]), ...(role.rules as Rule[])];
    assert.ok(!rules.some(({ resources }) => resources.includes("secrets")));
    assert.ok(!rules.some((one) => [...one.apiGroups, ...one.resources, ...one.verbs].includes("*")));
  });

  it("has two pods that no drain takes at once, or one", () => {
    assert.deepEqual(planClusterAutoscaler(ARGS).disruptionBudget?.spec, {
      minAvailable: 1,
      selector: { matchLabels: { "app.kubernetes.io/name": "cluster-autoscaler" } },
    });
    assert.equal(planClusterAutoscaler({ ...ARGS, replicas: 1 }).disruptionBudget, undefined);
  });
});
