import assert from "node:assert/strict";
import { planNetwork } from "./plan";
import type { PlanArgs } from "./plan";

const SMALL: PlanArgs = { clusterName: "previews", zones: ["eu-central-1a", "eu-central-1b"], size: "small" };
const LARGE: PlanArgs = {
  clusterName: "previews",
  zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
  size: "large",
};

describe("Network plan", () => {
  it("spares a small team what costs by the hour: one NAT gateway, no interface endpoints", () => {
    const { natZones, natZoneOf, interfaceEndpoints, flowLogs } = planNetwork(SMALL);
    assert.deepEqual(natZones, ["eu-central-1a"]);
    assert.deepEqual(natZoneOf, { "eu-central-1a": "eu-central-1a", "eu-central-1b": "eu-central-1a" });
    assert.deepEqual(interfaceEndpoints, []);
    assert.deepEqual(flowLogs, { traffic: "REJECT", retentionDays: 30, group: "/berth/previews/vpc-flow-logs" });
  });

  it("keeps a large company's zones apart: a NAT gateway in each, endpoints, all traffic recorded", () => {
    const { natZones, natZoneOf, interfaceEndpoints, flowLogs } = planNetwork(LARGE);
    assert.deepEqual(natZones, LARGE.zones);
    assert.deepEqual(natZoneOf, Object.fromEntries(LARGE.zones.map((zone) => [zone, zone])));
    assert.deepEqual(interfaceEndpoints, ["ecr.api", "ecr.dkr", "eks", "eks-auth", "logs", "sts"]);
    assert.deepEqual(flowLogs, { traffic: "ALL", retentionDays: 365, group: "/berth/previews/vpc-flow-logs" });
  });

  it("takes what is asked for over what the size suggests", () => {
    const asked: PlanArgs = {
      ...SMALL,
      cidr: "10.8.0.0/17",
      natGateways: "per-zone",
      interfaceEndpoints: ["sts"],
      flowLogs: { retentionDays: 90 },
    };
    const plan = planNetwork(asked);
    assert.deepEqual(plan.natZones, SMALL.zones);
    assert.deepEqual(plan.interfaceEndpoints, ["sts"]);
    assert.deepEqual(plan.flowLogs, { traffic: "REJECT", retentionDays: 90, group: "/berth/previews/vpc-flow-logs" });
    assert.equal(plan.cidr, "10.8.0.0/17");
    assert.equal(plan.zones["eu-central-1b"]?.private, "10.8.16.0/20");
    assert.deepEqual(planNetwork({ ...LARGE, natGateways: "one" }).natZones, ["eu-central-1a"]);
    assert.equal(planNetwork({ ...LARGE, flowLogs: { traffic: "none" } }).flowLogs, undefined);
  });

  it("gives the control plane the first two zones, or those that are named, whether nodes are there or not", () => {
    assert.deepEqual(planNetwork(LARGE).controlPlane, {
      "eu-central-1a": "10.0.224.0/28",
      "eu-central-1b": "10.0.224.16/28",
    });
    const moved = planNetwork({
      ...LARGE,
      zones: ["eu-central-1b", "eu-central-1c"],
      controlPlaneZones: ["eu-central-1a", "eu-central-1b"],
    });
    assert.deepEqual(moved.controlPlane, planNetwork(LARGE).controlPlane);
    assert.deepEqual(Object.keys(moved.zones), ["eu-central-1b", "eu-central-1c"]);
  });
});
