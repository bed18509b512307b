import fc from "fast-check";
import assert from "node:assert/strict";
import {
  defaultDeny,
  dnsOnlyToCluster,
  hostRulesNeedCni,
  noReservedEgress,
  noWorldCloudEgress,
  noWorldEgress,
  noWorldEgressInParts,
} from "./egress";
import { egressProxyImage } from "./egress-proxy";
import { judge, testPolicy, UNKNOWN, type Given } from "./testing";

const type = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/** A NetworkPolicy whose only rule of egress goes to these blocks. */
const to = (...cidrs: string[]): Given => egress({ to: cidrs.map((cidr) => ({ ipBlock: { cidr } })) });
const egress = (...rules: object[]): Given => ({
  type,
  props: { metadata: { namespace: "shop-pr-7" }, spec: { podSelector: {}, policyTypes: ["Egress"], egress: rules } },
});
/** One for the pods of one component alone. */
const of = (component: string, ...rules: object[]): Given => ({
  type,
  props: {
    metadata: { namespace: "shop-pr-7" },
    spec: {
      podSelector: { matchLabels: { "berth.dev/component": component } },
      policyTypes: ["Egress"],
      egress: rules,
    },
  },
});
const world = { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] } }] };
const cilium = (spec: object, kind = "CiliumNetworkPolicy"): Given => ({
  type: `kubernetes:cilium.io/v2:${kind}`,
  props: { metadata: { namespace: "shop-pr-7" }, spec },
});
/** One of Cilium with a single rule. */
const one = (rule: object): Given => cilium({ egress: [rule] });
const eks = (...rules: object[]): Given => ({
  type: "kubernetes:networking.k8s.aws/v1alpha1:ApplicationNetworkPolicy",
  props: { metadata: { namespace: "shop-pr-7" }, spec: { podSelector: {}, policyTypes: ["Egress"], egress: rules } },
});
const https = [{ ports: [{ port: "443", protocol: "TCP" }] }];
const host = { toFQDNs: [{ matchName: "api.example.com" }], toPorts: https };
const kubeDns = { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s:k8s-app": "kube-dns" };
const service: Given = { type: "kubernetes:core/v1:Service", props: {} };
const platform = { given: to("0.0.0.0/0"), stack: "platform" };

testPolicy({
  policy: noWorldEgress,
  passes: {
    "some ranges": { given: to("203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32") },
    "no egress at all": { given: egress() },
    "pods of the namespace": { given: egress({ to: [{ podSelector: {} }] }) },
    "a share that the config allows": { given: to("0.0.0.0/2"), config: { share: 0.25 } },
    "hosts of one domain, with Cilium": {
      given: cilium({
        egress: [
          { toFQDNs: [{ matchName: "api.example.com" }, { matchPattern: "**.example.org" }], toPorts: https },
          { toEndpoints: [{ matchLabels: kubeDns }, { matchLabels: { app: "api" } }] },
          { toEntities: ["none"] },
        ],
        egressDeny: [{ toCIDR: ["0.0.0.0/0"] }],
      }),
    },
    "hosts of one domain, on EKS": { given: eks({ to: [{ domainNames: ["*.example.com"] }], ports: [{ port: 443 }] }) },
    "a namespace by its name": {
      given: egress({ to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "a" } } }] }),
    },
    "the egress proxy's way to public addresses": { given: of("egress-proxy", { ...world, ports: [{ port: 443 }] }) },
  },
  fails: {
    "hosts of any name, with Cilium": {
      given: one({ toFQDNs: [{ matchPattern: "*" }] }),
      says: /hosts of any name: \*/,
    },
    "hosts of a whole top level": {
      given: one({ toFQDNs: [{ matchPattern: "**.com" }] }),
      says: /any name: \*\*\.com/,
    },
    "hosts whose names end alike": { given: one({ toFQDNs: [{ matchPattern: "*shop.com" }] }), says: /any name/ },
    "hosts of any name, on EKS": { given: eks({ to: [{ domainNames: ["*"] }] }), says: /hosts of any name/ },
    "ranges beside hosts, on EKS": { given: eks({ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }), says: /100\.0 %/ },
    "the entity world": { given: one({ toEntities: ["world"] }), says: /100\.0 % of all addresses of IPv4/ },
    "the entity world as a label": {
      given: one({ toEndpoints: [{ matchLabels: { "reserved:world": "" } }] }),
      says: /100\.0 %/,
    },
    "the entity world as a label in other words": {
      given: one({ toEndpoints: [{ matchLabels: { "reserved.world": "" } }, { matchLabels: { $world: "" } }] }),
      says: /100\.0 %/,
    },
    "the entity cluster": { given: one({ toEntities: ["cluster"] }), says: /namespaces that it does not name/ },
    "the world as a range of Cilium": { given: one({ toCIDR: ["0.0.0.0/0"] }), says: /100\.0 %/ },
    "most of the world as a set of ranges": {
      given: one({ toCIDRSet: [{ cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] }] }),
      says: /99\.\d %/,
    },
    "a group of ranges that stands elsewhere": {
      given: one({ toCIDRSet: [{ cidrGroupRef: "all" }] }),
      says: /toCIDRSet opens what stands elsewhere/,
    },
    "Services, whatever they lead to": { given: one({ toServices: [{}] }), says: /toServices opens/ },
    "ports without a destination": { given: one({ toPorts: https }), says: /spec\.egress\[0\] has no "to"/ },
    "pods of any namespace, with Cilium": {
      given: one({
        toEndpoints: [{ matchExpressions: [{ key: "k8s:io.kubernetes.pod.namespace", operator: "Exists" }] }],
      }),
      says: /namespaces that it does not name/,
    },
    "pods of the whole cluster": {
      given: cilium({ egress: [{ toEndpoints: [{}] }] }, "CiliumClusterwideNetworkPolicy"),
      says: /namespaces that it does not name/,
    },
    "a rule among several policies in one object": {
      given: { ...cilium({}), props: { specs: [{}, { egress: [{}] }] } },
      says: /specs\[1\]\.egress\[0\] has no "to"/,
    },
    "the world": { given: to("0.0.0.0/0"), says: /100\.0 % of all addresses of IPv4/ },
    "the world of IPv6": { given: to("::/0"), says: /100\.0 % of all addresses of IPv6/ },
    "two halves": { given: to("0.0.0.0/1", "128.0.0.0/1"), says: /100\.0 %/ },
    "halves of IPv6": { given: to("2000::/4", "3000::/4"), says: /IPv6/ },
    "halves in two rules": {
      given: egress({ to: [{ ipBlock: { cidr: "0.0.0.0/1" } }] }, { to: [{ ipBlock: { cidr: "128.0.0.0/1" } }] }),
      says: /100\.0 %/,
    },
    "the world but for private ranges": {
      given: egress({ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "192.168.0.0/16"] } }] }),
      says: /99\.\d % of all/,
    },
    "a rule without peers": { given: egress({ ports: [{ port: 443 }] }), says: /egress\[0\] has no "to"/ },
    "an empty rule": { given: egress({}), says: /opens every address/ },
    "every namespace": {
      given: egress({ to: [{ namespaceSelector: {} }] }),
      says: /the pods of namespaces that it does not name/,
    },
    ...Object.fromEntries(
      ["Exists", "NotIn", "DoesNotExist", "In"].map((operator) => [
        `namespaces by ${operator}`,
        {
          given: egress({
            to: [{ namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator }] } }],
          }),
          says: /namespaces that it does not name/,
        },
      ]),
    ),
    "namespaces by another label": {
      given: egress({ to: [{ namespaceSelector: { matchLabels: { team: "a" } } }] }),
      says: /namespaces that it does not name/,
    },
    "the same way for the app": { given: of("app", { ...world, ports: [{ port: 443 }] }), says: /99\.\d %/ },
    "the egress proxy on every port": { given: of("egress-proxy", world), says: /99\.\d %/ },
    "the egress proxy on a range of ports": {
      given: of("egress-proxy", { ...world, ports: [{ port: 1, endPort: 65535 }] }),
      says: /99\.\d %/,
    },
    "the egress proxy on a protocol": { given: of("egress-proxy", { ...world, ports: [{}] }), says: /99\.\d %/ },
    "the egress proxy on more ports than berth.yaml takes": {
      given: of("egress-proxy", { ...world, ports: Array.from({ length: 1001 }, (_, port) => ({ port: port + 1 })) }),
      says: /99\.\d %/,
    },
    "the egress proxy where none is meant to be": {
      given: of("egress-proxy", { ...world, ports: [{ port: 443 }] }),
      config: { proxy: {} },
      says: /99\.\d %/,
    },
  },
  skips: { "other kinds": { given: service }, "other stacks": platform },
  unknown: {
    "a range that is not known": { given: to(UNKNOWN) },
    "hosts that are not known, beside an entity": {
      given: cilium({ egress: [{ toFQDNs: [{ matchPattern: UNKNOWN }] }, { toEntities: ["all"] }] }),
      says: /100\.0 %|namespaces that it does not name/,
    },
    "names that are not known, on EKS": { given: eks({ to: [{ domainNames: UNKNOWN }] }) },
    "a range that is not known beside the world": { given: to(UNKNOWN, "0.0.0.0/0"), says: /100\.0 %/ },
  },
});

