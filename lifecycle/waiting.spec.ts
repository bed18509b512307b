import assert from "node:assert/strict";
import type { Kube } from "./kube";
import { explain, mask, masker } from "./waiting";

const password = "p@ss word/1234";

/** Answers for one namespace with one Secret, and for one container's log, one answer after the other; anything else is a mistake. */
function fakeKube(...logs: string[]): Kube & { readonly asked: unknown[] } {
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
  const asked: unknown[] = [];
  const fake = {
    asked,
    get: (path: string) => {
      assert.equal(path, "/api/v1/namespaces/shop-pr-1/secrets");
      return Promise.resolve(secrets);
    },
    text: (path: string, query: { previous: boolean }) => {
      assert.equal(path, "/api/v1/namespaces/shop-pr-1/pods/app-1/log");
      asked.push(query.previous);
      return Promise.resolve(logs.shift() ?? assert.fail("the log is asked for once more"));
    },
  };
  return fake as unknown as Kube & { asked: unknown[] };
}

const crash = {
  object: "pod app-1 (container app)",
  reason: "CrashLoopBackOff",
  message: "ended with code 1, restarted 2 times",
  fix: "",
  log: { pod: "app-1", container: "app", previous: true },
};

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
    assert.equal(
      await explain(fakeKube(`starting\nlogin with ${password} failed\n`), "shop-pr-1", crash),
      "pod app-1 (container app): CrashLoopBackOff: ended with code 1, restarted 2 times\nits last lines:\n  starting\n  login with [secret] failed",
    );
  });

  it("lets neither them nor the trouble command a terminal or GitHub's runner", async () => {
    const trouble = { ...crash, message: "probe says\n::error::\u001b[2J" };
    assert.equal(
      await explain(fakeKube("::add-mask::x\n\u001b[1;1Hup\n"), "shop-pr-1", trouble),
      "pod app-1 (container app): CrashLoopBackOff: probe says\n: :error::\nits last lines:\n  : :add-mask::x\n  up",
    );
  });

  it("says which volume is full although only lines before the last ones tell", async () => {
    const error = 'error: could not extend file "base/16384/16396": No space left on device {';
    const rest = Array.from({ length: 20 }, (_, index) => `  field${index}: undefined`);
    const words = await explain(fakeKube([error, ...rest].join("\n")), "shop-pr-1", crash);
    assert.ok(!words.includes("field7:") && words.includes("field8:"), words);
    assert.match(words, /\nthe volume postgresql-data of PostgreSQL is full: [^\n]+$/);
  });

  describe("of a container that is restarted", () => {
    const file = "/var/log/pods/shop-pr-1_app-1_5d73879b/app/3.log";
    const gone = `failed to try resolving symlinks in path "${file}": lstat ${file}: no such file or directory`;
    const head = "pod app-1 (container app): CrashLoopBackOff: ended with code 1, restarted 2 times\nits last lines:\n";

    it("asks again for a log that is just not there", async () => {
      const kube = fakeKube(gone, "unable to retrieve container logs for containerd://5d73879b", "cannot listen\n");
      assert.equal(await explain(kube, "shop-pr-1", crash), `${head}  cannot listen`);
      assert.deepEqual(kube.asked, [true, true, true]);
    });

    it("takes the other run's", async () => {
      const kube = fakeKube(gone, gone, gone, "starting\n");
      assert.equal(await explain(kube, "shop-pr-1", crash), `${head}  starting`);
      assert.deepEqual(kube.asked, [true, true, true, false]);
    });

    it("never takes kubelet's words for the app's", async () => {
      assert.equal(
        await explain(fakeKube(gone, gone, gone, `${gone}\n`), "shop-pr-1", crash),
        `${head}  (no log: it is gone, as the container was restarted)`,
      );
    });

    it("leaves an app that says something like it its words", async () => {
      const words = `reading\n${gone}`;
      assert.equal(await explain(fakeKube(words), "shop-pr-1", crash), `${head}${words.replaceAll(/^/gm, "  ")}`);
    });
  });
});
