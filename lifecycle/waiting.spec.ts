import assert from "node:assert/strict";
import type { Kube } from "./kube";
import { explain, mask, masker } from "./waiting";

const password = "p@ss word/1234";

/** Answers for one namespace with one Secret, and for one container's log; anything else is a mistake. */
function fakeKube(log: string): Kube {
  const encode = (text: string) => Buffer.from(text).toString("base64");
  const secrets = {
    items: [
      {
        data: {
          PGPASSWORD: encode(password),
          url: encode(`postgres://app:${encodeURIComponent(password)}@db/app`),
          short: encode("abc"),
        },
      },
      {},
    ],
  };
  const fake = {
    get: (path: string) => {
      assert.equal(path, "/api/v1/namespaces/shop-pr-1/secrets");
      return Promise.resolve(secrets);
    },
    text: (path: string) => {
      assert.equal(path, "/api/v1/namespaces/shop-pr-1/pods/app-1/log");
      return Promise.resolve(log);
    },
  };
  return fake as unknown as Kube;
}

describe("an explanation with log lines", () => {
  it("shows no Secret's value, raw or URL-encoded, and leaves short words alone", async () => {
    const mask = await masker(fakeKube(""), "shop-pr-1");
    assert.equal(mask(`abc ${password} ${encodeURIComponent(password)}!`), "abc [secret] [secret]!");
    assert.equal(mask(`to postgres://app:${encodeURIComponent(password)}@db/app`), "to [secret]");
  });

  it("shows none in another form: base64, JSON, or one line of several", () => {
    const key = 'first line of it\nsecond "line" of it\n';
    const hide = mask([Buffer.from(key).toString("base64")]);
    assert.equal(hide(key), "[secret]");
    assert.equal(hide(key.trim()), "[secret]");
    assert.equal(hide(`data: ${Buffer.from(key).toString("base64")}`), "data: [secret]");
    assert.equal(hide(JSON.stringify({ key })), '{"key":"[secret]"}');
    assert.equal(hide('error near second "line" of it, sorry'), "error near [secret], sorry");
  });

  it("masks what the trouble itself says, and shows nothing that cannot be masked", async () => {
    const trouble = { object: "pod app-1", reason: "ProbeFailed", message: `no login with ${password}`, fix: "" };
    assert.equal(await explain(fakeKube(""), "shop-pr-1", trouble), "pod app-1: ProbeFailed: no login with [secret]");
    const refusing = { get: () => Promise.reject(new Error("forbidden")) } as unknown as Kube;
    assert.ok(!(await explain(refusing, "shop-pr-1", trouble)).includes(password));
  });

  it("quotes the container's last lines, masked", async () => {
    const trouble = {
      object: "pod app-1 (container app)",
      reason: "CrashLoopBackOff",
      message: "ended with code 1, restarted 2 times",
      fix: "",
      log: { pod: "app-1", container: "app", previous: true },
    };
    assert.equal(
      await explain(fakeKube(`starting\nlogin with ${password} failed\n`), "shop-pr-1", trouble),
      "pod app-1 (container app): CrashLoopBackOff: ended with code 1, restarted 2 times\nits last lines:\n  starting\n  login with [secret] failed",
    );
  });
});
