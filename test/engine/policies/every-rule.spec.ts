import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SecurityGroup } from "@pulumi/aws/ec2";
import { Cluster, NodeGroup } from "@pulumi/aws/eks";
import { Policy, Role } from "@pulumi/aws/iam";
import { ActionsSecret, Provider as GithubProvider } from "@pulumi/github";
import * as kubernetes from "@pulumi/kubernetes";
import { families } from "../../../policies/families";
import { FakeGithub } from "../../support/github";
import { testCluster } from "../../support/cluster";
import { org } from "../cloud/github-support";
import { region } from "../cloud/aws-support";
import { TestStack, uniqueName } from "../provider/support";

const root = join(__dirname, "../../..");
const issuer = "token.actions.githubusercontent.com";
const role = "arn:aws:iam::111122223333:role/cluster";

/** An object that breaks nearly every rule on objects of Kubernetes, beside those that need a relation between two. */
function brokenObjects(namespace: string): void {
  const inside = (name: string) => ({ name, namespace });
  new kubernetes.core.v1.Namespace("namespace", { metadata: { name: namespace } });
  new kubernetes.core.v1.ConfigMap("elsewhere", { metadata: { name: "elsewhere", namespace: "default" } });
  // The format of GitHub's tokens, with nothing in it.
  const data = { TOKEN: `ghp_${"aB3dE6gH9".repeat(4)}` };
  new kubernetes.core.v1.ConfigMap("settings", { metadata: inside("settings"), data });
  new kubernetes.core.v1.Secret("secret", { metadata: inside("secret"), stringData: { a: "b" } });
  const labels = { app: "app", "berth.dev/component": "egress-proxy" };
  new kubernetes.apps.v1.Deployment("app", {
    metadata: inside("app"),
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          hostNetwork: true,
          securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] },
          volumes: [{ name: "etc", hostPath: { path: "/etc" } }],
          containers: [
            {
              name: "app",
              image: "app:latest",
              ports: [{ containerPort: 80, hostPort: 80 }],
              securityContext: { privileged: true },
            },
          ],
        },
      },
    },
  });
  new kubernetes.core.v1.Service("app", {
    metadata: inside("app"),
    spec: { type: "NodePort", selector: labels, ports: [{ port: 80 }] },
  });
  const backend = { service: { name: "app", port: { number: 80 } } };
  new kubernetes.networking.v1.Ingress("app", {
    metadata: inside("app"),
    spec: {
      ingressClassName: "other",
      defaultBackend: backend,
      rules: [{ host: "localhost", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
    },
  });
  const open = (name: string, ...cidrs: string[]) =>
    new kubernetes.networking.v1.NetworkPolicy(name, {
      metadata: inside(name),
      spec: {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [{ to: cidrs.map((cidr) => ({ ipBlock: { cidr } })) }],
      },
    });
  open("world", "0.0.0.0/0");
  new kubernetes.apiextensions.CustomResource("hosts", {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    metadata: inside("hosts"),
    spec: { egress: [{ toFQDNs: [{ matchName: "api.example.com" }] }] },
  });
  new kubernetes.apiextensions.CustomResource("route", {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: inside("route"),
  });
  new kubernetes.discovery.v1.EndpointSlice("elsewhere", {
    metadata: inside("elsewhere"),
    addressType: "IPv4",
    endpoints: [{ addresses: ["203.0.113.1"] }],
    ports: [{ port: 80 }],
  });
  new kubernetes.rbac.v1.ClusterRole("all", {
    metadata: { name: namespace },
    rules: [
      { apiGroups: ["*"], resources: ["*"], verbs: ["*"] },
      { apiGroups: ["rbac.authorization.k8s.io"], resources: ["roles"], verbs: ["escalate"] },
    ],
  });
  const fork = `${namespace}-fork`;
  const forks = (name: string) => ({ name, namespace: fork });
  new kubernetes.core.v1.Namespace("fork", { metadata: { name: fork, labels: { "berth.dev/trust": "fork" } } });
  new kubernetes.core.v1.ConfigMap("copy", {
    metadata: { ...forks("copy"), annotations: { "berth.dev/copied-from": "previews/flags" } },
  });
  new kubernetes.core.v1.Pod("tagged", {
    metadata: forks("tagged"),
    spec: { containers: [{ name: "app", image: "app:latest" }] },
  });
  new kubernetes.networking.v1.NetworkPolicy("forks-range", {
    metadata: forks("range"),
    spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "203.0.113.0/24" } }] }] },
  });
  // A namespace of its own, since one policy that opens the world by itself is reported alone.
  for (const [name, cidr] of Object.entries({ first: "16.0.0.0/5", second: "24.0.0.0/5", third: "32.0.0.0/5" })) {
    new kubernetes.networking.v1.NetworkPolicy(`part-${name}`, {
      metadata: { name, namespace: `${namespace}-parts` },
      spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr } }] }] },
    });
  }
}

