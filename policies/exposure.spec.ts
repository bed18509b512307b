import assert from "node:assert/strict";
import {
  apiEndpointListed,
  endpointsByCluster,
  hostUnderDomain,
  ingressTls,
  noDoorOfItsOwn,
  noWildcardHost,
  noWorldIngress,
  routedByIngress,
  ROUTES,
} from "./exposure";
import { testPolicy, UNKNOWN, type Given } from "./testing";

const ingress = (host: unknown, spec: object = {}): Given => ({
  type: "kubernetes:networking.k8s.io/v1:Ingress",
  props: { metadata: { namespace: "shop-pr-7" }, spec: { ingressClassName: "nginx", rules: [{ host }], ...spec } },
});
const host = "shop-pr-7.preview.example.com";
const service = (spec: object): Given => ({ type: "kubernetes:core/v1:Service", props: { spec } });
const skips = {
  "other kinds": { given: { type: "kubernetes:core/v1:ConfigMap", props: {} } },
  "other stacks": { given: ingress("*"), stack: "platform" },
};
const domains = { domains: ["preview.example.com"] };

testPolicy({
  policy: hostUnderDomain,
  passes: {
    "a label under the domain": { given: ingress(host), config: domains },
    "a label under some domain": { given: ingress(host) },
    "a service's host": { given: ingress("shop-pr-7-api.preview.example.com"), config: domains },
  },
  fails: {
    "another domain": {
      given: ingress("shop.example.org"),
      config: domains,
      says: /one label under preview\.example\.com/,
    },
    "two labels": { given: ingress(`a.${host}`), config: domains, says: /one label/ },
    "the domain itself": { given: ingress("preview.example.com"), config: domains, says: /one label/ },
    "no domain": { given: ingress("localhost"), says: /one label under a domain/ },
    "the platform's host": {
      given: ingress("auth.preview.example.com"),
      config: domains,
      says: /is auth\.preview\.example\.com, which is not .*, namely shop-pr-7 or shop-pr-7-SERVICE/,
    },
    "another pull request's": { given: ingress("shop-pr-8.preview.example.com"), config: domains, says: /namely/ },
    "one whose number begins so": { given: ingress("shop-pr-70.preview.example.com"), config: domains, says: /namely/ },
    // The environment of pull request 2 of a project `shop-pr-7-a`, and of one `shop-pr-7`.
    "one whose project begins so": {
      given: ingress("shop-pr-7-a-pr-2.preview.example.com"),
      config: domains,
      says: /namely/,
    },
    "one whose project is so": { given: ingress("shop-pr-7-pr-2-api.preview.example.com"), says: /namely/ },
  },
  skips,
  unknown: { "a host that is not known": { given: ingress(UNKNOWN) } },
});

testPolicy({
  policy: noWildcardHost,
  passes: { "a host": { given: ingress(host) } },
  fails: {
    "a wildcard": { given: ingress("*.preview.example.com"), says: /a wildcard/ },
    "no host": { given: ingress(undefined), says: /rules\[0\] takes every host/ },
    "a default backend": { given: ingress(host, { defaultBackend: {} }), says: /defaultBackend takes every host/ },
  },
  skips,
  unknown: { "a host that is not known": { given: ingress(UNKNOWN, { defaultBackend: {} }), says: /defaultBackend/ } },
});

testPolicy({
  policy: ingressTls,
  passes: {
    "the gateway's": { given: ingress(host, { ingressClassName: "berth" }) },
    "its own": { given: ingress(host, { tls: [{ hosts: [host], secretName: "tls" }] }) },
  },
  fails: {
    none: { given: ingress(host), says: /rules\[0\] has no TLS for shop-pr-7/ },
    "another host's": { given: ingress(host, { tls: [{ hosts: ["other.example.com"] }] }), says: /no TLS/ },
  },
  skips,
  unknown: { "a class that is not known": { given: ingress(host, { ingressClassName: UNKNOWN }) } },
});

testPolicy({
  policy: noDoorOfItsOwn,
  passes: { "a ClusterIP": { given: service({ type: "ClusterIP" }) }, "no type": { given: service({}) } },
  fails: {
    "a load balancer": { given: service({ type: "LoadBalancer" }), says: /type is LoadBalancer/ },
    "a port of the nodes": { given: service({ type: "NodePort" }), says: /type is NodePort/ },
    "an external address": { given: service({ externalIPs: ["203.0.113.1"] }), says: /externalIPs/ },
  },
  skips: { ...skips, "the gateway": { given: service({ type: "LoadBalancer" }), stack: "platform" } },
  unknown: {
    "a type that is not known": {
      given: service({ type: UNKNOWN, externalIPs: ["203.0.113.1"] }),
      says: /externalIPs/,
    },
  },
});

