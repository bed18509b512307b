import assert from "node:assert/strict";
import { readDockerfile } from "./dockerfile";
import { emptyDraft } from "./init-draft";

const read = (text: string, target?: string) => readDockerfile(text, "Dockerfile", target);
const notes = (text: string, target?: string) =>
  read(text, target).notes.map(({ kind, place, text: said }) => `${kind} ${place} ${said}`);

describe("a Dockerfile", () => {
  it("gives port, health path and folders of the app", () => {
    const draft = read(`ARG P=4000
FROM node:24
ENV P=4000
EXPOSE $P/tcp
HEALTHCHECK CMD curl -f http://localhost:4000/healthz || exit 1
VOLUME ["/data", "/cache"]
VOLUME /more
USER 1000
`);
    assert.deepEqual(draft, {
      ...emptyDraft(),
      port: 4000,
      healthPath: "/healthz",
      hasHealthCheck: true,
      writableDirs: [
        { path: "/data", place: "Dockerfile:6" },
        { path: "/cache", place: "Dockerfile:6" },
        { path: "/more", place: "Dockerfile:7" },
      ],
    });
  });

  for (const [form, command, path] of [
    ["a list of words", 'CMD ["wget", "-q", "http://127.0.0.1:3000/up"]', "/up"],
    ["several lines", "CMD curl \\\n  localhost:3000/live", "/live"],
    ["an address without path", "CMD curl http://[::1]:3000", "/"],
    ["quotes", "CMD sh -c 'curl \"http://0.0.0.0:3000/a/b\"'", "/a/b"],
  ] as const) {
    it(`may have a health check in the form of ${form}`, () => {
      assert.equal(read(`FROM a\nUSER 1\nHEALTHCHECK ${command}\n`).healthPath, path);
    });
  }

  it("is read from the last stage, and from those that it is made of", () => {
    const text = "FROM a AS Base\nEXPOSE 4000\nUSER 7\nFROM b AS tools\nEXPOSE 5000\nFROM base\n";
    assert.deepEqual([read(text).port, notes(text)], [4000, []]);
    assert.deepEqual([read(text, "tools").port, notes(text, "tools").length], [5000, 1]);
    assert.equal(read(text, "1").port, 5000);
  });

  it("takes the port from ENV PORT where nothing is exposed", () => {
    assert.equal(read("FROM a\nENV NODE_ENV=production PORT=8080\nUSER 1\n").port, undefined);
    assert.equal(read("FROM a\nENV PORT=8080\nUSER 1\n").port, 8080);
    assert.equal(read("FROM a\nENV PORT 8080\nUSER 1\n").port, 8080);
  });

  for (const [what, text, expected] of [
    [
      "no USER",
      "FROM a\nEXPOSE 1",
      /^warning Dockerfile no USER, so that the image runs as root; .*add USER 1000:1000/,
    ],
    ["USER root", "FROM a\nUSER root", /^warning Dockerfile:2 USER root: the image runs as root/],
    ["USER 0:0", "FROM a\nUSER 1\nUSER 0:0", /^warning Dockerfile:3 USER 0: the image/],
    ["a second port", "FROM a\nUSER 1\nEXPOSE 1 2", /^left out Dockerfile:3 port 2: an app has one TCP port/],
    ["a UDP port", "FROM a\nUSER 1\nEXPOSE 53/udp", /^left out Dockerfile:3 port 53\/udp/],
    ["a range of ports", "FROM a\nUSER 1\nEXPOSE 1-3", /^left out Dockerfile:3 port 1-3/],
    ["a variable without value", "FROM a\nUSER 1\nEXPOSE $NOPE", /^left out Dockerfile:3 port \$NOPE/],
    [
      "a health check without address",
      "FROM a\nUSER 1\nHEALTHCHECK CMD pg_isready",
      /^warning Dockerfile:3 .* set app\.healthPath/,
    ],
    ["a query", "FROM a\nUSER 1\nHEALTHCHECK CMD curl localhost/x?y", /^left out Dockerfile:3 what follows the path/],
    [
      "a secret in the path",
      "FROM a\nUSER 1\nHEALTHCHECK CMD curl localhost/sk_live_abcdefghijkl",
      /^left out Dockerfile:3 the health check's path, which looks like a secret$/,
    ],
    ["TLS", "FROM a\nUSER 1\nHEALTHCHECK CMD curl https://localhost/x", /^warning Dockerfile:3 .*TLS/],
    [
      "another port",
      "FROM a\nUSER 1\nEXPOSE 1\nHEALTHCHECK CMD curl localhost:2/x",
      /^warning Dockerfile:4 .*port 2; .* is 1$/,
    ],
    ["times", "FROM a\nUSER 1\nHEALTHCHECK --interval=5s CMD curl localhost/x", /^left out Dockerfile:3 --interval/],
  ] as const) {
    it(`has a note on ${what}`, () => {
      const said = notes(text);
      assert.equal(said.length, 1, said.join("\n"));
      assert.match(said[0] ?? "", expected);
    });
  }

  it("without a health check has none", () => {
    assert.equal(read("FROM a\nUSER 1\nHEALTHCHECK NONE\n").healthPath, undefined);
  });

  it("with Windows line ends reads the same", () => {
    assert.equal(read("FROM a\r\nUSER 1\r\nEXPOSE 4000\r\n").port, 4000);
  });

  it("that is none, or lacks the stage, is an error", () => {
    assert.throws(() => read(""), /Dockerfile has a problem:\n.*without FROM; accepted: a Dockerfile/);
    assert.throws(() => read("services: {}\n"), /without FROM/);
    assert.throws(() => read("FROM a AS x\n", "y"), /without a stage "y"; accepted: one of the stages x/);
  });
});
