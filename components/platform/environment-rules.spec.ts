import assert from "node:assert/strict";
import { ENGINES } from "../../config/engines";
import { LABEL, MANAGED_BY } from "../../config/labels";
import { PLATFORM_NAMESPACE } from "../../config/names";
import { BROKER, OAUTH_SECRETS } from "../../config/oauth";
import { parsePlatform } from "../../config/platform";
import { admissionGroups } from "../../policies/admission";
import { DEFAULT_DENY, QUOTA } from "../../policies/admission/network";
import { ENVIRONMENT } from "../../policies/admission/objects";
import { NAMESPACE_NAME } from "../../policies/egress-rules";
import { families } from "../../policies/families";
import { OUTSIDE_NAMES } from "../../policies/trust";
import { DEPLOYED_PLATFORM, DIGEST, HOST_FACTS, HOST_PLATFORM, PR, config } from "../../test/support/samples";
import { planPrEnvironment } from "../pr-environment/plan";
import { planPlatform } from "./plan";

interface Planned {
  policy: {
    spec: {
      failurePolicy: string;
      matchConstraints: { resourceRules: { scope?: string }[] };
      variables: { name: string; expression: string }[];
      validations: { message: string; messageExpression: string }[];
    };
  };
  binding: {
    spec: { policyName: string; validationActions: string[]; matchResources?: object; paramRef?: object };
  };
}

function planned(fields: object = {}): Record<string, Planned> {
  const { admission } = planPlatform(parsePlatform({ ...HOST_PLATFORM, ...fields }));
  const rules = Object.entries(admission).filter(([name]) => name !== "deployer");
  return Object.fromEntries(rules) as unknown as Record<string, Planned>;
}

function variable({ policy }: Planned | undefined = assert.fail("no such rules"), name: string): unknown {
  const found = policy.spec.variables.find((one) => one.name === name) ?? assert.fail(`no variable ${name}`);
  return JSON.parse(found.expression) as unknown;
}

