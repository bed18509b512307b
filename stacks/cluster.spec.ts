import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { ClusterInput } from "../config/cluster";
import { parsePlatform } from "../config/platform";
import { DIGEST } from "../test/support/samples";
import { record } from "../test/support/mocks";
import type { Recording, Registration } from "../test/support/mocks";
import program from ".";
import { clusterStack } from "./cluster";
import { examineConfig } from "./cluster-args";
import type { ClusterOutputs } from "./outputs";
import { keyCount, planPrice } from "./price";

function example(name: string): ClusterInput {
  const { config } = parse(readFileSync(join(__dirname, "..", name), "utf8")) as { config: Record<string, unknown> };
  return config["berth:cluster"] as ClusterInput;
}

const SMALL = example("Pulumi.cluster.example.yaml");
const LARGE = example("Pulumi.cluster-large.example.yaml");

function run(cluster: unknown): Promise<Recording> {
  return record(program, { stack: "cluster", config: { role: "cluster", cluster } });
}

/** The message of a config that is refused. */
async function refusal(cluster: unknown): Promise<string> {
  const error: unknown = await run(cluster).then(
    () => assert.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(pulumi.RunError.isInstance(error), String(error));
  return error.message;
}

/** A stack's outputs as plain values. */
function valuesOf(result: unknown): Promise<ClusterOutputs> {
  return new Promise(
    (resolve) => void pulumi.output(result as ClusterOutputs).apply((values) => resolve(values as ClusterOutputs)),
  );
}

describe("a cluster's stack", () => {
  let small: Recording;
  let large: Recording;
  before(async () => {
    small = await run(SMALL);
    large = await run(LARGE);
  });

  it("makes everything with one AWS provider, for the account and region of its config", () => {
    assert.deepEqual(
      small.ofType("pulumi:providers:aws").map(({ name, inputs }) => [name, inputs]),
      [
        [
          "aws",
          {
            region: "eu-central-1",
            allowedAccountIds: JSON.stringify(["111122223333"]),
            // The provider's own defaults.
            skipCredentialsValidation: "false",
            skipRegionValidation: "true",
          },
        ],
      ],
    );
    for (const { type, name, provider } of large.registrations.filter((one) => one.type.startsWith("aws:"))) {
      assert.equal(provider, "aws", `${type} ${name}`);
    }
  });

  it("makes everything in the cluster with the cluster's own provider", () => {
    for (const { type, name, provider } of large.registrations.filter((one) => one.type.startsWith("kubernetes:"))) {
      assert.equal(provider, "cluster-kubernetes", `${type} ${name}`);
    }
  });

  it("consists of components alone", () => {
    const top = large.registrations.filter(({ parent }) => parent === undefined).map(({ name, type }) => [name, type]);
    assert.deepEqual(top.sort(), [
      ["aws", "pulumi:providers:aws"],
      ["cluster", "berth:eks-cluster:EksCluster"],
      ["metrics", "berth:metrics:MetricsBucket"],
      ["network", "berth:network:Network"],
      ["previews", "berth:node-groups:NodeGroups"],
      ["registry", "berth:registry:Registry"],
      ["runners", "berth:node-groups:NodeGroups"],
    ]);
  });

  it("keeps the control plane out of the subnets that come and go", () => {
    const { inputs } = small.get("eks:index:Cluster", "cluster-control-plane");
    const ids = inputs["subnetIds"] ?? inputs["privateSubnetIds"];
    const controlPlane = small
      .ofType("aws:ec2/subnet:Subnet")
      .filter(({ name }) => name.includes("control-plane"))
      .map(({ name }) => `${name}-id`);
    assert.deepEqual(ids, controlPlane);
    assert.equal(controlPlane.length, 2);
  });

  it("has one group of nodes for each pool, zone and way of buying, in the zone's own subnet", () => {
    const zoneOf = ({ inputs }: Registration) =>
      /private-(eu-central-1[a-f])/.exec(String((inputs["subnetIds"] as string[])[0]))?.[1];
    const groups = large.ofType("aws:eks/nodeGroup:NodeGroup");
    assert.deepEqual(
      groups
        .map((group) => `${group.parent ?? ""} ${zoneOf(group) ?? ""} ${String(group.inputs["capacityType"])}`)
        .sort(),
      ["previews", "runners"].flatMap((pool) =>
        ["a", "b", "c"].flatMap((letter) =>
          ["ON_DEMAND", "SPOT"].map((capacity) => `${pool} eu-central-1${letter} ${capacity}`),
        ),
      ),
    );
    for (const { inputs } of groups) assert.equal((inputs["subnetIds"] as string[]).length, 1);
  });

  for (const [what, registered] of [
    ["a small team's", () => SMALL],
    ["a large company's", () => LARGE],
  ] as const) {
    it(`leaves ${what} other zones as they are when a zone is added at the end`, async () => {
      const config = registered();
      const more = await run({ ...config, zones: [...config.zones, "eu-central-1d"] });
      const before = (config === SMALL ? small : large).registrations;
      const added = more.registrations.filter(({ name }) => name.includes("eu-central-1d"));
      assert.ok(added.length > 8);
      assert.deepEqual(
        more.registrations.filter(({ name }) => !name.includes("eu-central-1d")),
        before,
      );
    });
  }

  it("tags all that takes tags with its name, and with what the config says", () => {
    const untagged = large.registrations
      .filter(({ inputs }) => typeof inputs["tags"] === "object")
      .filter(({ inputs: { tags } }) => {
        const { "berth.dev/cluster": cluster, "cost-center": center } = tags as Record<string, string>;
        return cluster !== "acme-previews-large" || center !== "platform";
      });
    assert.deepEqual(
      untagged.map(({ name }) => name),
      [],
    );
    assert.ok(large.registrations.filter(({ inputs }) => inputs["tags"] !== undefined).length > 60);
  });

  it("trusts GitHub by the registry's provider, or by the one that the account has", async () => {
    const made = small.get("aws:iam/openIdConnectProvider:OpenIdConnectProvider", "registry-github");
    assert.equal(made.inputs["url"], "https://token.actions.githubusercontent.com");
    const arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com";
    const { registry, ...rest } = SMALL;
    assert.ok(registry);
    for (const config of [
      { ...SMALL, github: { oidcProviderArn: arn } },
      { ...rest, github: { oidcProviderArn: arn } },
    ]) {
      const given = await run(config);
      assert.equal(given.ofType("aws:iam/openIdConnectProvider:OpenIdConnectProvider").length, 0);
      const trusts = given
        .ofType("aws:iam/role:Role")
        .filter(({ inputs }) => String(inputs["assumeRolePolicy"]).includes(arn));
      assert.equal(trusts.length, "registry" in config ? 2 : 1);
      assert.equal((await valuesOf(given.result)).oidcProviderArn, arn);
    }
  });

  it("lets nodes of every pool fill the cache of public images, where there is one", () => {
    const names = (recording: Recording) =>
      recording
        .ofType("aws:iam/rolePolicy:RolePolicy")
        .filter(({ name }) => name.endsWith("pull-through"))
        .map(({ name, inputs }) => [name, inputs["role"]]);
    assert.deepEqual(names(large), [
      ["previews-pull-through", "arn:mock:previews-role"],
      ["runners-pull-through", "arn:mock:runners-role"],
    ]);
    assert.deepEqual(names(small), []);
  });

  it("makes what the price counts", () => {
    for (const [input, { registrations }] of [
      [SMALL, small],
      [LARGE, large],
    ] as const) {
      const { config } = examineConfig(input);
      const { lines } = planPrice(config);
      const count = (type: string, filter: (one: Registration) => boolean = () => true) =>
        registrations.filter((one) => one.type === type && filter(one)).length;
      const hours = (pattern: RegExp) => (lines.find(({ what }) => pattern.test(what))?.quantity.max ?? 0) / 730;
      assert.equal(count("aws:kms/key:Key"), keyCount(config));
      assert.equal(count("aws:ec2/natGateway:NatGateway"), hours(/^NAT gateways/));
      assert.equal(count("aws:ec2/eip:Eip"), hours(/^public IPv4/));
      assert.equal(
        count("aws:ec2/vpcEndpointSubnetAssociation:VpcEndpointSubnetAssociation"),
        hours(/^interface endpoints/),
      );
      const groups = registrations.filter(({ type }) => type === "aws:eks/nodeGroup:NodeGroup");
      for (const bound of ["min", "max"] as const) {
        const nodes = groups.reduce(
          (total, { inputs }) =>
            total + (inputs["scalingConfig"] as { minSize: number; maxSize: number })[`${bound}Size`],
          0,
        );
        const priced = lines
          .filter(({ what }) => /: \S+ (spot|on-demand) \(/.test(what))
          .reduce((total, line) => total + line.quantity[bound] / 730, 0);
        assert.equal(Math.round(priced * 1000) / 1000, nodes);
      }
    }
  });

  it("gives what comes next: kubeconfig, roles, URLs, and the part of the platform's config that follows", async () => {
    const outputs = await valuesOf(large.result);
    assert.deepEqual(Object.keys(outputs).sort(), [
      "cleanupRoleArns",
      "clusterName",
      "deployerArns",
      "karpenter",
      "kubeconfig",
      "metrics",
      "nodeGroups",
      "oidcProviderArn",
      "platform",
      "publicSubnetIds",
      "pushRoleArns",
      "region",
      "repositoryUrls",
      "volumeSnapshotClass",
      "vpcCidr",
      "vpcId",
    ]);
    assert.deepEqual(Object.keys(outputs.repositoryUrls), [
      "acme/shop",
      "acme/shop/build-cache",
      "acme/billing",
      "acme/billing/build-cache",
    ]);
    assert.deepEqual(Object.keys(outputs.pushRoleArns), ["acme/shop", "acme/billing"]);
    assert.deepEqual(Object.keys(outputs.deployerArns), ["shop", "billing"]);
    assert.equal(Object.keys(outputs.nodeGroups["previews"] ?? {}).length, 6);
    assert.equal(outputs.karpenter, null);
    assert.equal((await valuesOf(small.result)).metrics, null);
    assert.deepEqual(outputs.platform, {
      storageClass: "gp3",
      deployerGroups: ["berth:deployers"],
      gateway: { mode: "deployed", apiServerCidrs: ["10.64.0.0/16", "10.100.0.1/32", "172.20.0.1/32"] },
    });
  });

  it("gives a part of the platform's config that the platform takes", async () => {
    const { platform } = await valuesOf(small.result);
    const image = `docker.io/library/traefik@${DIGEST}`;
    const config = parsePlatform({
      ...platform,
      domain: "preview.example.com",
      gateway: { ...platform.gateway, image },
      images: { postgresql: { "16": `docker.io/library/postgres@${DIGEST}` } },
    });
    assert.equal(config.storageClass, "gp3");
  });

  it("works with Karpenter, and with EKS Auto Mode without any pool", async () => {
    const base = { instanceTypes: ["m7i.large"], minPerZone: 1, maxPerZone: 1 };
    const karpenter = await run({ ...SMALL, autoscaling: "karpenter", pools: { base } });
    assert.equal(karpenter.ofType("aws:eks/nodeGroup:NodeGroup").length, 2);
    assert.equal(karpenter.ofType("kubernetes:apps/v1:Deployment").length, 0);
    assert.ok((await valuesOf(karpenter.result)).karpenter?.nodeRoleName);
    const auto = await run({ ...SMALL, autoscaling: "auto-mode", pools: {} });
    assert.equal(auto.ofType("aws:eks/nodeGroup:NodeGroup").length, 0);
  });

  it("takes a VPC that is there", async () => {
    const subnets = (digit: string) => ({
      "eu-central-1a": `subnet-0000000${digit}`,
      "eu-central-1b": `subnet-1000000${digit}`,
    });
    const existing = { vpcId: "vpc-0a1b2c3d", cidr: "10.9.0.0/16", privateSubnetIds: subnets("a") };
    const recording = await run({ ...SMALL, network: { existing } });
    assert.equal(recording.ofType("aws:ec2/vpc:Vpc").length, 0);
    assert.equal(recording.ofType("aws:ec2/subnet:Subnet").length, 0);
    const outputs = await valuesOf(recording.result);
    assert.deepEqual([outputs.vpcId, outputs.vpcCidr], ["vpc-0a1b2c3d", "10.9.0.0/16"]);
  });

  describe("refuses, before anything is made,", () => {
    it("with an InputPropertiesError that names each place", async () => {
      const settings = { stack: "cluster", config: { cluster: WRONG } };
      await assert.rejects(record(clusterStack, settings), (error) => {
        assert.ok(pulumi.InputPropertiesError.isInstance(error));
        assert.equal(error.message, "The cluster cannot be made as asked.");
        assert.equal(error.errors.length, WRONG_MESSAGE.split("\n").length - 1);
        assert.ok(error.errors.every(({ propertyPath }) => propertyPath.startsWith("berth:cluster.")));
        return true;
      });
    });

    it("everything that is wrong at once", async () => {
      assert.equal(await refusal(WRONG), WRONG_MESSAGE);
    });

    for (const [what, config, expected] of [
      [
        "roles for workflows without a provider that they are known by",
        { ...SMALL, registry: undefined },
        `The cluster cannot be made as asked.
  berth:cluster.access.deployers[0].github: needs GitHub's OIDC provider, and there is neither registry, which makes one, nor github.oidcProviderArn. Set github.oidcProviderArn to the account's provider, or add registry.`,
      ],
      [
        "a cluster whose own pods have nowhere to run",
        { ...SMALL, pools: { previews: { instanceTypes: ["m7i.large"], minPerZone: 0, maxPerZone: 3 } } },
        `The cluster cannot be made as asked.
  berth:cluster.pools: none of them always has a node that takes any pod, and cluster-autoscaler, CoreDNS and the like have to run somewhere. Give one pool without taints a minPerZone of 1 or more, or set autoscaling to auto-mode.`,
      ],
      [
        "zones of another region, and ranges that belong to somebody else",
        {
          ...SMALL,
          zones: ["eu-central-1a", "eu-west-1b", "eu-central-1a"],
          network: { cidr: "10.8.0.0/16", avoidCidrs: ["10.8.4.0/22"] },
        },
        `The cluster cannot be made as asked.
  berth:cluster.zones[1]: "eu-west-1b" is not known; accepted: the zones of eu-central-1, eu-central-1a to eu-central-1f. Correct or remove it.
  berth:cluster.zones[2]: "eu-central-1a" is listed twice; accepted: each zone once. Remove it.
  berth:cluster.network.cidr: "10.8.0.0/16" overlaps 10.8.4.0/22 of avoidCidrs; accepted: a range apart from all of them. Take another, such as 10.0.0.0/16.`,
      ],
      [
        "credentials where their secret's name belongs, without repeating them",
        {
          ...SMALL,
          registry: { pullThrough: [{ prefix: "docker-hub", upstream: "docker-hub", credentialArn: "dckr_pat_1234" }] },
        },
        `The cluster cannot be made as asked.
  berth:cluster.registry.pullThrough[0].credentialArn: it is not the ARN of a secret; accepted: arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/…. Credentials themselves belong into Secrets Manager, not into config.`,
      ],
      [
        "node groups in a cluster that EKS gives nodes to, and settings of another way",
        { ...SMALL, autoscaling: "auto-mode", clusterAutoscaler: { replicas: 2 } },
        `The cluster cannot be made as asked.
  berth:cluster.clusterAutoscaler: it is for cluster-autoscaler, but autoscaling is auto-mode, and two would work against each other; accepted: settings of auto-mode only. Remove it, or set autoscaling to cluster-autoscaler.
  berth:cluster.autoscaling: "auto-mode" does not go with node groups, as EKS makes its nodes itself; accepted: cluster-autoscaler, karpenter. Remove the pool previews, or change autoscaling.`,
      ],
      [
        "no config at all",
        undefined,
        `The cluster cannot be made as asked.
  berth:cluster.name: missing; accepted: a cluster's name. Add name.
  berth:cluster.region: missing; accepted: an AWS region. Add region.
  berth:cluster.accountId: missing; accepted: an AWS account in quotes, such as "111122223333". Add accountId.
  berth:cluster.zones: missing; accepted: a list of zone names, such as eu-central-1a. Add zones.
  berth:cluster.kubernetesVersion: missing; accepted: a Kubernetes version in quotes, such as "1.35". Add kubernetesVersion.`,
      ],
    ] as const) {
      it(what, async () => {
        assert.equal(await refusal(config), expected);
      });
    }
  });
});

const WRONG = {
  name: "acme previews",
  region: "eu-central-9",
  accountId: "1234",
  zones: ["eu-central-1a"],
  kubernetesVersion: "1.19",
  endpoint: { publicCidrs: ["0.0.0.0/0"] },
  network: { cidr: "10.0.0.0/24", avoidCidrs: ["10.0.0.0/8"] },
  autoscaling: "cluster-autoscaler",
  karpenter: { namespace: "karpenter" },
  pools: {
    previews: { instanceTypes: ["m7i.large"], capacity: "spot", minPerZone: 5, maxPerZone: 2 },
    "a-pool-with-a-name-that-is-much-too-long-for-a-managed-node-group": {
      instanceTypes: ["m7i.large"],
      maxPerZone: 1,
    },
    odd: { instanceTypes: "m7i.large", maxPerZone: 1 },
  },
  registry: { repositories: [{ name: "Acme/Shop", push: { repository: "acme", environments: [] } }] },
  metrics: { prefix: "/metrics/*", namespace: "monitoring", serviceAccount: "default" },
  sise: "small",
};

const WRONG_MESSAGE = `The cluster cannot be made as asked.
  berth:cluster.pools.odd.instanceTypes: "m7i.large"; accepted: a list of EC2 instance types. Change pools.odd.instanceTypes to what is accepted.
  berth:cluster.sise: not a known field; accepted: one of name, region, accountId, zones, size, kubernetesVersion, network, endpoint, access, networkPolicy, autoscaling, clusterAutoscaler, karpenter, autoMode, pools, registry, metrics, github, logRetentionDays, deletionProtection, extendedSupport, tags. Did you mean size? Otherwise remove it.
  berth:cluster.region: "eu-central-9" is not known; accepted: a region of AWS's commercial partition. Did you mean eu-central-1?
  berth:cluster.accountId: "1234" is not an AWS account; accepted: 12 digits. Take what "aws sts get-caller-identity" shows.
  berth:cluster.zones: there is 1 zone; accepted: 2 or more, as EKS asks for subnets in 2 zones. Add zones.
  berth:cluster.network.cidr: "10.0.0.0/24" is too small: a /24 has no room for each zone's pods; accepted: a private IPv4 range from /16 to /19, such as 10.0.0.0/16. Take a /19 or a larger one.
  berth:cluster.network.cidr: "10.0.0.0/24" overlaps 10.0.0.0/8 of avoidCidrs; accepted: a range apart from all of them. Take another.
  berth:cluster.name: "acme previews" is not a cluster's name; accepted: 1 to 100 letters, digits, hyphens and underscores, a letter or digit first. Rename the cluster.
  berth:cluster.kubernetesVersion: "1.19" is not supported; accepted: 1.35, 1.36. Choose one of them, or add a row to components/eks-cluster/versions.ts.
  berth:cluster.endpoint.publicCidrs[0]: "0.0.0.0/0" opens the API server to the whole internet; accepted: the ranges that need it. List the addresses of your office, VPN or runners, such as 203.0.113.10/32, or leave publicCidrs out.
  berth:cluster.karpenter: it is for karpenter, but autoscaling is cluster-autoscaler, and two would work against each other; accepted: settings of cluster-autoscaler only. Remove it, or set autoscaling to karpenter.
  berth:cluster.pools.previews.instanceTypes: there is only m7i.large, and AWS takes spot instances of one type all back at once; accepted with spot: two types or more. Add types of like vCPU and memory, or set capacity to on-demand.
  berth:cluster.pools.previews.minPerZone: 5 is more than maxPerZone, which is 2; accepted: 0 to 2. Lower it, or raise maxPerZone.
  berth:cluster.pools.a-pool-with-a-name-that-is-much-too-long-for-a-managed-node-group: "a-pool-with-a-name-that-is-much-too-long-for-a-managed-node-group" gives the node group name "a-pool-with-a-name-that-is-much-too-long-for-a-managed-node-group-eu-central-1a-53d0d5" with 86 characters; accepted: at most 63. Shorten it to 42 characters.
  berth:cluster.registry.repositories[0].name: "Acme/Shop" is not accepted by ECR: 2 or more lower-case letters and digits, with single dots, one or two underscores or dashes between them, parts separated by slashes. Rename it, such as acme/shop.
  berth:cluster.registry.repositories[0].push.repository: "acme" is not one GitHub repository; accepted: owner/name, without patterns. Name each repository, such as acme/shop.
  berth:cluster.registry.repositories[0].push.environments: it is empty, so that no job could push; without an environment every workflow of the repository would be trusted. Name the GitHub environments whose jobs may, such as "preview".
  berth:cluster.metrics.prefix: "/metrics/*" is not one path; accepted: up to 512 letters, digits and !_.'()- in parts separated by single slashes, none at the ends, no pattern. Change it, such as metrics/previews.
  berth:cluster.metrics.serviceAccount: "default" is what every pod of the namespace without a service account of its own runs as, so all of them could write. Give the exporter one of its own.`;
