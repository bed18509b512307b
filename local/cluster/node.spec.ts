import assert from "node:assert/strict";

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

import { controlPlane, type Component, type ComponentContext } from "./components";
import { planClients } from "./certificates";
import { gatewayFiles, gatewaySupervision } from "./gateway";
import { internetRules, reachableResolvers } from "./internet";
import { accessManifests, dnsManifests, gatewayManifests, storageManifests } from "./manifests";
import { policyRules } from "./network";
import { cniConfig, containerdConfig, kubeletConfig, nodeSupervision, type Machine } from "./node";
import { simulatedSupervision } from "./simulated";
import { simulationStages } from "./stages";
import { clusterFolder, type ClusterSpec } from "./spec";

const spec: ClusterSpec = {
  version: 1,
  name: "a",
  nodes: "real",
  index: 3,
  gatewayPort: 8080,
  gatewayTlsPort: 8443,
  internet: false,
  nodeCount: 1,
  createdAt: "2026-01-01T00:00:00Z",
};
const simulated: ClusterSpec = {
  ...spec,
  nodes: "simulated",
  ports: { etcd: 1, etcdPeer: 2, apiServer: 3, controllerManager: 4, scheduler: 5, kwok: 6 },
};
const folder = clusterFolder("a");
const machine: Machine = {
  cgroupVersion: 1,
  keepVisible: ["/var/cache/berth"],
  pauseImage: "localhost/pause:1",
  queueWay: "iptables",
};
const context: ComponentContext = { spec, folder, berthNode: "/opt/berth-node" };

const flags = (component: Component | undefined): Record<string, string> =>
  Object.fromEntries(
    (component?.argv.slice(2) ?? []).map((arg) => [arg.slice(2, arg.indexOf("=")), arg.slice(arg.indexOf("=") + 1)]),
  );

describe("the control plane's arguments", () => {
  const parts = controlPlane(context);
  const apiServer = flags(parts.find(({ name }) => name === "kube-apiserver"));
  const etcd = flags(parts.find(({ name }) => name === "etcd"));

  it("lets nobody into etcd without a certificate of its own authority", () => {
    assert.equal(etcd["client-cert-auth"], "true");
    assert.equal(etcd["peer-client-cert-auth"], "true");
    assert.match(etcd["trusted-ca-file"] ?? "", /etcd-ca\.crt$/);
    assert.match(etcd["listen-client-urls"] ?? "", /^https:\/\/127\.0\.0\.1:/);
  });

  it("authorises by node and role, encrypts Secrets and keeps an audit log", () => {
    assert.equal(apiServer["authorization-mode"], "Node,RBAC");
    assert.equal(apiServer["enable-admission-plugins"], "NodeRestriction");
    assert.match(apiServer["encryption-provider-config"] ?? "", /encryption\.yaml$/);
    assert.match(apiServer["audit-policy-file"] ?? "", /audit-policy\.yaml$/);
    assert.equal(apiServer["profiling"], "false");
    assert.equal(apiServer["kubelet-preferred-address-types"], "InternalIP");
  });

  it("carries no key or token in any argument, only paths", () => {
    for (const { argv } of nodeSupervision(context, machine).components) {
      assert.ok(!argv.some((arg) => /-----BEGIN|token=|password=/i.test(arg)), argv.join(" "));
    }
  });
});

describe("the supervised components", () => {
  const configs = {
    real: nodeSupervision(context, machine),
    simulated: simulatedSupervision({ ...context, spec: simulated }),
    gateway: gatewaySupervision({ folder, traefik: "/opt/traefik", port: 8080, tlsPort: 8443 }),
  };

  for (const [name, { components, namespaces }] of Object.entries(configs)) {
    it(`of the ${name} part need only each other and have logs of their own`, () => {
      const names = components.map((each) => each.name);
      assert.equal(new Set(names).size, names.length);
      assert.equal(new Set(components.map(({ log }) => log)).size, names.length);
      for (const { needs = [] } of components) for (const need of needs) assert.ok(names.includes(need), need);
      assert.equal(namespaces.net, name === "real");
    });
  }

  it("listen on loopback only when they share the machine's network", () => {
    const text = JSON.stringify(
      [configs.simulated.components, configs.gateway.components].map((list) => list.map(({ argv }) => argv)),
    );
    assert.doesNotMatch(text, /[^0-9]0\.0\.0\.0/);
    assert.match(text, /entrypoints\.web\.address=127\.0\.0\.1:8080/);
    assert.match(text, /entrypoints\.websecure\.address=127\.0\.0\.1:8443/);
  });

  it("serve HTTPS, to which HTTP only leads", () => {
    const { argv = [] } = configs.gateway.components[0] ?? {};
    for (const flag of [
      "--entrypoints.websecure.http.tls=true",
      "--entrypoints.web.http.redirections.entrypoint.to=:8443",
      "--entrypoints.web.http.redirections.entrypoint.scheme=https",
    ]) {
      assert.ok(argv.includes(flag), flag);
    }
    const [text = ""] = Object.values(gatewayFiles(folder));
    const { tls } = parse(text) as { tls: { stores: { default: { defaultCertificate: Record<string, string> } } } };
    assert.deepEqual(tls.stores.default.defaultCertificate, {
      certFile: `${folder.pki}/gateway.crt`,
      keyFile: `${folder.pki}/gateway.key`,
    });
  });
});