const eks = (props: object): Given => ({ type: "eks:index:Cluster", props });

testPolicy({
  policy: apiEndpointListed,
  passes: {
    "a private one": { given: eks({ endpointPublicAccess: false }), stack: "cluster" },
    "a list": { given: eks({ endpointPublicAccess: true, publicAccessCidrs: ["203.0.113.10/32"] }) },
  },
  fails: {
    "no list": { given: eks({}), says: /open to 0\.0\.0\.0\/0/ },
    "the world in parts": {
      given: eks({ publicAccessCidrs: ["0.0.0.0/1", "128.0.0.0/1"] }),
      says: /open to 0\.0\.0\.0\/1/,
    },
    "a cluster of the other package": {
      given: { type: "aws:eks/cluster:Cluster", props: { vpcConfig: { endpointPublicAccess: true } } },
      says: /open to/,
    },
  },
  skips: { "other kinds": { given: service({}) } },
  unknown: { "a list that is not known": { given: eks({ publicAccessCidrs: [UNKNOWN] }) } },
});

const group = (props: object, kind = "ec2/securityGroup:SecurityGroup"): Given => ({ type: `aws:${kind}`, props });

testPolicy({
  policy: noWorldIngress,
  passes: {
    "a range": { given: group({ ingress: [{ cidrBlocks: ["10.0.0.0/16"] }] }), stack: "cluster" },
    "egress to the world": { given: group({ egress: [{ cidrBlocks: ["0.0.0.0/0"] }] }), stack: "cluster" },
  },
  fails: {
    "the world": {
      given: group({ ingress: [{ cidrBlocks: ["0.0.0.0/0"] }] }),
      stack: "cluster",
      says: /lets in 100\.0 %/,
    },
    "the world of IPv6": {
      given: group({ cidrIpv6: "::/0" }, "vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
      says: /IPv6/,
    },
  },
  skips: { "other kinds": { given: service({}) } },
  unknown: { "a range that is not known": { given: group({ ingress: [{ cidrBlocks: [UNKNOWN] }] }) } },
});

const kind = (type: string): Given => ({ type: `kubernetes:${type}`, props: { metadata: { namespace: "shop-pr-7" } } });

testPolicy({
  policy: routedByIngress,
  passes: {},
  fails: {
    "a route of Traefik": {
      given: kind("traefik.io/v1alpha1:IngressRoute"),
      says: /a IngressRoute leads requests past/,
    },
    "a route of Traefik 2": { given: kind("traefik.containo.us/v1alpha1:IngressRoute"), says: /IngressRoute/ },
    "a route of TCP": { given: kind("traefik.io/v1alpha1:IngressRouteTCP"), says: /IngressRouteTCP/ },
    "a Gateway": { given: kind("gateway.networking.k8s.io/v1:Gateway"), says: /Gateway/ },
    "a route of the Gateway API": { given: kind("gateway.networking.k8s.io/v1beta1:HTTPRoute"), says: /HTTPRoute/ },
    "a patch of one": { given: kind("gateway.networking.k8s.io/v1:GRPCRoutePatch"), says: /GRPCRoute/ },
  },
  skips: {
    ...skips,
    "an Ingress": { given: ingress(host) },
    "what Berth makes of Traefik's": { given: kind("traefik.io/v1alpha1:Middleware") },
    "routes of the platform": { given: kind("traefik.io/v1alpha1:IngressRoute"), stack: "platform" },
  },
  unknown: {},
});

testPolicy({
  policy: endpointsByCluster,
  passes: { "a Service": { given: service({}) }, "one by its type": { given: service({ type: "ClusterIP" }) } },
  fails: {
    "an EndpointSlice": { given: kind("discovery.k8s.io/v1:EndpointSlice"), says: /addresses behind a Service/ },
    Endpoints: { given: kind("core/v1:Endpoints"), says: /addresses behind a Service/ },
    "another name": {
      given: service({ type: "ExternalName", externalName: "kubernetes.default.svc" }),
      says: /spec\.type is ExternalName: it stands for another name/,
    },
  },
  skips: {
    ...skips,
    "the platform": { given: kind("core/v1:Endpoints"), stack: "platform" },
  },
  unknown: { "a type that is not known": { given: service({ type: UNKNOWN }) } },
});

it("routes are known by their kinds' own names", () => {
  // Types of Pulumi are made of kinds, and rules of the API server name resources, which here are kinds with an s.
  for (const kinds of Object.values(ROUTES)) for (const one of kinds) assert.match(one, /^[a-z]+s$/);
});
