import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { pause, type Kube, type KubeObject } from "../../../lifecycle/kube";
import { simulatedCluster } from "../lifecycle/cluster";
import { uniqueName } from "../provider/support";
import {
  clientAs,
  defaultDeny,
  defineKind,
  deployersBinding,
  deployerToken,
  deployment,
  egress,
  Environment,
  environmentLabels,
  forgetKind,
  goodContainer,
  isRefused,
  pathOf,
  pod,
  refusalOf,
  until,
  withContainer,
} from "./admission-support";

const run = promisify(execFile);
// With what the API server adds to an image by digest, so that nothing but the image changes.
const byTag = { ...goodContainer, image: "nginx:latest", imagePullPolicy: "IfNotPresent" };

interface Live extends KubeObject {
  spec: { containers: { image: string }[]; replicas?: number };
}

/** Ways around the rules, tried on the real API server, most of them by its administrator, whom no right stops. */
describe("ways around the rules in the cluster", function () {
  this.timeout(120_000);
  const target = simulatedCluster();
  const namespace = uniqueName("around");
  let environment: Environment;
  let kube: Kube;
  const inside = `/api/v1/namespaces/${namespace}`;

  before(async () => {
    environment = await Environment.open(target(), namespace);
    kube = environment.kube;
    await environment.create(pod());
    await environment.create(deployment());
  });
  after(() => environment.close());

  it("pods that nobody owns, and pods whose names are generated, are judged", async () => {
    await isRefused(environment.create(pod({ containers: [byTag] }, { name: "bare" })), /image-by-digest/);
    await isRefused(environment.create(pod({ containers: [byTag] }, { generateName: "bare-" })), /image-by-digest/);
    await isRefused(
      environment.create(pod({ serviceAccountName: "default" }, { generateName: "p-" })),
      /default service/,
    );
  });

  it("what makes pods is judged, whatever its kind", async () => {
    const { spec } = deployment({ containers: [byTag] }) as unknown as { spec: { selector: object; template: object } };
    const { selector, template } = spec;
    const once = {
      template: { spec: { ...(pod({ containers: [byTag], restartPolicy: "Never" })["spec"] as object) } },
    };
    const kinds = [
      ["apps/v1", "StatefulSet", { selector, template, serviceName: "app" }],
      ["apps/v1", "DaemonSet", { selector, template }],
      ["apps/v1", "ReplicaSet", { selector, template }],
      ["batch/v1", "Job", once],
      ["batch/v1", "CronJob", { schedule: "@daily", jobTemplate: { spec: once } }],
      ["v1", "ReplicationController", { selector: { app: "app" }, template }],
    ] as const;
    for (const [apiVersion, kind, body] of kinds) {
      const object = { apiVersion, kind, metadata: { name: "other" }, spec: body };
      await isRefused(environment.create(object), /image-by-digest: app has the image nginx:latest/);
    }
    const bare = { apiVersion: "v1", kind: "PodTemplate", metadata: { name: "other" }, template };
    await isRefused(environment.create(bare), /image-by-digest/);
  });

  it("an ephemeral container is judged as any other", async () => {
    const path = `${inside}/pods/pod/ephemeralcontainers`;
    // The API takes no resources for them.
    const debug = { ...goodContainer, name: "debug", resources: undefined };
    const change = (fields: object) => ({ spec: { ephemeralContainers: [{ ...debug, ...fields }] } });
    await isRefused(kube.patch(path, change({ image: "busybox" })), /debug has the image busybox/);
    const short = goodContainer.image.slice(0, -1);
    await isRefused(kube.patch(path, change({ image: short })), /'berth-pods' .* image-by-digest: debug has the image/);
    await kube.patch(path, change({}));
  });

  it("a pod's image cannot be changed afterwards, neither by itself nor by way of its status", async () => {
    const change = { spec: { containers: [{ name: "app", image: "nginx:latest" }] } };
    await isRefused(kube.patch(`${inside}/pods/pod`, { spec: { containers: [byTag] } }), /image-by-digest/);
    await refusalOf(kube.patch(`${inside}/pods/pod/status`, change));
    const { spec } = await kube.get<Live>(`${inside}/pods/pod`);
    assert.deepEqual(
      spec.containers.map(({ image }) => image),
      [goodContainer.image],
    );
  });

  it("a Deployment's pod cannot be changed by patch, by its status or by its scale", async () => {
    const path = environment.path(deployment(), "app");
    const change = { spec: { template: { spec: { containers: [byTag] } } } };
    await isRefused(kube.patch(path, change), /image-by-digest/);
    await kube.patch(`${path}/status`, change);
    await kube.patch(`${path}/scale`, { spec: { replicas: 2, template: change.spec.template } });
    const { spec } = await kube.get<{ spec: { replicas: number; template: { spec: Live["spec"] } } }>(path);
    assert.equal(spec.replicas, 2);
    assert.deepEqual(
      spec.template.spec.containers.map(({ image }) => image),
      [goodContainer.image],
    );
  });

  it("the namespace keeps the labels that make it an environment, by whatever way they are taken", async () => {
    const changes: [object, RegExp][] = [
      [{ "berth.dev/environment": null }, /namespace-has-owner: .* lacks the labels berth\.dev\/environment/],
      [{ "app.kubernetes.io/managed-by": "helm" }, /lacks the labels app\.kubernetes\.io\/managed-by=berth/],
      [{ "berth.dev/owner": null }, /lacks the labels berth\.dev\/owner/],
      [{ "pod-security.kubernetes.io/enforce": "privileged" }, /the namespace enforces privileged/],
      [{ "pod-security.kubernetes.io/enforce": null }, /the namespace enforces nothing/],
      [{ "pod-security.kubernetes.io/enforce-version": "v1.20" }, /version v1\.20/],
    ];
    for (const [labels, words] of changes) {
      for (const way of ["", "/status"])
        await isRefused(kube.patch(`${inside}${way}`, { metadata: { labels } }), words);
    }
    const live = await kube.get<KubeObject>(inside);
    const bare = { ...live, metadata: { ...live.metadata, labels: {} } };
    await isRefused(kube.put(`${inside}/finalize`, bare), /namespace-/);
    await isRefused(kube.put(inside, bare), /namespace-/);
    assert.deepEqual((await kube.get<KubeObject>(inside)).metadata.labels, live.metadata.labels);
    // What Berth changes itself goes through.
    await kube.patch(inside, { metadata: { labels: { "berth.dev/commit": "1".repeat(40) }, annotations: { a: "b" } } });
  });

  it("the fences stay as long as the environment, and open no gap", async () => {
    const policies = pathOf(defaultDeny, namespace);
    const opened = { spec: { egress: [{ to: [{ podSelector: {} }] }] } };
    await isRefused(
      kube.patch(`${policies}/default-deny`, opened),
      /default-deny-both-ways: .* does not deny everything/,
    );
    await isRefused(kube.delete(`${policies}/default-deny`), /stays as long as the environment; delete the namespace/);
    await isRefused(kube.delete(`${inside}/resourcequotas/environment`), /namespace-has-quota/);
    await environment.create(egress([]));
    await refusalOf(kube.delete(policies));
    const { items } = await kube.get<{ items: KubeObject[] }>(policies);
    assert.ok(items.some(({ metadata }) => metadata.name === "default-deny"));
    await kube.delete(`${policies}/out`);
  });

  it("no pod starts in an environment without its fences", async () => {
    const bare = uniqueName("unfenced");
    const metadata = { name: bare, labels: environmentLabels(bare) };
    await kube.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    try {
      const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "app" } };
      await kube.post(pathOf(account, bare), { ...account, automountServiceAccountToken: false });
      const ask = () => refusalOf(kube.post(`/api/v1/namespaces/${bare}/pods?dryRun=All`, pod()));
      assert.match((await ask()) ?? "it was let through", /berth-(default-deny-both-ways|namespace-has-quota)/);
      await kube.post(pathOf(defaultDeny, bare), defaultDeny);
      await comesTo(ask, /berth-namespace-has-quota/);
      const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "environment" } };
      await kube.post(pathOf(quota, bare), { ...quota, spec: { hard: { services: "1" } } });
      await comesTo(ask, /does not count all pods/);
      await kube.patch(`${pathOf(quota, bare)}/environment`, { spec: { hard: { pods: "1" } } });
      await comesTo(ask, /^let through$/);
    } finally {
      await kube.delete(`/api/v1/namespaces/${bare}`);
    }
  });

  it("no pod becomes the egress proxy by its label, not by way of its status either", async () => {
    const change = { metadata: { labels: { "berth.dev/component": "egress-proxy" } } };
    for (const way of ["", "/status"]) {
      await isRefused(kube.patch(`${inside}/pods/pod${way}`, change), /egress-proxy-runs-its-image/);
    }
    await isRefused(
      kube.patch(environment.path(deployment(), "app"), { spec: { template: change } }),
      /egress-proxy-runs-its-image/,
    );
  });

  it("a server-side dry run is refused as the request itself is, by apply too", async () => {
    assert.match((await environment.refusal(withContainer({ image: "nginx" }))) ?? "", /image-by-digest/);
    await isRefused(
      kube.patch(`${inside}?dryRun=All`, { metadata: { labels: { "berth.dev/environment": null } } }),
      /namespace-has-owner/,
    );
  });

  it("what was there before the rules can be labelled and deleted, and is judged once it changes", async () => {
    const older = uniqueName("older");
    const metadata = { name: older };
    const path = `${pathOf(deployment(), older)}/app`;
    await kube.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata });
    try {
      await kube.post(pathOf(deployment(), older), withContainer({ image: "nginx:1" }));
      await kube.patch(path, { metadata: { finalizers: ["example.com/tidy"] } });
      await kube.patch(`/api/v1/namespaces/${older}`, { metadata: { labels: environmentLabels(older) } });
      const change = { spec: { template: { spec: { containers: [{ ...goodContainer, image: "nginx:2" }] } } } };
      for (
        const end = Date.now() + 30_000;
        (await refusalOf(kube.patch(`${path}?dryRun=All`, change))) === undefined;
      ) {
        assert.ok(Date.now() < end, "it is not judged");
        await pause(100);
      }
      await kube.patch(path, { metadata: { labels: { a: "b" } }, spec: { replicas: 0 } });
      await kube.delete(path);
      await kube.patch(path, { metadata: { finalizers: null } });
      assert.equal(await kube.find(path), undefined);
    } finally {
      await kube.delete(`/api/v1/namespaces/${older}`);
    }
  });

  it("rules by host name are refused where nothing enforces them", async () => {
    await defineKind(kube, "cilium.io", "v2", "CiliumNetworkPolicy", "ciliumnetworkpolicies");
    try {
      const path = `/apis/cilium.io/v2/namespaces/${namespace}/ciliumnetworkpolicies`;
      const policy = (rule: object) => ({
        apiVersion: "cilium.io/v2",
        kind: "CiliumNetworkPolicy",
        metadata: { name: "hosts" },
        spec: { egress: [rule] },
      });
      const named = { toFQDNs: [{ matchName: "api.example.com" }] };
      await isRefused(
        kube.post(`${path}?dryRun=All`, policy(named)),
        /host-rules-need-a-cni: .* only cilium enforces; fix/,
      );
      assert.equal(await refusalOf(kube.post(`${path}?dryRun=All`, policy({ toEndpoints: [{}] }))), undefined);
    } finally {
      await forgetKind(kube, "cilium.io", "ciliumnetworkpolicies");
    }
  });

  it("routes that are no Ingresses are refused, whatever their hosts", async () => {
    await defineKind(kube, "gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
    try {
      const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes`;
      const metadata = { name: "everything" };
      const route = {
        apiVersion: "gateway.networking.k8s.io/v1",
        kind: "HTTPRoute",
        metadata,
        spec: { hostnames: ["*"] },
      };
      await isRefused(kube.post(path, route), /routed-by-ingress-alone: the HTTPRoute everything leads requests past/);
    } finally {
      await forgetKind(kube, "gateway.networking.k8s.io", "httproutes");
    }
  });

  it("addresses behind a Service are found by the cluster, which nobody can do in its place", async () => {
    const service = { apiVersion: "v1", kind: "Service", metadata: { name: "app" } };
    await environment.create({ ...service, spec: { selector: { app: "app" }, ports: [{ port: 80 }] } });
    const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    const found = async () =>
      (await kube.get<{ items: (KubeObject & { endpoints: object[] | null })[] }>(path)).items[0];
    await until(async () => ((await found())?.endpoints ?? []).length > 0);
    const slice = (await found())?.metadata.name ?? assert.fail("no slice");
    const elsewhere = { endpoints: [{ addresses: ["203.0.113.1"] }] };
    await isRefused(kube.patch(`${path}/${slice}`, elsewhere), /endpoints-by-the-cluster-alone/);
  });

  describe("by the deployer", () => {
    let deployer: Environment;
    before(async () => {
      deployer = environment.as(await clientAs(target(), { token: await deployerToken(kube) }));
      // As an environment has it.
      await environment.create(deployersBinding);
      await until(async () => (await deployer.refusal(deployment({}, "second"))) === undefined);
    });

    it("environments are changed, and judged", async () => {
      assert.equal(await deployer.refusal(deployment({}, "second")), undefined);
      assert.match((await deployer.refusal(withContainer({ image: "nginx" }))) ?? "", /image-by-digest/);
    });

    it("the sealing key's certificate is asked for, and no other Service, whatever rights there are", async () => {
      const ask = (where: string) =>
        deployer.kube.get(`/api/v1/namespaces/${where}/services/http:sealed-secrets:8080/proxy/v1/cert.pem`);
      const rbac = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
      const name = "berth-test-proxy";
      const subject = { kind: "ServiceAccount", name: "berth-deployer", namespace: "berth-system" };
      await kube.post(rbac, {
        metadata: { name },
        rules: [{ apiGroups: [""], resources: ["services/proxy"], verbs: ["get"] }],
      });
      await kube.post(rbac.replace("roles", "rolebindings"), {
        metadata: { name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
        subjects: [subject],
      });
      try {
        // There is no such Service here, which only who may ask is told.
        await until(async () =>
          /not found/.test(String(await ask("berth-sealed-secrets").catch((error: unknown) => error))),
        );
        await isRefused(ask("kube-system"), /write in namespaces labelled|opens no connection/);
        await isRefused(ask(namespace), /opens no connection/);
      } finally {
        await kube.delete(`${rbac}/${name}`);
        await kube.delete(`${rbac.replace("roles", "rolebindings")}/${name}`);
      }
    });

    it("no pod is made or entered, and no right is given", async () => {
      const refused = /cannot (create|get|update|patch) resource/;
      assert.match((await deployer.refusal(pod())) ?? "it was let through", refused);
      for (const way of ["exec?command=id&stdout=true", "attach?stdout=true", "portforward?ports=80"]) {
        await isRefused(deployer.kube.post(`${inside}/pods/pod/${way}`, {}), refused);
      }
      await isRefused(deployer.kube.patch(`${inside}/pods/pod/ephemeralcontainers`, { spec: {} }), refused);
      await isRefused(deployer.kube.patch(`${inside}/status`, { metadata: { labels: { a: "b" } } }), refused);
      await isRefused(deployer.kube.post(`${inside}/serviceaccounts/app/token`, { spec: {} }), refused);
      const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "r" }, rules: [] };
      assert.match((await deployer.refusal(role)) ?? "it was let through", refused);
      const everywhere = { ...role, kind: "ClusterRole" };
      await isRefused(deployer.kube.post("/apis/rbac.authorization.k8s.io/v1/clusterroles", everywhere), refused);
      const bindings = pathOf(deployersBinding, namespace);
      const { roleRef, subjects } = deployersBinding;
      const mallory = { kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "mallory" };
      const clusterRole = roleRef as object;
      const others: object[] = [
        { metadata: { name: "other" } },
        { subjects: [mallory] },
        { subjects: [...(subjects as object[]), mallory] },
        { subjects: [] },
        { roleRef: { ...clusterRole, name: "edit" } },
        { roleRef: { ...clusterRole, name: "berth-deployer" } },
      ];
      // Several of ours refuse it, and the API server tells of one.
      const words =
        /give no rights but their own|previews-touch-no-platform: it binds|is attempting to grant RBAC permissions/;
      await kube.delete(`${bindings}/berth-environment`);
      try {
        // What it gives itself with no right but to bind. It goes by the rights of before until the server knows that they are gone.
        const may = () => deployer.kube.post(`${bindings}?dryRun=All`, deployersBinding);
        assert.equal(await refusalOf(may()), undefined);
        for (const fields of others) {
          await isRefused(deployer.kube.post(`${bindings}?dryRun=All`, { ...deployersBinding, ...fields }), words);
        }
        for (const elsewhere of ["kube-system", "default", "berth-system"]) {
          const path = `${pathOf(deployersBinding, elsewhere)}?dryRun=All`;
          await isRefused(deployer.kube.post(path, deployersBinding), /write in namespaces labelled/);
        }
        const wide = { ...deployersBinding, kind: "ClusterRoleBinding" };
        await isRefused(deployer.kube.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", wide), refused);
      } finally {
        await environment.create(deployersBinding);
        await until(async () => (await deployer.refusal(deployment({}, "second"))) === undefined);
      }
    });

    it("Secrets are read in environments alone", async () => {
      assert.equal(await refusalOf(deployer.kube.get(`${inside}/secrets`)), undefined);
      for (const elsewhere of ["kube-system", "berth-system", "default"]) {
        const secrets = `/api/v1/namespaces/${elsewhere}/secrets`;
        await isRefused(deployer.kube.get(secrets), /cannot list resource "secrets"/);
        await isRefused(deployer.kube.get(`${secrets}/any`), /cannot get resource "secrets"/);
      }
      await isRefused(deployer.kube.get("/api/v1/secrets"), /cannot list resource "secrets"/);
    });

    it("nobody else gets its rights in an environment, not by its administrator either", async () => {
      const subjects = [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "mallory" }];
      await isRefused(
        kube.post(`${pathOf(deployersBinding, namespace)}?dryRun=All`, {
          ...deployersBinding,
          metadata: { name: "other" },
          subjects,
        }),
        /previews-touch-no-platform: it binds the ClusterRole berth-environment/,
      );
    });

    it("nothing is written outside environments", async () => {
      const words = /write in namespaces labelled/;
      const map = { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "x-" } };
      for (const elsewhere of ["default", "kube-system", "berth-system"]) {
        await isRefused(deployer.kube.post(`${pathOf(map, elsewhere)}?dryRun=All`, map), /cannot create resource/);
      }
      await isRefused(
        deployer.kube.patch("/api/v1/namespaces/default", { metadata: { labels: environmentLabels("default") } }),
        words,
      );
      await isRefused(deployer.kube.delete("/api/v1/namespaces/berth-system?dryRun=All"), words);
    });

    it("a member of its group with every right is held to the same", async () => {
      const as = ["--as=mallory", "--as-group=berth:deployers", "--as-group=system:masters"];
      const env = { ...process.env, ...target().env, KUBECONFIG: target().kubeconfig };
      const tries = [
        ["create", "configmap", "x", "--namespace=default", "--dry-run=server"],
        ["create", "token", "default", "--namespace=kube-system"],
        ["create", "clusterrole", "x", "--verb=get", "--resource=pods", "--dry-run=server"],
        ["get", "--raw=/api/v1/namespaces/kube-system/pods/any/exec?command=id&stdout=true"],
      ];
      for (const args of tries) {
        const message = await run("kubectl", [...args, ...as], { env }).then(
          () => "it was let through",
          (error: unknown) => (error as { stderr: string }).stderr,
        );
        assert.match(message, /ValidatingAdmissionPolicy 'berth-deployer'/, args.join(" "));
      }
    });
  });

  describe("at the end", () => {
    it("nothing holds the environment up", async () => {
      await environment.close();
      assert.equal(await kube.find(inside), undefined);
    });
  });
});

/** Asks again until the answer is as expected: the server learns of fences a moment after they have been made. */
async function comesTo(ask: () => Promise<string | undefined>, words: RegExp): Promise<void> {
  const end = Date.now() + 30_000;
  for (;;) {
    const answer = (await ask()) ?? "let through";
    if (words.test(answer)) return;
    assert.ok(Date.now() < end, answer);
    await pause(100);
  }
}
