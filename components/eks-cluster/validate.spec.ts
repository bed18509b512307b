import assert from "node:assert/strict";
import fc from "fast-check";
import { ARGS } from "../../test/support/eks-cluster";
import { record } from "../../test/support/mocks";
import type { EksClusterArgs } from "./args";
import { EksCluster } from ".";
import { validate } from "./validate";
import { countAddresses } from "./validate-endpoint";

/** Problems as `path: reason`. */
function problemsOf(change: object): string[] {
  return validate({ ...ARGS, ...change }).map(({ propertyPath, reason }) => `${propertyPath}: ${reason}`);
}

/** The only reason for which these arguments are refused. */
function reasonOf(change: object, propertyPath: string): string {
  const problems = validate({ ...ARGS, ...change });
  assert.deepEqual(
    problems.map((problem) => problem.propertyPath),
    [propertyPath],
  );
  return problems[0]?.reason ?? "";
}

const LIST_ADDRESSES =
  "List the addresses of your office, VPN or runners, such as 203.0.113.10/32, or leave publicCidrs out.";

describe("What an EKS cluster may be made from", () => {
  it("is what the examples have", () => {
    const accepted: Partial<EksClusterArgs>[] = [
      {},
      { kubernetesVersion: "1.35", autoscaling: "karpenter", karpenter: { namespace: "karpenter" } },
      { autoscaling: "auto-mode", autoMode: { nodePools: ["general-purpose"] } },
      { networkPolicy: { mode: "strict" }, logRetentionDays: 3653, tags: { team: "platform" } },
      { endpoint: { publicCidrs: ["203.0.113.10/32", "198.51.100.0/24"], privateCidrs: ["10.8.0.0/16"] } },
      { clusterAutoscaler: { image: `registry.example.com/autoscaler@sha256:${"0".repeat(64)}`, replicas: 1 } },
      {
        access: {
          admins: [],
          deployers: [
            { name: "previews", principalArn: "arn:aws:iam::111122223333:role/ci/deploy", namespaces: ["demo-*"] },
            {
              name: "shop",
              github: {
                oidcProviderArn: "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com",
                repository: "acme/shop",
                environment: "preview",
              },
            },
          ],
        },
      },
    ];
    for (const change of accepted) assert.deepEqual(problemsOf(change), []);
  });

  it("has a name, region and account of AWS", () => {
    assert.equal(
      reasonOf({ name: "-previews" }, "name"),
      '"-previews" is not a cluster\'s name; accepted: 1 to 100 letters, digits, hyphens and underscores, a letter or digit first. Rename the cluster.',
    );
    assert.match(reasonOf({ name: "a".repeat(101) }, "name"), /is not a cluster's name/);
    assert.equal(
      reasonOf({ region: "eu-centrl-1" }, "region"),
      '"eu-centrl-1" is not known; accepted: a region of AWS\'s commercial partition. Did you mean eu-central-1?',
    );
    assert.equal(
      reasonOf({ accountId: "1111-2222-3333" }, "accountId"),
      '"1111-2222-3333" is not an AWS account; accepted: 12 digits. Take what "aws sts get-caller-identity" shows.',
    );
  });

  it("has a Kubernetes version whose add-ons are known", () => {
    assert.equal(
      reasonOf({ kubernetesVersion: "1.29" }, "kubernetesVersion"),
      '"1.29" is not supported; accepted: 1.35, 1.36. Choose one of them, or add a row to components/eks-cluster/versions.ts.',
    );
  });

  it("has a control plane in two subnets or more", () => {
    assert.equal(
      reasonOf({ controlPlaneSubnetIds: ["subnet-a"] }, "controlPlaneSubnetIds"),
      "there is 1 subnet; accepted: 2 or more, in different zones. Add subnets.",
    );
    assert.equal(
      reasonOf({ controlPlaneSubnetIds: [] }, "controlPlaneSubnetIds"),
      "there are 0 subnets; accepted: 2 or more, in different zones. Add subnets.",
    );
  });

  it("does not open its API server to the world, in one range or in parts", () => {
    const publicly = (...publicCidrs: string[]) => ({ endpoint: { publicCidrs } });
    for (const world of ["0.0.0.0/0", "::/0"]) {
      assert.equal(
        reasonOf(publicly(world), "endpoint.publicCidrs[0]"),
        `"${world}" opens the API server to the whole internet; accepted: the ranges that need it. ${LIST_ADDRESSES}`,
      );
    }
    assert.equal(
      reasonOf(publicly("0.0.0.0/1", "128.0.0.0/1"), "endpoint.publicCidrs"),
      `0.0.0.0/1, 128.0.0.0/1 are 100% of the internet together; accepted: as much as a /8, which is 0.4%. ${LIST_ADDRESSES}`,
    );
    assert.equal(
      reasonOf(publicly("64.0.0.0/2"), "endpoint.publicCidrs"),
      `64.0.0.0/2 are 25% of the internet together; accepted: as much as a /8, which is 0.4%. ${LIST_ADDRESSES}`,
    );
    assert.deepEqual(problemsOf(publicly("8.0.0.0/9", "8.128.0.0/9")), []);
    assert.match(reasonOf(publicly("8.0.0.0/8", "9.0.0.0/32"), "endpoint.publicCidrs"), /0.4% of the internet/);
    assert.equal(
      reasonOf(publicly("203.0.113.10"), "endpoint.publicCidrs[0]"),
      `"203.0.113.10" is not an IPv4 range; accepted: CIDR notation without bits after the prefix. ${LIST_ADDRESSES}`,
    );
    assert.equal(
      reasonOf(publicly("10.8.0.0/16"), "endpoint.publicCidrs[0]"),
      '"10.8.0.0/16" is in 10.0.0.0/8, which no one comes from on the internet; accepted: public ranges. Move it to privateCidrs.',
    );
    assert.equal(
      reasonOf(publicly("127.0.0.1/32"), "endpoint.publicCidrs[0]"),
      '"127.0.0.1/32" is in 127.0.0.0/8, which no one comes from on the internet; accepted: public ranges. Remove it.',
    );
    assert.equal(
      reasonOf(publicly(...Array.from({ length: 41 }, (_, index) => `203.0.113.${index}/32`)), "endpoint.publicCidrs"),
      "there are 41 ranges; accepted: at most 40. Join neighbours, or reach the private endpoint by VPN.",
    );
  });

  it("never lets more than a /8 of addresses in, whatever the ranges", () => {
    const cidr = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 12 })).map(([byte, prefix]) => {
      const size = 2 ** (32 - prefix);
      const first = Math.floor((byte * 2 ** 24) / size) * size;
      return `${Math.floor(first / 2 ** 24)}.${Math.floor(first / 2 ** 16) % 256}.0.0/${prefix}`;
    });
    fc.assert(
      fc.property(fc.array(cidr, { maxLength: 6 }), (publicCidrs) => {
        const accepted = validate({ ...ARGS, endpoint: { publicCidrs } }).length === 0;
        assert.ok(!accepted || countAddresses(publicCidrs) <= 2 ** 24);
        // Counting twice what overlaps would refuse too much.
        assert.equal(countAddresses([...publicCidrs, ...publicCidrs]), countAddresses(publicCidrs));
      }),
    );
  });

  it("opens its private endpoint to private ranges", () => {
    const privately = (cidr: string) => ({ endpoint: { privateCidrs: [cidr] } });
    assert.equal(
      reasonOf(privately("203.0.113.0/24"), "endpoint.privateCidrs[0]"),
      '"203.0.113.0/24" is not private; accepted: ranges inside 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16. Move what is public to publicCidrs.',
    );
    assert.equal(
      reasonOf(privately("0.0.0.0/0"), "endpoint.privateCidrs[0]"),
      '"0.0.0.0/0" is not private in all of it; accepted: ranges inside 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16. Move what is public to publicCidrs.',
    );
    assert.equal(
      reasonOf(privately("10.8.0.1/16"), "endpoint.privateCidrs[0]"),
      '"10.8.0.1/16" is not an IPv4 range; accepted: private ranges in CIDR notation, such as 10.8.0.0/16. Correct it.',
    );
  });

  it("names roles and users as they are in IAM, each once", () => {
    const admins = (...arns: string[]) => ({ access: { admins: arns, deployers: [] } });
    assert.equal(
      reasonOf(admins("platform-admin"), "access.admins[0]"),
      '"platform-admin" is not an IAM role or user; accepted: its ARN, such as arn:aws:iam::111122223333:role/platform-admin. Correct it.',
    );
    assert.match(reasonOf(admins("arn:aws:iam::111122223333:root"), "access.admins[0]"), /is not an IAM role or user/);
    assert.equal(
      reasonOf(admins("arn:aws:sts::111122223333:assumed-role/platform-admin/me"), "access.admins[0]"),
      '"arn:aws:sts::111122223333:assumed-role/platform-admin/me" is a session of a role; accepted: the role itself. Write arn:aws:iam::111122223333:role/platform-admin, with its path if it has one.',
    );
    assert.equal(
      reasonOf(
        {
          access: {
            admins: ["arn:aws:iam::111122223333:role/ci"],
            deployers: [{ name: "ci", principalArn: "arn:aws:iam::111122223333:role/ci" }],
          },
        },
        "access.deployers[0].principalArn",
      ),
      '"arn:aws:iam::111122223333:role/ci" is listed as admins[0] too; accepted: each role or user once. Remove one of them.',
    );
    assert.equal(
      reasonOf(admins("arn:aws:iam::111122223333:role/a/b", "arn:aws:iam::111122223333:role/a-b"), "access.admins[1]"),
      '"arn:aws:iam::111122223333:role/a-b" differs from admins[0] only in account, dots or slashes; accepted: names that differ in letters or digits. Rename one of them.',
    );
  });

  it("has deployers of one identity each, who stay out of the system's namespaces", () => {
    const deployer = (change: object) => ({
      access: {
        admins: [],
        deployers: [{ name: "ci", principalArn: "arn:aws:iam::111122223333:role/ci", ...change }],
      },
    });
    const path = (rest: string) => `access.deployers[0].${rest}`;
    assert.equal(
      reasonOf(deployer({ name: "CI" }), path("name")),
      '"CI" is not accepted: 1 to 20 lower-case letters, digits and hyphens inside. Rename the deployer, such as "previews".',
    );
    assert.equal(
      reasonOf(deployer({ principalArn: undefined }), path("principalArn")),
      "it is missing, and so is github; accepted: one of them. Give a role's ARN, or the workflow to make a role for.",
    );
    const github = { oidcProviderArn: "arn", repository: "acme/shop", environment: "preview" };
    assert.equal(
      reasonOf(deployer({ github }), path("github")),
      "it is given beside principalArn; accepted: one of them. Remove one.",
    );
    assert.match(
      reasonOf(
        deployer({ principalArn: undefined, github: { ...github, repository: "acme/*" } }),
        path("github.repository"),
      ),
      /^"acme\/\*" is not one GitHub repository/,
    );
    assert.equal(
      reasonOf(deployer({ namespaces: ["kube-system"] }), path("namespaces[0]")),
      '"kube-system" is closed to deployers; accepted: namespaces of your own. Remove it.',
    );
    assert.equal(
      reasonOf(deployer({ namespaces: ["staging", "berth-*"] }), path("namespaces[1]")),
      '"berth-*" is berth-system too, which is closed to deployers; accepted: namespaces of your own. Write more of the name.',
    );
    assert.equal(
      reasonOf(deployer({ namespaces: ["*"] }), path("namespaces[0]")),
      '"*" is not a namespace; accepted: its name, or how it begins and "*", such as demo-*. Environments need no entry.',
    );
    const twice = { name: "ci", principalArn: "arn:aws:iam::111122223333:role/ci-2" };
    const [first] = deployer({}).access.deployers;
    assert.equal(
      reasonOf({ access: { admins: [], deployers: [first, twice] } }, "access.deployers[1].name"),
      '"ci" is there twice; accepted: each name once. Rename one of them.',
    );
  });

  it("has nodes scaled in one way only", () => {
    assert.equal(
      reasonOf({ autoscaling: "both" }, "autoscaling"),
      '"both" is not known; accepted: cluster-autoscaler, karpenter, auto-mode, one of them. Choose one.',
    );
    assert.deepEqual(problemsOf({ karpenter: {}, autoMode: {} }), [
      "karpenter: it is for karpenter, but autoscaling is cluster-autoscaler, and two would work against each other; accepted: settings of cluster-autoscaler only. Remove it, or set autoscaling to karpenter.",
      "autoMode: it is for auto-mode, but autoscaling is cluster-autoscaler, and two would work against each other; accepted: settings of cluster-autoscaler only. Remove it, or set autoscaling to auto-mode.",
    ]);
    assert.deepEqual(problemsOf({ autoscaling: "auto-mode", clusterAutoscaler: {}, karpenter: {} }), [
      "clusterAutoscaler: it is for cluster-autoscaler, but autoscaling is auto-mode, and two would work against each other; accepted: settings of auto-mode only. Remove it, or set autoscaling to cluster-autoscaler.",
      "karpenter: it is for karpenter, but autoscaling is auto-mode, and two would work against each other; accepted: settings of auto-mode only. Remove it, or set autoscaling to karpenter.",
    ]);
  });

  it("says what is wrong with the settings of each way", () => {
    assert.equal(
      reasonOf({ clusterAutoscaler: { image: "autoscaler:v1.36.1" } }, "clusterAutoscaler.image"),
      '"autoscaler:v1.36.1" can change its content; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Add the digest, as "crane digest" prints it.',
    );
    assert.equal(
      reasonOf({ clusterAutoscaler: { replicas: 0 } }, "clusterAutoscaler.replicas"),
      "0 is not accepted: 1 to 3. Take 2, so that one can take over.",
    );
    assert.equal(
      reasonOf({ autoscaling: "karpenter", karpenter: { serviceAccount: "Karpenter" } }, "karpenter.serviceAccount"),
      '"Karpenter" is not a name in Kubernetes; accepted: 1 to 63 lower-case letters, digits and hyphens inside. Take the one that Karpenter is installed with.',
    );
    assert.equal(
      reasonOf({ autoscaling: "auto-mode", autoMode: { nodePools: ["gpu"] } }, "autoMode.nodePools"),
      '"gpu" is not built in; accepted: general-purpose, system, at least one. Remove it.',
    );
    assert.equal(
      reasonOf({ autoscaling: "auto-mode", autoMode: { nodePools: [] } }, "autoMode.nodePools"),
      "it is empty, so no pod would ever run; accepted: general-purpose, system, at least one. Add one, or leave it out.",
    );
  });

  it("enforces network policies in a way that its nodes know", () => {
    assert.equal(
      reasonOf({ networkPolicy: { mode: "off" } }, "networkPolicy.mode"),
      '"off" is not known; accepted: standard, strict. Choose one.',
    );
    assert.equal(
      reasonOf({ networkPolicy: { mode: "strict" }, autoscaling: "auto-mode" }, "networkPolicy.mode"),
      '"strict" is a field of NodeClasses with auto-mode; accepted: standard. Set networkPolicy: DefaultDeny in your own NodeClass, or choose another autoscaling.',
    );
  });

  it("keeps logs and tags as AWS can", () => {
    assert.equal(
      reasonOf({ logRetentionDays: 100 }, "logRetentionDays"),
      "100 is not a step of CloudWatch Logs; accepted: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653. Take the next one.",
    );
    assert.equal(
      reasonOf({ tags: { "aws:team": "a" } }, "tags.aws:team"),
      'names that begin with "aws:" are kept for AWS; accepted: any other. Rename the tag.',
    );
    assert.equal(
      reasonOf({ tags: { team: "a".repeat(257) } }, "tags.team"),
      "it has 4 and 257 characters; accepted: at most 128 in the name and 256 in the value. Shorten it.",
    );
    assert.equal(
      reasonOf({ tags: Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`t${index}`, ""])) }, "tags"),
      "there are 41 tags; accepted: at most 40. Remove some.",
    );
  });

  it("is refused for all reasons at once, before anything is made", async () => {
    const bad = {
      ...ARGS,
      kubernetesVersion: "1.29",
      controlPlaneSubnetIds: [],
      endpoint: { publicCidrs: ["0.0.0.0/0"] },
      karpenter: {},
      logRetentionDays: 0,
    };
    let thrown: unknown;
    const recording = await record(() => {
      try {
        new EksCluster("cluster", bad);
      } catch (error) {
        thrown = error;
      }
    });
    const { message, errors } = thrown as { message: string; errors: { propertyPath: string }[] };
    assert.equal(message, "EKS cluster cluster cannot be made as asked.");
    assert.deepEqual(
      errors.map(({ propertyPath }) => propertyPath),
      ["kubernetesVersion", "controlPlaneSubnetIds", "endpoint.publicCidrs[0]", "karpenter", "logRetentionDays"],
    );
    assert.deepEqual(
      recording.registrations.map(({ type }) => type),
      ["berth:eks-cluster:EksCluster"],
    );
  });
});