/** What breaks the rules on AWS and GitHub. */
function brokenClouds(github: GithubProvider): void {
  const statement = (fields: object) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...fields }] });
  new Policy("all", { policy: statement({ Action: "s3:*", Resource: "*" }) });
  new Role("everybody", {
    assumeRolePolicy: statement({
      Action: "sts:AssumeRoleWithWebIdentity",
      Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${issuer}` },
      Condition: { StringEquals: { [`${issuer}:sub`]: "repo:acme/shop:pull_request" } },
    }),
  });
  const everywhere = [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"] }];
  new SecurityGroup("open", {
    vpcId: "vpc-0123456789abcdef0",
    description: "open",
    ingress: everywhere,
    egress: everywhere,
  });
  const subnetIds = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];
  const cluster = new Cluster("cluster", { name: "broken", version: "1.33", roleArn: role, vpcConfig: { subnetIds } });
  const scalingConfig = { minSize: 1, maxSize: 1, desiredSize: 1 };
  new NodeGroup("nodes", { clusterName: cluster.name, nodeRoleArn: role, subnetIds, scalingConfig });
  new kubernetes.storage.v1.StorageClass("plain", { metadata: { name: "plain" }, provisioner: "ebs.csi.aws.com" });
  const secret = { repository: "shop", secretName: "TOKEN", plaintextValue: "hunter2" };
  new ActionsSecret("token", secret, { provider: github });
}

/** The real pack in a preview of the real engine, of a program that breaks everything; nothing is made. */
describe("every rule in a preview", function () {
  this.timeout(180_000);
  let folder: string;
  let found: Set<string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "berth-every-rule-"));
    const config = join(folder, "config.json");
    // As advice, so that the first finding does not end the preview. Two rules judge only what the pack's config names.
    const named = {
      "secrets-have-a-source": { accepted: ["sealed-secrets"] },
      "egress-proxy-runs-its-image": { repositories: ["registry.example.com/proxy"] },
    };
    await writeFile(config, JSON.stringify({ all: "advisory", ...named }));
    const fake = await FakeGithub.start({});
    fake.addUser("admin");
    await fake.addOrganization(org, {});
    await fake.addRepository(org, "shop", { visibility: "public" });
    const stack = await TestStack.openWith(
      await testCluster(),
      { AWS_REGION: region, BERTH_STAND_IN_STATE: folder },
      { stackName: "pr-broken-1", policyPacks: [join(root, "policies")], policyPackConfigs: [config] },
    );
    try {
      const { events } = await stack.preview(() => {
        brokenObjects(uniqueName("broken"));
        const settings = { baseUrl: fake.url, owner: org, token: fake.token, writeDelayMs: 0 };
        brokenClouds(new GithubProvider("github", settings));
      });
      const reported = events.flatMap(({ policyEvent }) => (policyEvent ? [policyEvent] : []));
      const decided = reported.filter(({ message }) => !message.includes("can't be known during preview"));
      found = new Set(decided.map(({ policyName }) => policyName));
    } finally {
      await stack.close();
      await fake.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  for (const { name } of families.flatMap(({ policies }) => policies)) {
    it(`${name} is found broken`, () => {
      assert.ok(found.has(name), `found were: ${[...found].sort().join(", ")}`);
    });
  }
});