describe("no-world-egress on any split of the world", () => {
  it("refuses it", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 63 }), async (bits, turn) => {
        const cidrs = Array.from({ length: 2 ** bits }, (_, index) => {
          const first = ((index + turn) % 2 ** bits) * 2 ** (32 - bits);
          return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${bits}`;
        });
        assert.match((await judge(noWorldEgress, to(...cidrs))).violations[0] ?? "", /100\.0 %/);
      }),
      { numRuns: 50 },
    );
  });
});

testPolicy({
  policy: noWorldEgressInParts,
  passes: {
    "small ranges": { given: [to("203.0.113.0/24"), to("198.51.100.0/24")] },
    "the egress proxy's way beside them": {
      given: [of("egress-proxy", { ...world, ports: [{ port: 443 }] }), to("203.0.113.0/24")],
    },
    "halves in two namespaces": {
      given: [
        to("0.0.0.0/5"),
        {
          type,
          props: { metadata: { namespace: "other" }, spec: { egress: [{ to: [{ ipBlock: { cidr: "8.0.0.0/5" } }] }] } },
        },
      ],
    },
  },
  fails: {
    "parts of which one is the egress proxy's": {
      given: [
        of("egress-proxy", { ...world, ports: [{ port: 443 }] }),
        ...Array.from({ length: 16 }, (_, index) => to(`${index * 16}.0.0.0/4`)),
      ],
      says: /together/,
    },
    "parts of which some are Cilium's": {
      given: Array.from({ length: 16 }, (_, index) =>
        index % 2 === 0 ? to(`${index * 16}.0.0.0/4`) : one({ toCIDR: [`${index * 16}.0.0.0/4`] }),
      ),
      says: /together/,
    },
    "parts that add up": {
      given: Array.from({ length: 16 }, (_, index) => to(`${index * 16}.0.0.0/4`)),
      says: /shop-pr-7 open 100\.0 % of all addresses of IPv4 together/,
    },
  },
  skips: { "a stack without any": { given: [service] }, "other stacks": { given: [platform.given], stack: "cluster" } },
  unknown: { "a range that is not known": { given: [to("203.0.113.0/24"), to(UNKNOWN)] } },
});

/** A policy for the pods of CloudNativePG, to where its operator finds the API server. */
const operated = (...ports: object[]): Given => ({
  type,
  props: {
    metadata: { namespace: "shop-pr-7" },
    spec: {
      podSelector: { matchLabels: { "cnpg.io/cluster": "postgresql-cluster" } },
      policyTypes: ["Egress"],
      egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/16" } }], ports }],
    },
  },
});
const server = { internal: ["10.0.0.0/8"], apiServer: ["10.0.0.0/16"] };

testPolicy({
  policy: noReservedEgress,
  passes: {
    "public ranges": { given: to("203.0.113.0/24") },
    "hosts that cannot lead to them, with Cilium": {
      given: cilium({ egress: [host], egressDeny: [{ toCIDRSet: [{ cidr: "169.254.0.0/16" }] }] }),
    },
    "a range without them": {
      given: egress({ to: [{ ipBlock: { cidr: "169.0.0.0/8", except: ["169.254.0.0/16"] } }] }),
    },
    "what is permitted of internal and shared ranges": {
      given: to("10.2.3.0/24", "100.64.1.0/24"),
      config: { internal: ["10.0.0.0/8"], permitted: ["10.2.0.0/16", "100.64.0.0/16"] },
    },
    "the API server, by an operator's pods": { given: operated({ port: 443 }, { port: 6443 }), config: server },
  },
  fails: {
    "the metadata address": { given: to("169.254.169.254/32"), says: /169\.254\.169\.254\/32: the metadata address/ },
    "that of IPv6": { given: to("fd00:ec2::254/128"), says: /fd00:ec2::254\/128/ },
    "a range around it": { given: to("169.254.160.0/20"), says: /the metadata address/ },
    "link-local addresses": { given: to("169.254.7.0/24"), says: /link-local/ },
    "link-local addresses of IPv6": { given: to("fe80::/64"), says: /link-local addresses of IPv6/ },
    "shared addresses": { given: to("100.100.0.0/16"), says: /shared addresses/ },
    "an internal range": { given: to("10.1.2.0/24"), config: { internal: ["10.1.0.0/16"] }, says: /internal range/ },
    "the metadata address, with Cilium": {
      given: one({ toCIDR: ["169.254.169.254/32"] }),
      says: /the metadata address/,
    },
    "the node and the API server, with Cilium": {
      given: one({ toEntities: ["host", "kube-apiserver"] }),
      says: /spec\.egress\[0\] opens host: nodes and what runs on them/,
    },
    "hosts that may lead anywhere, with Cilium": {
      given: one(host),
      says: /spec\.egressDeny does not keep hosts from 169\.254\.169\.254\/32/,
    },
    "hosts that are kept from other ports of it": {
      given: cilium({ egress: [host], egressDeny: [{ toCIDR: ["169.254.169.254/32"], toPorts: https }] }),
      says: /egressDeny does not keep hosts/,
    },
    "more than is permitted": {
      given: to("10.2.0.0/15"),
      config: { internal: ["10.0.0.0/8"], permitted: ["10.2.0.0/16"] },
      says: /opens 10\.0\.0\.0\/8: an internal range/,
    },
    "the metadata address, whatever is permitted": {
      given: to("169.254.169.254/32"),
      config: { permitted: ["0.0.0.0/0"] },
      says: /the metadata address/,
    },
    "the API server, by other pods": { given: to("10.0.0.0/16"), config: server, says: /internal range/ },
    "other ports of the API server's addresses": {
      given: operated({ port: 443 }, { port: 10250 }),
      config: server,
      says: /internal range/,
    },
    "all of its ports": { given: operated(), config: server, says: /internal range/ },
    "a range of them": { given: operated({ port: 443, endPort: 6443 }), config: server, says: /internal range/ },
    "an exception that is too small": {
      given: egress({ to: [{ ipBlock: { cidr: "169.254.0.0/16", except: ["169.254.169.0/25"] } }] }),
      says: /169\.254\.169\.254/,
    },
  },
  skips: { "other kinds": { given: service }, "other stacks": platform },
  unknown: {
    "a range that is not known": { given: to(UNKNOWN, "169.254.169.254/32"), says: /metadata/ },
    "denied ranges that are not known": { given: cilium({ egress: [host], egressDeny: UNKNOWN }) },
    "an entity that is not known": { given: one({ toEntities: [UNKNOWN, "host"] }), says: /opens host/ },
  },
});

const group = (props: object, kind = "ec2/securityGroup:SecurityGroup"): Given => ({ type: `aws:${kind}`, props });

testPolicy({
  policy: noWorldCloudEgress,
  passes: {
    "a group with a range": { given: group({ egress: [{ cidrBlocks: ["10.0.0.0/16"] }] }) },
    "a rule that denies": {
      given: group({ egress: [{ action: "deny", cidrBlock: "0.0.0.0/0" }] }, "ec2/networkAcl:NetworkAcl"),
    },
    "a rule for ingress": {
      given: group({ type: "ingress", cidrBlocks: ["0.0.0.0/0"] }, "ec2/securityGroupRule:SecurityGroupRule"),
    },
  },
  fails: {
    "a group that opens the world": { given: group({ egress: [{ cidrBlocks: ["0.0.0.0/0"] }] }), says: /100\.0 %/ },
    "a rule of its own": {
      given: group({ cidrIpv6: "::/0" }, "vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
      says: /IPv6/,
    },
    "an old rule": {
      given: group(
        { type: "egress", cidrBlocks: ["0.0.0.0/1", "128.0.0.0/1"] },
        "ec2/securityGroupRule:SecurityGroupRule",
      ),
      says: /100\.0 %/,
    },
    "a route": { given: group({ destinationCidrBlock: "0.0.0.0/0" }, "ec2/route:Route"), says: /100\.0 %/ },
    "a route table": {
      given: group({ routes: [{ cidrBlock: "0.0.0.0/0" }] }, "ec2/routeTable:RouteTable"),
      says: /100\.0 %/,
    },
    "a rule of a network ACL": {
      given: group({ egress: true, ruleAction: "allow", cidrBlock: "0.0.0.0/0" }, "ec2/networkAclRule:NetworkAclRule"),
      says: /100\.0 %/,
    },
    "the metadata address": {
      given: group({ egress: [{ cidrBlocks: ["169.254.169.254/32"] }] }),
      says: /the metadata address/,
    },
  },
  skips: {
    "other kinds": { given: service },
    "the cluster's stack": { given: group({ egress: [{ cidrBlocks: ["0.0.0.0/0"] }] }), stack: "cluster" },
  },
  unknown: { "a range that is not known": { given: group({ egress: [{ cidrBlocks: [UNKNOWN] }] }) } },
});

const deny = (namespace: string, policyTypes: unknown, spec: object = {}): Given => ({
  type,
  props: { metadata: { namespace }, spec: { podSelector: {}, policyTypes, ...spec } },
});
const pod: Given = {
  type: "kubernetes:apps/v1:Deployment",
  props: { metadata: { namespace: "shop-pr-7" }, spec: { template: { spec: {} } } },
};

testPolicy({
  policy: defaultDeny,
  passes: {
    "one policy for both ways": { given: [pod, deny("shop-pr-7", ["Ingress", "Egress"])] },
    "one for each": { given: [pod, deny("shop-pr-7", ["Ingress"]), deny("shop-pr-7", ["Egress"])] },
  },
  fails: {
    "no policy": { given: [pod], says: /no NetworkPolicy of shop-pr-7 denies all ingress and all egress/ },
    "one way only": { given: [pod, deny("shop-pr-7", ["Ingress"])], says: /denies all egress/ },
    "another namespace's": { given: [pod, deny("other", ["Ingress", "Egress"])], says: /shop-pr-7/ },
    "some pods only": {
      given: [pod, deny("shop-pr-7", ["Ingress", "Egress"], { podSelector: { matchLabels: { a: "b" } } })],
      says: /denies all ingress/,
    },
    "one with rules": { given: [pod, deny("shop-pr-7", ["Ingress", "Egress"], { egress: [{}] })], says: /all egress/ },
  },
  skips: { "a stack without pods": { given: [service] }, "a cluster's stack": { given: [pod], stack: "cluster" } },
  unknown: {
    "types that are not known": { given: [pod, deny("shop-pr-7", UNKNOWN)], says: /denies all/ },
    "a namespace that is not known": {
      given: [{ ...pod, props: { metadata: { namespace: UNKNOWN } } }],
    },
  },
});

const dns = (...peers: object[]): Given => egress({ to: peers, ports: [{ port: 53, protocol: "UDP" }] });
const resolver = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
};

testPolicy({
  policy: dnsOnlyToCluster,
  passes: {
    "the cluster's resolver": { given: dns(resolver) },
    "other ports": { given: egress({ to: [{ ipBlock: { cidr: "203.0.113.0/24" } }], ports: [{ port: 443 }] }) },
    "the cluster's resolver for some names, with Cilium": {
      given: one({
        toEndpoints: [{ matchLabels: kubeDns }],
        toPorts: [{ ports: [{ port: "53", protocol: "UDP" }], rules: { dns: [{ matchName: "api.example.com" }] } }],
      }),
    },
    "hosts on other ports": { given: one({ toFQDNs: [{ matchName: "api.example.com" }], toPorts: https }) },
    "a resolver on the node": {
      given: dns({ ipBlock: { cidr: "169.254.20.10/32" } }),
      config: { addresses: ["169.254.20.10"] },
    },
  },
  fails: {
    "all ports of a protocol": {
      given: egress({ to: [{ ipBlock: { cidr: "203.0.113.0/24" } }], ports: [{ protocol: "UDP" }] }),
      says: /opens DNS/,
    },
    "a public resolver": { given: dns({ ipBlock: { cidr: "8.8.8.8/32" } }), says: /something else than the cluster's/ },
    "every pod of kube-system": { given: dns({ namespaceSelector: resolver.namespaceSelector }), says: /DNS/ },
    "DNS over TLS": {
      given: egress({ to: [{ ipBlock: { cidr: "8.8.8.8/32" } }], ports: [{ port: 853 }] }),
      says: /DNS/,
    },
    "a range of ports around it": {
      given: egress({ to: [{ ipBlock: { cidr: "8.8.8.8/32" } }], ports: [{ port: 1, endPort: 1000 }] }),
      says: /DNS/,
    },
    "an address and every port": { given: egress({ to: [{ ipBlock: { cidr: "8.8.8.8/32" } }] }), says: /DNS/ },
    "a host and every port": { given: one({ toFQDNs: [{ matchName: "dns.example.com" }] }), says: /to\[0\] opens DNS/ },
    "a host on the port that stands for all": {
      given: one({ toFQDNs: [{ matchName: "dns.example.com" }], toPorts: [{ ports: [{ port: "0" }] }] }),
      says: /DNS/,
    },
    "a host on DNS over TLS": {
      given: eks({ to: [{ domainNames: ["dns.example.com"] }], ports: [{ port: 853 }] }),
      says: /DNS/,
    },
    "other pods of kube-system": {
      given: one({ toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": "kube-system" } }] }),
      says: /DNS/,
    },
  },
  skips: { "other kinds": { given: service }, "other stacks": platform },
  unknown: {
    "a peer that is not known": { given: dns({ ipBlock: { cidr: UNKNOWN } }) },
    "ports that are not known": { given: one({ toFQDNs: [{ matchName: "api.example.com" }], toPorts: UNKNOWN }) },
  },
});

const named = cilium({ egress: [{ toFQDNs: [{ matchName: "api.example.com" }] }] });

testPolicy({
  policy: hostRulesNeedCni,
  passes: {
    "rules without hosts": { given: cilium({ egress: [{ toCIDR: ["203.0.113.0/24"] }] }) },
    "hosts where they are enforced": { given: named, config: { cni: "cilium" } },
  },
  fails: {
    "hosts where nobody enforces them": { given: named, says: /names hosts, which only cilium enforces/ },
    "hosts of another plugin": { given: named, config: { cni: "eks-auto-mode" }, says: /only cilium/ },
    "those of EKS": {
      given: {
        type: "kubernetes:networking.k8s.aws/v1alpha1:ApplicationNetworkPolicy",
        props: { spec: { egress: [{ to: [{ domainNames: ["example.com"] }] }] } },
      },
      says: /only eks-auto-mode/,
    },
  },
  skips: { "other kinds": { given: service } },
  unknown: { "rules that are not known": { given: cilium({ egress: UNKNOWN }) } },
});

const proxied = (image: unknown, component = "egress-proxy"): Given => ({
  type: "kubernetes:apps/v1:Deployment",
  props: {
    spec: {
      template: {
        metadata: { labels: { "berth.dev/component": component, app: "x" } },
        spec: { containers: [{ name: "c", image }] },
      },
    },
  },
});
/** A pod with the proxy's labels whose container differs. */
const running = (container: object): Given => ({
  type: "kubernetes:apps/v1:Deployment",
  props: {
    spec: {
      template: {
        metadata: { labels: { "berth.dev/component": "egress-proxy" } },
        spec: { containers: [{ name: "c", ...container }] },
      },
    },
  },
});
const commandConfig = { command: ["sh", "-c", "squid"] };
const proxyConfig = { repositories: ["registry.example.com/proxy"] };

testPolicy({
  policy: egressProxyImage,
  passes: {
    "the proxy, whichever its version": { given: proxied("registry.example.com/proxy@sha256:1"), config: proxyConfig },
    "other pods": { given: proxied("registry.example.com/app@sha256:1", "app"), config: proxyConfig },
    "any image where none is named": { given: proxied("registry.example.com/app@sha256:1") },
    "its command": { given: running({ command: ["sh", "-c", "squid"] }), config: commandConfig },
    "any command where none is named": { given: running({ command: ["nc"] }) },
  },
  fails: {
    "another image with its labels": {
      given: proxied("registry.example.com/app@sha256:1"),
      config: proxyConfig,
      says: /containers\[0\] of the egress proxy has the image registry\.example\.com\/app@sha256:1/,
    },
    "an image whose name begins like it": {
      given: proxied("registry.example.com/proxy-of-mine@sha256:1"),
      config: proxyConfig,
      says: /proxy-of-mine/,
    },
    ...Object.fromEntries(
      Object.entries({
        "another command": { command: ["sh", "-c", "nc"] },
        "more than its command": { command: ["sh", "-c", "squid", "x"] },
        "the image's own command": {},
        arguments: { command: ["sh", "-c", "squid"], args: ["x"] },
        "a program at its start": { command: ["sh", "-c", "squid"], lifecycle: { postStart: { exec: {} } } },
        "a program as a probe": { command: ["sh", "-c", "squid"], livenessProbe: { exec: { command: ["nc"] } } },
      }).map(([title, container]) => [
        title,
        {
          given: running(container),
          config: commandConfig,
          says: /containers\[0\] of the egress proxy runs something else than the proxy's command/,
        },
      ]),
    ),
  },
  skips: { "a Service": { given: service }, "the platform": { given: proxied("x"), stack: "platform" } },
  unknown: { "an image that is not known": { given: proxied(UNKNOWN), config: proxyConfig } },
});
