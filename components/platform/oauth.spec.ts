import assert from "node:assert/strict";
import { ConfigError } from "../../config/problems";
import { parsePlatform } from "../../config/platform";
import type { PlatformInput } from "../../config/platform";
import { DEPLOYED_PLATFORM, DIGEST, HOST_PLATFORM, OAUTH_PLATFORM } from "../../test/support/samples";
import { planPlatform } from "./plan";

const plan = (platform: PlatformInput) => planPlatform(parsePlatform(platform));
const { oauth } = OAUTH_PLATFORM;

describe("the callback broker of a platform", () => {
  it("is there when asked for, and tells environments where it is", () => {
    assert.equal(plan(HOST_PLATFORM).broker, undefined);
    assert.equal(plan(HOST_PLATFORM).facts.oauth, null);
    const { facts, broker } = plan(OAUTH_PLATFORM);
    const { callbackUrl, internalUrl } = facts.oauth ?? assert.fail();
    assert.equal(callbackUrl, "https://auth.berth.localhost:8443/callback");
    assert.equal(internalUrl, "http://oauth-broker.berth-system.svc:8081");
    assert.match(JSON.stringify(broker?.ingress.spec), /"host":"auth\.berth\.localhost"/);
  });

  it("is one pod that is never run twice, since used states are in its memory", () => {
    const { replicas, strategy } = plan(OAUTH_PLATFORM).broker?.deployment.spec as {
      replicas: number;
      strategy: unknown;
    };
    assert.deepEqual([replicas, strategy], [1, { type: "Recreate" }]);
  });

  it("may read namespaces, leases and two Secrets by name, and nothing else", () => {
    const { clusterRole, leases } = plan(OAUTH_PLATFORM).broker ?? assert.fail();
    assert.deepEqual(clusterRole.role.rules, [
      { apiGroups: [""], resources: ["namespaces"], verbs: ["get"] },
      { apiGroups: [""], resources: ["secrets"], resourceNames: ["oauth-state", "access-proxy"], verbs: ["get"] },
    ]);
    assert.deepEqual(leases.role.rules, [
      { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get"] },
    ]);
  });

  it("tells nobody the client's secret: only its pod mounts it", () => {
    const { facts, broker } = plan(OAUTH_PLATFORM);
    assert.doesNotMatch(JSON.stringify(facts), /oidc-client/);
    assert.doesNotMatch(JSON.stringify(broker?.config), /oidc-client/);
    assert.match(JSON.stringify(broker?.deployment), /"secretName":"oidc-client"/);
  });

  it("is reached by the gateway on one port and by proxies of environments on the other", () => {
    const policies = plan(OAUTH_PLATFORM).networkPolicies;
    const { ingress, egress } = policies["allow-oauth-broker"]?.spec as { ingress: unknown[]; egress: unknown[] };
    assert.deepEqual(ingress, [
      { from: [{ ipBlock: { cidr: "10.89.0.1/32" } }], ports: [{ port: 8080, protocol: "TCP" }] },
      {
        from: [
          {
            namespaceSelector: { matchExpressions: [{ key: "berth.dev/environment", operator: "Exists" }] },
            podSelector: { matchLabels: { "berth.dev/component": "access-proxy" } },
          },
        ],
        ports: [{ port: 8081, protocol: "TCP" }],
      },
    ]);
    assert.equal(egress.length, 3);
    const without = plan({ ...OAUTH_PLATFORM, oauth: { image: `localhost/broker@${DIGEST}` } }).networkPolicies[
      "allow-oauth-broker"
    ];
    assert.equal((without?.spec as { egress: unknown[] }).egress.length, 2, "without a provider it reaches none");
  });

  it("is let through to by a gateway in the cluster, which nothing else in the platform namespace is", () => {
    const policies = plan({ ...DEPLOYED_PLATFORM, oauth: { image: `localhost/broker@${DIGEST}` } }).networkPolicies;
    const { egress } = policies["allow-gateway-to-oauth-broker"]?.spec as { egress: { ports: unknown }[] };
    assert.deepEqual(egress[0]?.ports, [{ port: 8080, protocol: "TCP" }]);
  });

  it("takes no provider without TLS from outside where environments have it, and no provider for nobody", () => {
    const oidc = oauth?.oidc ?? assert.fail();
    const plain = { ...oidc, issuer: "http://login.example.com" };
    const refused = (platform: PlatformInput, message: RegExp) =>
      assert.throws(
        () => plan(platform),
        (error) => error instanceof ConfigError && message.test(error.message),
      );
    refused(
      { ...DEPLOYED_PLATFORM, oauth: { image: `localhost/broker@${DIGEST}`, oidc: plain } },
      /oauth\.oidc\.issuer.*without TLS/s,
    );
    const inside = { ...oidc, issuer: "http://login.sso.svc:9000" };
    assert.ok(plan({ ...DEPLOYED_PLATFORM, oauth: { image: `localhost/broker@${DIGEST}`, oidc: inside } }).broker);
    refused(
      { ...OAUTH_PLATFORM, oauth: { image: `localhost/broker@${DIGEST}`, oidc: { ...oidc, allow: {} } } },
      /oauth\.oidc\.allow.*nobody/s,
    );
  });
});