describe("the node's configuration", () => {
  it("gives containerd nothing of the machine's", () => {
    const toml = containerdConfig(folder, machine);
    assert.match(toml, /restrict_oom_score_adj = true/);
    assert.match(toml, /SystemdCgroup = false/);
    assert.ok(toml.includes(`root = "${folder.data}/containerd"`));
    assert.ok(toml.includes('sandbox_image = "localhost/pause:1"'));
  });

  it("tells the kubelet to live with cgroup version 1 where there is no other", () => {
    const old = parse(kubeletConfig(spec, folder, machine)) as Record<string, unknown>;
    const current = parse(kubeletConfig(spec, folder, { ...machine, cgroupVersion: 2 })) as Record<string, unknown>;
    assert.equal(old["failCgroupV1"], false);
    assert.ok(!("failCgroupV1" in current));
  });

  it("closes the kubelet to anonymous callers and never collects images", () => {
    const kubelet = parse(kubeletConfig(spec, folder, machine)) as {
      authentication: { anonymous: { enabled: boolean } };
      authorization: { mode: string };
      readOnlyPort: number;
      imageGCHighThresholdPercent: number;
      cgroupRoot: string;
    };
    assert.equal(kubelet.authentication.anonymous.enabled, false);
    assert.equal(kubelet.authorization.mode, "Webhook");
    assert.equal(kubelet.readOnlyPort, 0);
    assert.equal(kubelet.imageGCHighThresholdPercent, 100);
    assert.equal(kubelet.cgroupRoot, "/berth/a-3");
  });

  it("masquerades nothing on the pods' network", () => {
    const { plugins } = JSON.parse(cniConfig(spec)) as { plugins: { ipMasq: boolean; bridge: string }[] };
    assert.deepEqual(
      plugins.map(({ ipMasq }) => ipMasq),
      [false],
    );
  });

  it("keeps folders below /var visible that the node needs, and hides the rest", () => {
    const setup = nodeSupervision(context, machine).setup.map((argv) => argv.at(-1) ?? "");
    assert.ok(setup.some((script) => script.includes(`mount --bind '${folder.nodeVar}' /var`)));
    assert.equal(setup.filter((script) => script.includes("'/var/cache/berth'")).length, 2);
  });
});

describe("the policy rules", () => {
  for (const way of ["iptables", "nftables"] as const) {
    const text = policyRules(spec, way)
      .map((argv) => argv.at(-1) ?? "")
      .join("\n");

    it(`hand packets to the agent and never pass them by it (${way})`, () => {
      assert.match(text, way === "iptables" ? /NFQUEUE --queue-num 100/ : /queue num 100/);
      assert.ok(!text.includes("bypass"));
    });

    it(`drop forged sources and IPv6 before asking anybody (${way})`, () => {
      assert.match(text, way === "iptables" ? /! -s 10\.90\.3\.0\/24 -j DROP/ : /ip saddr != 10\.90\.3\.0\/24 drop/);
      assert.match(text, way === "iptables" ? /ip6tables-restore/ : /nfproto ipv6 drop/);
    });
  }

  it("cover what a pod sends to the node as well as what the node passes on", () => {
    const text = policyRules(spec, "iptables")
      .map((argv) => argv.at(-1) ?? "")
      .join("\n");
    assert.match(text, /-A FORWARD -j BERTH-POLICY/);
    assert.match(text, /-A INPUT -j BERTH-POLICY/);
  });
});

