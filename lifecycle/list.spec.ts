import assert from "node:assert/strict";
import { stateOf, type Facts } from "./list";

const ready: Facts = {
  namespace: true,
  terminating: false,
  asleep: false,
  podsReady: 2,
  pods: 2,
  last: { verb: "deploy", outcome: "done" },
  everDeployed: true,
};

describe("the state of an environment", () => {
  const cases: [string, Partial<Facts>, string][] = [
    ["has all its pods", {}, "ready"],
    ["lacks a pod", { podsReady: 1 }, "unready"],
    ["has no pods at all", { podsReady: 0, pods: 0 }, "unready"],
    ["has no pods because it was put to sleep", { asleep: true, podsReady: 0, pods: 0 }, "asleep"],
    ["is woken", { asleep: true, doing: "present" }, "updating"],
    ["failed to deploy", { last: { verb: "deploy", outcome: "failed" } }, "failed"],
    ["was left by an interrupted deploy", { last: { verb: "deploy", outcome: "interrupted" } }, "failed"],
    ["had nothing to change", { last: { verb: "deploy", outcome: "unchanged" } }, "ready"],
    ["is deployed for the first time", { doing: "present", everDeployed: false }, "creating"],
    ["is deployed again", { doing: "present" }, "updating"],
    ["is being destroyed", { doing: "absent" }, "destroying"],
    ["is on its way out", { terminating: true }, "destroying"],
    ["has a stack only", { namespace: false, pods: 0, podsReady: 0 }, "orphaned"],
  ];
  for (const [what, facts, state] of cases) {
    it(`is ${state} when it ${what}`, () => {
      assert.equal(stateOf({ ...ready, ...facts }), state);
    });
  }
});
