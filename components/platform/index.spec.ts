import assert from "node:assert/strict";
import { parsePlatform, trustLimits } from "../../config/platform";
import { DEPLOYED_PLATFORM, DIGEST, HOST_PLATFORM } from "../../test/support/samples";
import { record } from "../../test/support/mocks";
import type { Recording } from "../../test/support/mocks";
import { Platform } from ".";

const NAMESPACE = "kubernetes:core/v1:Namespace";
const POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";
const CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole";
const BINDING = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding";
const KIND = "kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition";
const CLUSTER_SCOPED = [
  NAMESPACE,
  CLUSTER_ROLE,
  BINDING,
  "kubernetes:scheduling.k8s.io/v1:PriorityClass",
  "kubernetes:networking.k8s.io/v1:IngressClass",
  KIND,
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
  "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
];

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

function rulesOf(recording: Recording, role: string): Rule[] {
  return recording.get(CLUSTER_ROLE, `platform-role-${role}`).inputs["rules"] as Rule[];
}

describe("Platform", () => {
  let host: Recording;
  let deployed: Recording;
  before(async () => {
    host = await record(() => new Platform("platform", { config: parsePlatform(HOST_PLATFORM) }));
    deployed = await record(() => new Platform("platform", { config: parsePlatform(DEPLOYED_PLATFORM) }));
  });

  it("runs no pod where the gateway is on the host", () => {
    assert.deepEqual(host.ofType("kubernetes:apps/v1:Deployment"), []);
    assert.deepEqual(
      host.ofType(POLICY).map(({ name }) => name),
      ["platform-policy-default-deny"],
    );
  });

  it("warns where nothing is known of the network plugin and there is no canary, and only there", async () => {
    for (const given of [
      { networkPlugin: "fail-closed" },
      { egressCanary: { image: `a/canary@${DIGEST}` } },
      { egressCanary: { when: "never" } },
    ] as const) {
      const config = parsePlatform({ ...HOST_PLATFORM, ...given });
      assert.deepEqual((await record(() => new Platform("platform", { config }))).warnings, []);
    }
    assert.equal(host.warnings.length, 1);
    assert.match(
      host.warnings[0] ?? "",
      /^networkPlugin is not said, and there is no egressCanary\.image: .*when: never/,
    );
  });

  it("confines its namespace and refuses all traffic in it", () => {
    for (const recording of [host, deployed]) {
      const { metadata } = recording.get(NAMESPACE, "platform-namespace").inputs as {
        metadata: { labels: Record<string, string> };
      };
      assert.equal(metadata.labels["pod-security.kubernetes.io/enforce"], "restricted");
      assert.deepEqual(recording.get(POLICY, "platform-policy-default-deny").inputs["spec"], {
        podSelector: {},
        policyTypes: ["Ingress", "Egress"],
      });
    }
  });

  it("makes the Ingress class that Traefik serves, in both modes", () => {
    for (const recording of [host, deployed]) {
      const { inputs } = recording.get("kubernetes:networking.k8s.io/v1:IngressClass", "platform-ingress-class");
      assert.deepEqual(inputs["spec"], { controller: "traefik.io/ingress-controller" });
    }
  });

  it("gives the gateway's rights to a user on the host, to a service account in the cluster", () => {
    assert.deepEqual(host.get(BINDING, "platform-role-binding-gateway").inputs["subjects"], [
      { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "berth:gateway" },
    ]);
    assert.deepEqual(deployed.get(BINDING, "platform-role-binding-gateway").inputs["subjects"], [
      { kind: "ServiceAccount", name: "berth-gateway", namespace: "berth-system" },
    ]);
  });

  it("lets the gateway write nothing", () => {
    assert.deepEqual([...new Set(rulesOf(host, "gateway").flatMap(({ verbs }) => verbs))].sort(), [
      "get",
      "list",
      "watch",
    ]);
  });

  it("lets deployers change what environments consist of, in their namespaces, and nothing by which they could become more", () => {
    const writable = rulesOf(host, "environment")
      .filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)))
      .flatMap(({ resources }) => resources);
    assert.deepEqual(writable.sort(), [
      "configmaps",
      "deployments",
      "ingresses",
      "jobs",
      "limitranges",
      "middlewares",
      "networkpolicies",
      "persistentvolumeclaims",
      "resourcequotas",
      "secrets",
      "serviceaccounts",
      "services",
      "statefulsets",
    ]);
    const everything = rulesOf(host, "environment").filter(({ resources }) => resources.includes("*"));
    assert.deepEqual(everything, [{ apiGroups: ["*"], resources: ["*"], verbs: ["list"] }]);
    const bindings = host.ofType("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding");
    const bound = bindings.map(({ inputs }) => (inputs["roleRef"] as { name: string }).name);
    assert.deepEqual(bound.sort(), ["berth-deployer", "berth-gateway"]);
  });

  it("lets the deployer write nothing of the whole cluster but namespaces and the one binding, and read no Secret", () => {
    const rules = rulesOf(host, "deployer");
    const writing = rules.filter(({ verbs }) => verbs.some((verb) => !["get", "list", "watch"].includes(verb)));
    const resourceNames = ["berth-environment"];
    const apiGroups = ["rbac.authorization.k8s.io"];
    assert.deepEqual(writing, [
      {
        apiGroups: [""],
        resources: ["namespaces"],
        verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
      },
      { apiGroups, resources: ["rolebindings"], verbs: ["create"] },
      { apiGroups, resources: ["rolebindings"], verbs: ["get", "watch", "update", "patch", "delete"], resourceNames },
      { apiGroups, resources: ["clusterroles"], verbs: ["bind"], resourceNames },
    ]);
    const core = rules.filter((one) => one.apiGroups.some((group) => group === "" || group === "*"));
    const named = core.flatMap(({ resources }) => resources);
    for (const wide of ["secrets", "*"]) assert.ok(!named.includes(wide), wide);
    // What stands for a group lists it and no more.
    const wide = rules.filter(({ resources }) => resources.includes("*"));
    for (const { verbs } of wide) assert.deepEqual(verbs, ["list"]);
    const groups = wide.flatMap((one) => one.apiGroups);
    for (const group of ["apps", "rbac.authorization.k8s.io", "traefik.io", "external-secrets.io"]) {
      assert.ok(groups.includes(group), group);
    }
  });

  it("lets the deployer change objects of an operator that the platform has, and none of one that it has not", async () => {
    const image = `ghcr.io/cloudnative-pg/postgresql:16.9@${DIGEST}`;
    const operators = { cloudnativePg: { apiServerCidrs: ["10.0.0.0/16"], images: { "16": image } } };
    const config = parsePlatform({ ...HOST_PLATFORM, operators });
    const recording = await record(() => new Platform("platform", { config }));
    const groups = (one: Recording) => rulesOf(one, "environment").flatMap(({ apiGroups }) => apiGroups);
    assert.ok(groups(recording).includes("postgresql.cnpg.io"));
    assert.ok(!groups(host).includes("postgresql.cnpg.io"));
    assert.deepEqual((recording.result as Platform).facts.operators, {
      cloudnativePg: { namespace: "cnpg-system", apiServerCidrs: ["10.0.0.0/16"], images: { "16": image } },
    });
  });

  it("lets the deployer make monitors where the platform's Prometheus is told by them", async () => {
    const scraper = { namespace: "monitoring", podLabels: { app: "prometheus" } };
    const resources = async (metrics: object) => {
      const config = parsePlatform({ ...HOST_PLATFORM, metrics });
      const recording = await record(() => new Platform("platform", { config }));
      return rulesOf(recording, "environment").flatMap((one) => one.resources);
    };
    assert.ok((await resources({ ...scraper, discovery: "PodMonitor" })).includes("podmonitors"));
    assert.ok(!(await resources(scraper)).includes("podmonitors"));
  });

  it("keeps the deployer and the configured groups to environments, and denies what fails to be checked", () => {
    const { spec } = host.get(
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
      "platform-admission-deployer",
    ).inputs as { spec: { failurePolicy: string; matchConditions: { expression: string }[] } };
    assert.equal(spec.failurePolicy, "Fail");
    assert.equal(
      spec.matchConditions[1]?.expression,
      'request.userInfo.username == "system:serviceaccount:berth-system:berth-deployer" || request.userInfo.groups.exists(group, group in ["berth:deployers"])',
    );
    const { inputs } = host.get(
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicyBinding",
      "platform-admission-binding-deployer",
    );
    assert.deepEqual(inputs["spec"], { policyName: "berth-deployer", validationActions: ["Deny", "Audit"] });
  });

  it("has the deployer give its own rights in environments, under one name and to the platform's deployers alone", () => {
    const { spec } = host.get(
      "kubernetes:admissionregistration.k8s.io/v1:ValidatingAdmissionPolicy",
      "platform-admission-deployer",
    ).inputs as { spec: { validations: { expression: string }[] } };
    const expression = spec.validations[1]?.expression ?? "";
    assert.match(expression, /object\.metadata\.name == "berth-environment" && object\.roleRef\.kind == "ClusterRole"/);
    assert.match(expression, /size\(object\.\?subjects\.orValue\(\[\]\)\) == 2/);
    assert.match(expression, /subject\.kind == "Group" && subject\.name == "berth:deployers"/);
  });

  it("keeps leases to the platform namespace", () => {
    const { inputs } = host.get("kubernetes:rbac.authorization.k8s.io/v1:Role", "platform-role-leases");
    assert.equal((inputs["metadata"] as { namespace: string }).namespace, "berth-system");
    assert.deepEqual(inputs["rules"], [
      {
        apiGroups: ["coordination.k8s.io"],
        resources: ["leases"],
        verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
      },
    ]);
  });

  it("lets the deployer read exactly the preview secrets that are named, and write none", () => {
    const { inputs } = deployed.get(
      "kubernetes:rbac.authorization.k8s.io/v1:Role",
      "platform-role-preview-secrets-shop",
    );
    assert.equal((inputs["metadata"] as { namespace: string }).namespace, "shop-preview-secrets");
    assert.deepEqual(inputs["rules"], [
      { apiGroups: [""], resources: ["secrets"], verbs: ["get"], resourceNames: ["stripe", "mail"] },
      { apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["flags"] },
    ]);
    const binding = deployed.get(
      "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
      "platform-role-binding-preview-secrets-shop",
    );
    assert.deepEqual(binding.dependsOn, ["platform-role-preview-secrets-shop"]);
    assert.deepEqual(
      (binding.inputs["subjects"] as { name: string }[]).map(({ name }) => name),
      ["berth-deployer", "berth:deployers"],
    );
    assert.deepEqual((deployed.result as Platform).facts.previewSecrets, {
      shop: {
        namespace: "shop-preview-secrets",
        repository: "acme/shop",
        secrets: ["stripe", "mail"],
        configMaps: ["flags"],
      },
    });
  });

  it("has the SealedSecrets controller where asked, and lets deployers make what it opens", async () => {
    assert.deepEqual(host.ofType("berth:operators:SealedSecrets"), []);
    const config = parsePlatform({ ...HOST_PLATFORM, sealedSecrets: { image: `localhost/sealed@${DIGEST}` } });
    const recording = await record(() => new Platform("platform", { config }));
    assert.equal(recording.ofType("berth:operators:SealedSecrets").length, 1);
    assert.deepEqual(
      rulesOf(recording, "environment").filter(({ apiGroups }) => apiGroups.includes("bitnami.com")),
      [
        {
          apiGroups: ["bitnami.com"],
          resources: ["sealedsecrets"],
          verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
        },
      ],
    );
    assert.deepEqual((recording.result as Platform).facts.sealedSecrets, { projects: null });
  });

  it("never lets an environment push another pod out", () => {
    const { inputs } = host.get("kubernetes:scheduling.k8s.io/v1:PriorityClass", "platform-priority-environment");
    assert.equal(inputs["value"], 100);
    assert.equal(inputs["preemptionPolicy"], "Never");
  });

  it("deletes what is in its namespace with it", () => {
    const children = deployed.registrations.filter(
      ({ type, inputs }) =>
        type.startsWith("kubernetes:") &&
        !CLUSTER_SCOPED.includes(type) &&
        (inputs["metadata"] as { namespace: string }).namespace === "berth-system",
    );
    assert.ok(children.length >= 9);
    for (const { name, deletedWith } of children) assert.equal(deletedWith, "platform-namespace", name);
  });

  describe("with the gateway in the cluster", () => {
    it("starts it behind its policies", () => {
      const { dependsOn } = deployed.get("kubernetes:apps/v1:Deployment", "platform-gateway");
      for (const policy of deployed.ofType(POLICY)) assert.ok(dependsOn?.includes(policy.name), policy.name);
    });

    it("lets it out to environments and the API server only, never to link-local addresses", async () => {
      const { inputs } = deployed.get(POLICY, "platform-policy-allow-gateway-out");
      const ports = [
        { port: 443, protocol: "TCP" },
        { port: 6443, protocol: "TCP" },
      ];
      assert.deepEqual((inputs["spec"] as { egress: object[] }).egress, [
        { to: [{ namespaceSelector: { matchExpressions: [{ key: "berth.dev/environment", operator: "Exists" }] } }] },
        { to: [{ ipBlock: { cidr: "10.0.0.0/16" } }], ports },
      ]);
      const anywhere = parsePlatform({
        ...DEPLOYED_PLATFORM,
        gateway: { ...DEPLOYED_PLATFORM.gateway, apiServerCidrs: ["0.0.0.0/0"] } as never,
      });
      const recording = await record(() => new Platform("platform", { config: anywhere }));
      const { egress } = recording.get(POLICY, "platform-policy-allow-gateway-out").inputs["spec"] as {
        egress: object[];
      };
      assert.deepEqual(egress[1], { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } }], ports });
    });

    it("ends TLS with the certificate that is named", () => {
      const text = JSON.stringify(deployed.get("kubernetes:apps/v1:Deployment", "platform-gateway").inputs);
      assert.match(text, /"secretName":"wildcard-certificate"/);
      assert.match(text, /--entrypoints\.websecure\.http\.tls=true/);
      const { ports } = deployed.get("kubernetes:core/v1:Service", "platform-gateway-service").inputs["spec"] as {
        ports: object[];
      };
      assert.deepEqual(ports, [
        { name: "https", port: 443, targetPort: 8443 },
        { name: "http", port: 80, targetPort: 8000 },
      ]);
      assert.match(text, /--entrypoints\.web\.http\.redirections\.entrypoint\.to=:443"/);
      assert.match(text, /--entrypoints\.web\.http\.redirections\.entrypoint\.scheme=https/);
    });

    it("serves plain HTTP, and leads nowhere else, where TLS ends before it", async () => {
      const { tlsSecret, ...gateway } = DEPLOYED_PLATFORM.gateway as { tlsSecret?: string };
      assert.equal(tlsSecret, "wildcard-certificate");
      const config = parsePlatform({ ...DEPLOYED_PLATFORM, gateway });
      const recording = await record(() => new Platform("platform", { config }));
      const text = JSON.stringify(recording.get("kubernetes:apps/v1:Deployment", "platform-gateway").inputs);
      assert.doesNotMatch(text, /redirections|websecure\.address/);
      const { inputs } = recording.get("kubernetes:core/v1:Service", "platform-gateway-service");
      assert.deepEqual((inputs["spec"] as { ports: object[] }).ports, [{ name: "https", port: 443, targetPort: 8000 }]);
    });

    it("installs the kinds that Traefik reads before Traefik, unless another has", async () => {
      const names = deployed.ofType(KIND).map(({ name }) => name);
      assert.equal(names.length, 10);
      assert.ok(names.includes("platform-kind-middlewares"));
      const { dependsOn = [] } = deployed.get("kubernetes:apps/v1:Deployment", "platform-gateway");
      for (const name of names) assert.ok(dependsOn.includes(name), name);
      const config = parsePlatform({
        ...DEPLOYED_PLATFORM,
        gateway: { ...DEPLOYED_PLATFORM.gateway, installKinds: false } as never,
      });
      assert.deepEqual((await record(() => new Platform("platform", { config }))).ofType(KIND), []);
      assert.deepEqual(host.ofType(KIND), []);
    });

    it("keeps the addresses of visitors when asked to, and says which it does", async () => {
      const at = (clientAddresses: string, serviceType = "LoadBalancer") =>
        record(
          () =>
            new Platform("platform", {
              config: parsePlatform({
                ...DEPLOYED_PLATFORM,
                gateway: { ...DEPLOYED_PLATFORM.gateway, clientAddresses, serviceType } as never,
              }),
            }),
        );
      const policy = (recording: Recording) =>
        (
          recording.get("kubernetes:core/v1:Service", "platform-gateway-service").inputs["spec"] as object & {
            externalTrafficPolicy?: string;
          }
        ).externalTrafficPolicy;
      const [seen, internal, hidden] = [await at("seen"), await at("seen", "ClusterIP"), await at("hidden")];
      assert.deepEqual([policy(seen), policy(internal), policy(hidden)], ["Local", undefined, undefined]);
      assert.deepEqual(
        [seen, hidden, deployed].map(({ result }) => (result as Platform).facts.access.ipLists),
        [true, false, false],
      );
    });

    it("keeps one pod through drains", () => {
      const { inputs } = deployed.get("kubernetes:policy/v1:PodDisruptionBudget", "platform-gateway-budget");
      assert.equal((inputs["spec"] as { minAvailable: number }).minAvailable, 1);
    });

    it("does not let environments point it at other hosts or into each other's namespaces", () => {
      const text = JSON.stringify(deployed.get("kubernetes:apps/v1:Deployment", "platform-gateway").inputs);
      assert.match(text, /allowexternalnameservices=false/);
      assert.match(text, /kubernetescrd\.allowexternalnameservices=false/);
      assert.match(text, /kubernetescrd\.allowcrossnamespace=false/);
    });
  });

  describe("on a cluster that has an ingress controller already", () => {
    const existing = {
      domain: "preview.example.com",
      gateway: {
        mode: "existing",
        ingressClass: "contour",
        sources: [{ namespace: "projectcontour", podLabels: { app: "envoy" } }],
      },
    };

    it("brings neither gateway nor rights for one, and uses the class that is there", async () => {
      const recording = await record(() => new Platform("platform", { config: parsePlatform(existing) }));
      for (const type of ["kubernetes:apps/v1:Deployment", "kubernetes:networking.k8s.io/v1:IngressClass", KIND]) {
        assert.deepEqual(recording.ofType(type), [], type);
      }
      assert.deepEqual(
        recording
          .ofType(CLUSTER_ROLE)
          .map(({ name }) => name)
          .sort(),
        ["platform-role-deployer", "platform-role-environment"],
      );
      const { ingressClass, gatewaySources, middlewares, access } = (recording.result as Platform).facts;
      assert.equal(ingressClass, "contour");
      assert.deepEqual(gatewaySources, existing.gateway.sources);
      assert.deepEqual([middlewares, access], [false, { default: "public", accepted: ["public"], ipLists: false }]);
    });

    it("does not take a default that nobody would keep", () => {
      assert.throws(() => parsePlatform({ ...existing, access: { default: "basic" } }), {
        message:
          /access\.default is "basic", which is not accepted here; accepted: one of public\. Name another: a gateway of mode existing keeps nobody out\./,
      });
    });
  });

  it("tells the others what they need", () => {
    assert.deepEqual((host.result as Platform).facts, {
      namespace: "berth-system",
      domain: "berth.localhost",
      scheme: "https",
      port: 8443,
      ingressClass: "berth",
      gatewaySources: [{ cidr: "10.89.0.1/32" }],
      middlewares: true,
      access: { default: "public", accepted: ["public", "basic"], ipLists: true },
      storageClass: null,
      images: HOST_PLATFORM.images,
      defaultVersions: { postgresql: "15", mariadb: "10.11", redis: "7", mongodb: "7.0", s3: "1" },
      priorityClasses: { platform: "berth-platform", environment: "berth-environment" },
      operators: { cloudnativePg: null },
      privateEgress: [],
      egressHosts: "proxy",
      egressProxy: null,
      s3Client: null,
      egressCanary: null,
      snapshots: {},
      previewSecrets: {},
      metrics: null,
      oauth: null,
      sealedSecrets: null,
      deployers: {
        clusterRole: "berth-environment",
        subjects: [
          { kind: "ServiceAccount", name: "berth-deployer", namespace: "berth-system" },
          { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: "berth:deployers" },
        ],
      },
      externalSecrets: {},
      trust: { default: "internal", limits: trustLimits(parsePlatform(HOST_PLATFORM)) },
    });
    const { gatewaySources, port, defaultVersions, storageClass } = (deployed.result as Platform).facts;
    assert.deepEqual(gatewaySources, [
      {
        namespace: "berth-system",
        podLabels: { "app.kubernetes.io/name": "traefik", "app.kubernetes.io/part-of": "berth-platform" },
      },
    ]);
    assert.deepEqual([port, defaultVersions.postgresql, storageClass], [443, "16", "gp3"]);
  });
});