describe("the manifests", () => {
  it("bind roles only to users and groups that have a certificate", () => {
    const clients = Object.values(planClients(["berth-a"]));
    const known = new Set([
      ...clients.map(({ commonName }) => commonName),
      ...clients.flatMap(({ organizations = [] }) => organizations),
      "kube-apiserver-kubelet-client",
    ]);
    for (const one of [spec, simulated]) {
      for (const manifest of accessManifests(one)) {
        if (manifest.kind !== "ClusterRoleBinding") continue;
        for (const { name } of manifest["subjects"] as { name: string }[]) assert.ok(known.has(name), name);
      }
    }
  });

  it("let only the gateway read Secrets", () => {
    const readers = accessManifests(spec)
      .filter(({ kind }) => kind === "ClusterRole")
      .filter((role) => JSON.stringify(role["rules"]).includes('"secrets"'))
      .map(({ metadata }) => metadata.name);
    assert.deepEqual(readers, ["berth:gateway"]);
  });

  it("define each kind that the gateway may read", () => {
    const rules = accessManifests(spec)
      .filter(({ kind, metadata }) => kind === "ClusterRole" && metadata.name === "berth:gateway")
      .flatMap((role) => role["rules"] as { apiGroups: string[]; resources: string[]; verbs: string[] }[])
      .filter(({ apiGroups }) => apiGroups.includes("traefik.io"));
    assert.deepEqual(
      rules.flatMap(({ resources }) => resources.map((resource) => `${resource}.traefik.io`)),
      gatewayManifests().map(({ metadata }) => metadata.name),
    );
    assert.deepEqual(
      rules.map(({ verbs }) => verbs),
      [["get", "list", "watch"]],
    );
  });

  it("make one StorageClass the default", () => {
    const classes = storageManifests();
    assert.equal(classes.length, 1);
    assert.equal(classes[0]?.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"], "true");
  });

  it("run DNS at its address, without root and without capabilities", () => {
    const manifests = dnsManifests(spec, "localhost/coredns@sha256:0", []);
    const text = JSON.stringify(manifests);
    assert.match(text, /"clusterIP":"10\.91\.3\.10"/);
    assert.match(text, /"runAsNonRoot":true/);
    assert.match(text, /"capabilities":\{"drop":\["ALL"\]\}/);
    assert.ok(
      manifests.some(({ kind, metadata }) => kind === "Deployment" && metadata.labels?.["k8s-app"] === "kube-dns"),
    );
  });
});

describe("a way to the Internet", () => {
  it("hides pods behind the machine's address and lets only answers in", () => {
    const rules = internetRules(spec);
    assert.match(rules, /ip saddr \{ 10\.89\.3\.2, 10\.90\.3\.0\/24 \} oifname != "berth3" masquerade/);
    assert.match(rules, /oifname "berth3" ct state established,related accept\n.*oifname "berth3" drop/);
  });

  it("asks only resolvers that a pod can reach", () => {
    const text = "# comment\nnameserver 127.0.0.53\nnameserver 192.0.2.53\nnameserver ::1\nsearch example.test\n";
    assert.deepEqual(reachableResolvers(text), ["192.0.2.53"]);
    assert.match(JSON.stringify(dnsManifests(spec, "i@sha256:0", ["192.0.2.53"])), /forward \. 192\.0\.2\.53/);
    assert.doesNotMatch(JSON.stringify(dnsManifests(spec, "i@sha256:0", [])), /forward/);
  });

  it("asks them for pods of no environment, and for those that are labelled for it, and for nobody else", () => {
    const [{ data } = { data: undefined }] = dnsManifests(spec, "i@sha256:0", ["192.0.2.53"]).filter(
      ({ kind }) => kind === "ConfigMap",
    );
    const { Corefile } = data as { Corefile: string };
    const [first, second, ...more] = Corefile.split(/^(?=\.:53 \{)/m);
    assert.deepEqual(more, []);
    assert.match(
      first ?? "",
      /expr metadata\('kubernetes\/client-label\/berth\.dev\/outside-names'\) == 'allowed' \|\| \(metadata\('kubernetes\/client-namespace'\) != '' && metadata\('kubernetes\/client-label\/berth\.dev\/environment'\) == ''\)\n[^]*pods verified[^]*forward \. 192\.0\.2\.53/,
    );
    assert.doesNotMatch(second ?? "", /forward|view/);
  });

  it("is what docs/egress.md shows for other clusters, in full", () => {
    const [{ data } = { data: undefined }] = dnsManifests(spec, "i@sha256:0", ["/etc/resolv.conf"]).filter(
      ({ kind }) => kind === "ConfigMap",
    );
    const { Corefile } = data as { Corefile: string };
    const page = readFileSync(join(__dirname, "../../docs/egress.md"), "utf8");
    assert.ok(page.includes(`\`\`\`\n${Corefile}\`\`\`\n`), `docs/egress.md lacks:\n${Corefile}`);
  });
});

describe("simulationStages", () => {
  it("is a list of kwok stages", () => {
    const stages = simulationStages()
      .split("---\n")
      .map((text) => parse(text) as { kind: string; metadata: { name: string } });
    assert.ok(stages.every(({ kind }) => kind === "Stage"));
    assert.deepEqual(
      stages.map(({ metadata }) => metadata.name),
      ["node-ready", "pod-running", "pod-broken", "pod-finished", "pod-deleted"],
    );
  });
});
