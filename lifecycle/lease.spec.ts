import assert from "node:assert/strict";
import fc from "fast-check";
import {
  availability,
  newLease,
  react,
  released,
  renewed,
  viewLease,
  withHolder,
  withRequest,
  type LeaseObject,
  type Request,
} from "./lease";
import { thisProcess } from "./process";

const here = thisProcess();
const now = Date.parse("2026-01-02T03:04:05Z");
const deployOf = (commit: string): Request => ({ desired: "present", commit, fingerprint: `print-${commit}` });
const destroy: Request = { desired: "absent", commit: "", fingerprint: "" };

function requested(...requests: Request[]): LeaseObject {
  return requests.reduce((lease, request, index) => withRequest(lease, request, index + 1), newLease("shop-pr-1"));
}

describe("a Lease", () => {
  it("can be taken, renewed, and given back", () => {
    const taken = withHolder(requested(deployOf("a")), "me@here/1/x", here, "present", now, 20);
    assert.equal(taken.spec?.renewTime, "2026-01-02T03:04:05.000000Z");
    assert.equal(availability(viewLease(taken), now, here), "held");
    const later = renewed(taken, now + 19_000);
    assert.equal(viewLease(later).holder?.expires, now + 39_000);
    assert.equal(viewLease(later).holder?.since, "2026-01-02T03:04:05.000000Z");
    const free = released(later);
    assert.equal(availability(viewLease(free), now, here), "free");
    assert.equal(viewLease(free).generation, 1);
    assert.equal(viewLease(free).commit, "a");
    assert.deepEqual(free.spec, { leaseTransitions: 1 });
  });

  it("of a holder elsewhere runs out with time only", () => {
    const taken = withHolder(requested(deployOf("a")), "x", { ...here, host: "elsewhere" }, "present", now, 20);
    assert.equal(availability(viewLease(taken), now + 20_000, here), "held");
    assert.equal(availability(viewLease(taken), now + 20_001, here), "expired");
  });

  it("of a holder that has ended on this machine is free at once", () => {
    const taken = withHolder(requested(deployOf("a")), "x", { ...here, start: "1" }, "present", now, 20);
    assert.equal(availability(viewLease(taken), now, here), "dead");
  });

  it("without a readable time counts as expired, not as held for ever", () => {
    const taken = withHolder(requested(deployOf("a")), "x", { ...here, host: "elsewhere" }, "present", now, 20);
    const broken = { ...taken, spec: { ...taken.spec, renewTime: undefined } };
    assert.equal(availability(viewLease(broken), now, here), "expired");
  });
});

describe("a newer request", () => {
  it("stops a deploy, running or waiting", () => {
    const view = viewLease(requested(deployOf("a"), deployOf("b")));
    assert.equal(react(view, 1, deployOf("a"), true), "hand-over");
    assert.equal(react(view, 1, deployOf("a"), false), "hand-over");
    assert.equal(react(view, 2, deployOf("b"), true), "continue");
  });

  it("for the same does not stop its like", () => {
    const view = viewLease(requested(deployOf("a"), deployOf("a")));
    assert.equal(react(view, 1, deployOf("a"), true), "continue");
  });

  it("to destroy outranks a deploy", () => {
    const view = viewLease(requested(deployOf("a"), destroy));
    assert.equal(react(view, 1, deployOf("a"), true), "hand-over");
    assert.equal(react(view, 1, deployOf("a"), false), "hand-over");
  });

  it("to deploy does not stop a destroy that works, but replaces one that waits", () => {
    const view = viewLease(requested(destroy, deployOf("a")));
    assert.equal(react(view, 1, destroy, true), "continue");
    assert.equal(react(view, 1, destroy, false), "hand-over");
  });

  it("always leaves at least the newest one going", () => {
    const anyRequest = fc.constantFrom(deployOf("a"), deployOf("b"), destroy);
    fc.assert(
      fc.property(fc.array(anyRequest, { minLength: 1, maxLength: 6 }), (requests) => {
        const view = viewLease(requested(...requests));
        const newest = requests.at(-1) as Request;
        assert.equal(react(view, requests.length, newest, false), "continue");
        assert.equal(react(view, requests.length, newest, true), "continue");
      }),
    );
  });
});