describe("rules on environments in the cluster", () => {
  it("are all there, refuse, and refuse what cannot be decided", () => {
    const rules = planned();
    assert.deepEqual(
      Object.keys(rules),
      admissionGroups.map(({ name }) => name),
    );
    for (const [name, { policy, binding }] of Object.entries(rules)) {
      assert.equal(policy.spec.failurePolicy, "Fail");
      assert.equal(binding.spec.policyName, `berth-${name}`);
      assert.deepEqual(binding.spec.validationActions, ["Deny", "Audit"]);
    }
  });

  it("hold for what is in environments, and for their namespaces by the same labels", () => {
    const { namespaces, ...others } = planned();
    assert.equal(namespaces?.binding.spec.matchResources, undefined);
    for (const { policy, binding } of Object.values(others)) {
      assert.ok(policy.spec.matchConstraints.resourceRules.every(({ scope }) => scope === "Namespaced"));
      assert.deepEqual(binding.spec.matchResources, {
        namespaceSelector: {
          matchLabels: { [LABEL.managedBy]: MANAGED_BY },
          matchExpressions: [{ key: LABEL.environment, operator: "Exists" }],
        },
      });
    }
    assert.deepEqual(ENVIRONMENT, { key: LABEL.managedBy, value: MANAGED_BY, name: LABEL.environment });
  });

  it("know the platform's domain, Ingress class, egress proxy and operators", () => {
    const rules = planned();
    assert.deepEqual(variable(rules["ingresses"], "domains"), ["berth.localhost"]);
    assert.deepEqual(variable(rules["ingresses"], "classes"), ["berth"]);
    assert.deepEqual(variable(rules["pods"], "operatorNamespaces"), []);
    assert.deepEqual(variable(rules["egress-proxy"], "repositories"), []);
    const egressProxy = { image: `registry.example.com/proxy@${DIGEST}` };
    assert.deepEqual(variable(planned({ egressProxy })["egress-proxy"], "repositories"), [
      "registry.example.com/proxy",
    ]);
    const usual = rules["network-policies"];
    assert.deepEqual(variable(usual, "internal"), ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"]);
    assert.deepEqual([variable(usual, "permitted"), variable(usual, "apiServer")], [[], []]);
    const opened = planned({ privateEgress: ["10.2.0.0/16"] })["network-policies"];
    assert.deepEqual(variable(opened, "permitted"), ["10.2.0.0/16"]);
    const images = { "16": `ghcr.io/cloudnative-pg/postgresql:16.9@${DIGEST}` };
    const other = planned({
      domain: DEPLOYED_PLATFORM.domain,
      gateway: { mode: "existing", ingressClass: "nginx", sources: [{ cidr: "10.0.0.0/16" }] },
      operators: { cloudnativePg: { apiServerCidrs: ["10.0.0.0/16"], images } },
    });
    assert.deepEqual(variable(other["ingresses"], "domains"), ["preview.example.com"]);
    assert.deepEqual(variable(other["ingresses"], "classes"), ["nginx"]);
    assert.deepEqual(variable(other["pods"], "operatorNamespaces"), ["cnpg-system"]);
    assert.deepEqual(variable(other["service-accounts"], "operatorNamespaces"), ["cnpg-system"]);
    assert.deepEqual(variable(other["network-policies"], "apiServer"), ["10.0.0.0/16"]);
  });

  it("know what the platform lets environments of each tier have", () => {
    const usual = planned();
    assert.deepEqual(variable(usual["trust-secrets"], "tiersWithoutSecrets"), ["fork"]);
    assert.deepEqual(variable(usual["trust-egress"], "tiersWithoutEgress"), ["fork"]);
    const own = ["postgres", "mariadb", "redis", "ferretdb", "versitygw"].map((name) => `localhost/berth/${name}`);
    assert.deepEqual(variable(usual["trust-images"], "prefixes"), own);
    const trust = {
      internal: { secrets: false, egress: false },
      fork: { images: ["ghcr.io/acme/forks"], quota: { cpu: "1" } },
    };
    const rules = planned({ trust, egressProxy: { image: `registry.example.com/proxy@${DIGEST}` } });
    assert.deepEqual(variable(rules["trust-secrets"], "tiersWithoutSecrets"), ["internal", "fork"]);
    assert.deepEqual(variable(rules["trust-secret-variables"], "tiersWithoutSecrets"), ["internal", "fork"]);
    assert.deepEqual(variable(rules["trust-egress"], "tiersWithoutEgress"), ["internal", "fork"]);
    assert.deepEqual(variable(rules["trust-images"], "prefixes"), [
      "ghcr.io/acme/forks",
      ...own,
      "registry.example.com/proxy",
    ]);
    const egressCanary = { image: `registry.example.com/canary@${DIGEST}` };
    const withCanary = variable(planned({ egressCanary })["trust-images"], "prefixes");
    assert.deepEqual(withCanary, [...own, "registry.example.com/canary"]);
    const hard = { "limits.cpu": "1", "limits.memory": "3Gi", "requests.storage": "2Gi" };
    assert.deepEqual(variable(rules["trust-quota"], "hard"), hard);
  });

  it("know the names by which Berth's own is told from others", () => {
    const rules = planned();
    const own = [...ENGINES, OAUTH_SECRETS.proxy.name].sort();
    assert.deepEqual((variable(rules["trust-secret-variables"], "names") as string[]).sort(), own);
    assert.deepEqual(variable(rules["trust-egress"], "peers"), {
      "kube-system": { "k8s-app": "kube-dns" },
      [PLATFORM_NAMESPACE]: { [LABEL.name]: BROKER },
    });
    const { deployment } =
      planPrEnvironment({
        config: config({ egress: { allow: [{ host: "api.example.com", ports: [443] }] } }),
        pr: PR,
        platform: { ...HOST_FACTS, egressProxy: { image: `registry.example.com/proxy@${DIGEST}` } },
      }).egress ?? assert.fail("no egress proxy");
    const { spec } = deployment as { spec: { template: { spec: { containers: { command: string[] }[] } } } };
    assert.deepEqual(variable(rules["egress-proxy"], "command"), spec.template.spec.containers[0]?.command);
    assert.deepEqual([OUTSIDE_NAMES, NAMESPACE_NAME], [LABEL.outsideNames, "kubernetes.io/metadata.name"]);
  });

  it("take everything else from the pack's own parameters", () => {
    const { parameters } = admissionGroups.find(({ name }) => name === "network-policies") ?? assert.fail();
    for (const { name, default: usual } of parameters.filter((one) => one.name !== "internal")) {
      assert.deepEqual(variable(planned()["network-policies"], name), usual);
    }
  });

  it("leave out what the platform takes back, and know no other names", () => {
    const withoutRules = { "image-by-digest": "a registry without digests", "no-load-balancer-or-node-port": "a lab" };
    const rules = planned({ withoutRules });
    const said = (name: string) => rules[name]?.policy.spec.validations.map(({ message }) => message.split(":")[0]);
    assert.deepEqual(said("services"), ["endpoints-by-the-cluster-alone"]);
    assert.equal(planned({ withoutRules: { "image-by-digest": "a", "no-token-automount": "b" } })["tokens"], undefined);
    const messages = said("pods");
    assert.ok(messages?.includes("no-host-path") && !messages.includes("image-by-digest"));
    assert.throws(
      () => planned({ withoutRules: { "image-by-tag": "no reason" } }),
      /withoutRules\.image-by-tag is no rule that the API server checks; accepted: .*image-by-digest.* Correct the name/,
    );
  });

  it("keep, whatever the platform takes back, what binds the others to a namespace, and its being a fork's", () => {
    const all = planned()["namespaces"]?.policy.spec.validations ?? assert.fail();
    const withoutRules = { "namespace-has-owner": "no owners here", "namespace-has-tier": "one tier for all" };
    const rest = planned({ withoutRules })["namespaces"]?.policy.spec.validations ?? assert.fail();
    const kept = [
      '"the namespace of an environment lacks the labels " + variables.unmarked',
      "that of a fork never changes",
    ];
    assert.equal(rest.length, all.length - 2);
    for (const words of kept) {
      assert.ok(
        rest.some(({ messageExpression }) => messageExpression.includes(words)),
        words,
      );
    }
  });

  it("ask for fences that every environment has", () => {
    const plan = planPrEnvironment({ config: config(), pr: PR, platform: HOST_FACTS });
    const names = (one: unknown) => (one as { metadata: { name: string } }).metadata.name;
    assert.equal(names(plan.networkPolicies["default-deny"]), DEFAULT_DENY);
    assert.equal(names(plan.quota), QUOTA);
    const rules = planned();
    const deny = { parameterNotFoundAction: "Deny" };
    assert.deepEqual(rules["default-deny-both-ways"]?.binding.spec.paramRef, { name: DEFAULT_DENY, ...deny });
    assert.deepEqual(rules["namespace-has-quota"]?.binding.spec.paramRef, { name: QUOTA, ...deny });
  });

  it("are rules of the pack, and say which and how to keep it", () => {
    const known = new Map(families.flatMap(({ policies }) => policies.map((one) => [one.name, one] as const)));
    for (const { checks } of admissionGroups) {
      for (const { rule, message, messageExpression } of checks) {
        const { remediationSteps = "no fix" } = known.get(rule) ?? assert.fail(`${rule} is no rule`);
        assert.ok(message.startsWith(`${rule}: `) && message.endsWith(`; fix: ${remediationSteps}`), message);
        assert.ok(messageExpression.startsWith(`"${rule}: "`), messageExpression);
      }
    }
  });
});
