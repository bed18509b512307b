import assert from "node:assert/strict";
import { TRUST_TIERS, type TrustTier } from "../config/trust";
import { BerthError, ExitCode } from "./errors";
import type { Kube } from "./kube";
import { environmentName } from "./naming";
import type { Target } from "./target";
import { settleTrust, trustOf, withRecordedTrust, withTrust, type TrustAsked } from "./trust";

const name = environmentName("shop", 7);

function refusal(what: TrustAsked): BerthError {
  try {
    settleTrust(name, what);
  } catch (error) {
    assert.ok(error instanceof BerthError);
    assert.equal(error.exitCode, ExitCode.usage);
    return error;
  }
  return assert.fail("it was let through");
}

describe("the tier of a deploy", () => {
  it("is what is asked for where nothing is yet, else left to the platform", () => {
    for (const usual of TRUST_TIERS) {
      for (const asked of TRUST_TIERS) assert.equal(settleTrust(name, { asked, usual }), asked);
      assert.equal(settleTrust(name, { usual }), undefined);
    }
  });

  it("stays what it is when nothing is asked for, unless the platform's default is stricter", () => {
    const said: [recorded: TrustTier, usual: TrustTier | undefined, tier: TrustTier][] = [
      ["fork", "trusted", "fork"],
      ["fork", "internal", "fork"],
      ["fork", "fork", "fork"],
      ["internal", "trusted", "internal"],
      ["internal", "internal", "internal"],
      ["trusted", "trusted", "trusted"],
      ["trusted", "internal", "internal"],
      ["internal", undefined, "internal"],
      ["trusted", undefined, "trusted"],
    ];
    for (const [recorded, usual, tier] of said)
      assert.equal(settleTrust(name, { usual, recorded }), tier, `${recorded} where ${usual}`);
  });

  it("is asked for when the platform has come to take for a fork what was none", () => {
    for (const recorded of ["trusted", "internal"] as const) {
      const error = refusal({ usual: "fork", recorded });
      assert.match(error.message, new RegExp(`was deployed as ${recorded}, and the platform's default .* is fork now`));
      assert.equal(
        error.fix,
        `deploy it with --trust ${recorded} if its code is that; else run \`berth destroy shop-pr-7\` first, then deploy it again.`,
      );
      assert.equal(settleTrust(name, { asked: recorded, usual: "fork", recorded }), recorded);
    }
  });

  it("is asked for where it is not clear whose code it is, but for what is a fork's already", () => {
    const unclear = "the event workflow_dispatch of GitHub Actions";
    for (const recorded of [undefined, "internal", "trusted"] as const) {
      const error = refusal({ unclear, recorded });
      assert.match(
        error.message,
        /^the event workflow_dispatch of GitHub Actions does not say .*; accepted without --trust: push, .* pull_request$/,
      );
      assert.match(error.fix, /^say with --trust trusted, internal or fork /);
      assert.equal(settleTrust(name, { asked: "internal", unclear, recorded }), "internal");
    }
    assert.equal(settleTrust(name, { unclear, recorded: "fork" }), "fork");
  });

  it("changes in place between trusted and internal", () => {
    assert.equal(settleTrust(name, { asked: "internal", recorded: "trusted" }), "internal");
    assert.equal(settleTrust(name, { asked: "trusted", recorded: "internal" }), "trusted");
    assert.equal(settleTrust(name, { asked: "fork", recorded: "fork" }), "fork");
  });

  it("never changes from or to a fork in place", () => {
    for (const tier of ["trusted", "internal"] as const) {
      const error = refusal({ asked: tier, recorded: "fork" });
      assert.match(error.message, /shop-pr-7 is a fork's and cannot be deployed with --trust/);
      assert.equal(error.fix, `run \`berth destroy shop-pr-7\` first, then deploy it with --trust ${tier}.`);
      const other = refusal({ asked: "fork", recorded: tier });
      assert.match(other.message, new RegExp(`with --trust ${tier} and cannot become a fork's`));
    }
  });

  it("is read from the namespace's label", () => {
    const of = (labels?: Record<string, string>) => trustOf({ metadata: { name: "shop-pr-7", labels } });
    assert.equal(of({ "berth.dev/trust": "fork" }), "fork");
    assert.equal(of({ "berth.dev/trust": "root" }), undefined);
    assert.equal(of(), undefined);
  });
});

describe("the tier that cluster and platform say", () => {
  const pr = { number: 7, commit: "0123456", branch: "b", owner: "a", image: "i", generation: 1 };
  const kubeWith = (labels: Record<string, string> | undefined, more: object = {}) =>
    ({
      find: (path: string) => {
        assert.equal(path, "/api/v1/namespaces/shop-pr-7");
        return Promise.resolve(labels && { metadata: { name: "shop-pr-7", labels, ...more } });
      },
    }) as unknown as Kube;
  const target = (usual: TrustTier) =>
    ({
      platform: { domain: "berth.localhost", gateway: { mode: "deployed", image: IMAGE }, trust: { default: usual } },
    }) as unknown as Target;
  const IMAGE = `localhost/berth/traefik@sha256:${"0".repeat(64)}`;
  const deployed = async (labels: Record<string, string> | undefined, usual: TrustTier) =>
    (await withTrust(target(usual), kubeWith(labels), name, pr, undefined)).trust;

  it("is settled for a deploy against the platform's own settings", async () => {
    assert.equal(await deployed(undefined, "fork"), undefined);
    assert.equal(await deployed({ "berth.dev/trust": "internal" }, "trusted"), "internal");
    assert.equal(await deployed({ "berth.dev/trust": "trusted" }, "internal"), "internal");
    assert.equal(await deployed({}, "trusted"), "internal");
    await assert.rejects(deployed({}, "fork"), /was deployed as internal, and the platform's default/);
  });

  it("is not that of a namespace on its way out, which a deploy waits for", async () => {
    const leaving = kubeWith({ "berth.dev/trust": "fork" }, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    const asked = await withTrust(target("internal"), leaving, name, { ...pr, trust: "internal" }, undefined);
    assert.equal(asked.trust, "internal");
  });

  it("is kept by what repeats the last deploy, whatever that has asked for", async () => {
    const kept = async (labels: Record<string, string> | undefined, trust?: TrustTier) =>
      (await withRecordedTrust(kubeWith(labels), name, { ...pr, ...(trust && { trust }) })).trust;
    for (const tier of TRUST_TIERS) {
      assert.equal(await kept({ "berth.dev/trust": tier }), tier);
      assert.equal(await kept({ "berth.dev/trust": tier }, "trusted"), tier);
    }
    assert.equal(await kept({}), "internal");
    assert.equal(await kept(undefined, "fork"), "fork");
    assert.equal(await kept(undefined), undefined);
  });
});
