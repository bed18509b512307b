import assert from "node:assert/strict";
import { interpolate, readCompose } from "./compose";
import type { ComposeOptions } from "./compose";

const ENGINES = ["postgresql", "mariadb", "redis", "mongodb", "s3", "minio"];
const read = (text: string, options: Partial<ComposeOptions> = {}) =>
  readCompose(text, "compose.yaml", { engines: ENGINES, ...options });
const app = (text: string) =>
  read(`services:\n  web:\n    ${text.replaceAll("\n", "\n    ")}\n  db: { image: postgres }\n`);
const said = (draft: ReturnType<typeof read>) => draft.notes.map(({ kind, place, text }) => `${kind} ${place} ${text}`);

describe("a compose file", () => {
  for (const [form, ports, port] of [
    ["a number", "[3000]", 3000],
    ["host and container", '["8080:3000"]', 3000],
    ["address, host and container", '["127.0.0.1:8080:3000/tcp"]', 3000],
    ["IPv6 address", '["[::1]:8080:3000"]', 3000],
    ["a mapping", "[{ target: 3000, published: 80 }]", 3000],
    ["a variable with default", '["80:${PORT:-3000}"]', 3000],
    ["a variable without default", '["80:${PORT}"]', undefined],
    ["UDP only", '["53:53/udp"]', undefined],
  ] as const) {
    it(`may name the port as ${form}`, () => assert.equal(app(`ports: ${ports}`).port, port));
  }

  for (const [form, test, path] of [
    ["words", '["CMD", "curl", "-f", "http://localhost:3000/up"]', "/up"],
    ["a shell's line", "curl -f http://localhost:3000/up || exit 1", "/up"],
    ["a variable", '["CMD-SHELL", "wget http://127.0.0.1:${P:-3000}/up"]', "/up"],
    ["none", '["NONE"]', undefined],
  ] as const) {
    it(`may have a health check as ${form}`, () => {
      assert.equal(
        app(`healthcheck: { test: ${JSON.stringify(test).startsWith('"[') ? test : JSON.stringify(test)} }`).healthPath,
        path,
      );
    });
  }

  it("gives variables as a mapping or as a list", () => {
    const expected = { A: "1", B: "true", C: "x=y" };
    for (const text of ["environment: { A: 1, B: true, C: x=y }", "environment: [A=1, B=true, C=x=y]"]) {
      const { env } = app(text);
      assert.deepEqual(Object.fromEntries(Object.entries(env).map(([name, { value }]) => [name, value])), expected);
    }
  });

  it("never keeps a value that looks like a secret", () => {
    const draft = app(
      "environment:\n  API_TOKEN: hunter2\n  URL: https://u:hunter2@example.com\n  WITH_DEFAULT: ${X:-sk_live_hunter2hunter2}\n  EMPTY_TOKEN: ''",
    );
    assert.deepEqual(draft.secrets, ["API_TOKEN", "URL", "WITH_DEFAULT"]);
    assert.deepEqual(Object.keys(draft.env), ["EMPTY_TOKEN"]);
    assert.ok(!JSON.stringify(draft).includes("hunter2"));
  });

  it("tells databases by their images, with the version of the tag", () => {
    const { databases, notes } = read(
      `services: { web: { build: . }, a: { image: "docker.io/library/postgres:16.4-alpine@sha256:00" }, b: { image: "\${R:-redis}:7" }, c: { image: bitnami/mariadb } }`,
    );
    assert.deepEqual(
      Object.entries(databases).map(([engine, { versions }]) => [engine, ...versions]),
      [["postgresql", "16.4", "16"], ["redis", "7"], ["mariadb"]],
    );
    assert.deepEqual(
      notes.map(({ kind }) => kind),
      ["remark"],
    );
  });

  it("names databases that berth.yaml does not have, and a second one of a kind", () => {
    const text =
      "services:\n  web: { build: . }\n  a: { image: mongo }\n  b: { image: redis }\n  c: { image: redis }\n";
    assert.deepEqual(said(read(text, { engines: ["postgresql", "mariadb", "redis"] })).slice(0, 2), [
      "left out compose.yaml:3 service a: Berth has postgresql, mariadb and redis",
      "left out compose.yaml:5 service c: an environment has one redis",
    ]);
    assert.ok(said(read(text, { engines: [] })).includes("left out compose.yaml:4 service b: Berth has "));
  });

  it("warns of what is like a database that Berth has, and not the same", () => {
    for (const [image, engine] of [
      ["mysql:8", "mariadb"],
      ["valkey/valkey:8", "redis"],
      ["minio/minio:RELEASE.2024-01-01", "minio"],
      ["postgis/postgis:16-3.4", "postgresql"],
    ] as const) {
      const draft = read(`services: { web: { build: . }, x: { image: "${image}" } }`);
      assert.deepEqual(Object.keys(draft.databases), [engine]);
      assert.equal(draft.notes.length, 2, image);
    }
  });

  it("takes the service that is built and has ports for the app, or the one that is named", () => {
    const text = "services: { a: { image: x }, b: { build: . }, c: { build: ., ports: [4000] } }";
    assert.equal(read(text).port, 4000);
    assert.equal(read(text, { service: "b" }).port, undefined);
    assert.throws(() => read(text, { service: "z" }), /without a service "z"; accepted: one of a, b, c/);
    assert.match(said(read(text)).join("\n"), /service b: an environment has one app; --service b chooses this one/);
  });

  it("with databases only says so", () => {
    assert.match(
      said(read("services: { db: { image: postgres } }")).join("\n"),
      /^warning .* no service looks like the app/,
    );
  });

  it("accepts images only of a repository with a registry", () => {
    assert.equal(app("image: ghcr.io/acme/shop:1.2").repository, "ghcr.io/acme/shop");
    assert.equal(app("image: localhost:5000/shop@sha256:00").repository, "localhost:5000/shop");
    assert.equal(app("image: acme/shop\nbuild: .").repository, undefined);
    assert.match(said(app("image: acme/shop")).join("\n"), /left out compose\.yaml:3 image acme\/shop/);
  });

  it("gives volumes and tmpfs as writable folders, but no folder of the machine", () => {
    const draft = app(
      "volumes: [data:/data:ro, ./src:/src, /anonymous, { type: bind, source: /x, target: /x }]\ntmpfs: /run:size=1m",
    );
    assert.deepEqual(
      draft.writableDirs.map(({ path }) => path),
      ["/data", "/anonymous", "/run"],
    );
    assert.equal(said(draft).filter((line) => line.includes("a folder of the machine")).length, 2);
  });

  it("has a Dockerfile say what it leaves open", () => {
    const asked: string[][] = [];
    const dockerfile = (context: string, name: string) => {
      asked.push([context, name]);
      return {
        source: "web/Dockerfile",
        text: "FROM a AS t\nEXPOSE 5000 9229\nUSER 1\nHEALTHCHECK CMD curl localhost/up\nFROM b\n",
      };
    };
    const build = "build: { context: ./web, target: t }";
    assert.deepEqual(
      [read(`services: { web: { ${build} } }`, { dockerfile })].map(({ port, healthPath }) => [port, healthPath]),
      [[5000, "/up"]],
    );
    assert.deepEqual(asked, [["./web", "Dockerfile"]]);
    const more = read(`services: { web: { ${build}, ports: [9229], healthcheck: { disable: true } } }`, { dockerfile });
    assert.deepEqual([more.port, more.healthPath], [9229, undefined]);
  });

  describe("has a note on", () => {
    for (const [what, text, expected] of [
      [
        "networks",
        "networks: [a]",
        "left out compose.yaml:3 networks of web: every environment has a network of its own",
      ],
      [
        "a key that nobody knows",
        "zzz: 1",
        "left out compose.yaml:3 zzz of web: Berth has nothing that corresponds to it",
      ],
      ["command", "command: x", "left out compose.yaml:3 command of web: put it into the image as CMD"],
      [
        "env_file",
        "env_file: .env",
        "left out compose.yaml:3 env_file of web: write what is no secret to env, and put the rest into a Secret that envFrom names",
      ],
      [
        "a variable of the shell",
        "environment: [A]",
        "left out compose.yaml:3 A: its value comes from the shell that runs compose",
      ],
      [
        "a variable without default",
        "environment: { A: 'x${B}' }",
        "left out compose.yaml:3 A: it needs B of the shell that runs compose",
      ],
      [
        "a variable with a service's address",
        "environment: { A: 'http://db:1/x' }",
        "left out compose.yaml:3 A: it names the service db; Berth gives the address of postgresql in variables",
      ],
      ["PORT", "environment: { PORT: 4000 }", "remark compose.yaml:3 PORT: Berth sets it to app.port"],
      [
        "another PORT",
        "environment: { PORT: 4000 }\nports: [3000]",
        "warning compose.yaml:3 PORT: Berth sets it to app.port; it was 4000, app.port is 3000",
      ],
      [
        "a service that is not there",
        "depends_on: [x]",
        "left out compose.yaml:3 depends_on x: the service is not there",
      ],
      [
        "a job",
        "depends_on: { x: { condition: service_completed_successfully } }",
        "warning compose.yaml:3 depends_on x: have the app do at its start what that service does before it",
      ],
      [
        "times of a health check",
        "healthcheck: { test: curl localhost/x, retries: 3 }",
        "left out compose.yaml:3 retries of the health check: Berth has times of its own",
      ],
      [
        "build",
        "build: .",
        "remark compose.yaml:3 build: Berth does not build: give the image to `berth deploy --image`",
      ],
    ] as const) {
      it(what, () => assert.deepEqual(said(app(text)), [expected]));
    }

    it("every key of a database but its image, and of the file", () => {
      const text =
        "version: '3'\nx-a: 1\nvolumes: {}\nsecrets: {}\nservices:\n  web: {}\n  db:\n    image: postgres\n    environment: { POSTGRES_PASSWORD: hunter2 }\n    shm_size: 1g\n";
      assert.deepEqual(said(read(text)), [
        "left out compose.yaml:3 volumes: Berth makes its own",
        "left out compose.yaml:4 secrets: put them into a Secret that envFrom names",
        "left out compose.yaml:9 environment of db: Berth makes user, password and database itself and gives them to the app in variables",
        "left out compose.yaml:10 shm_size of db: Berth has nothing that corresponds to it",
      ]);
    });
  });

  it("may take in other mappings", () => {
    assert.equal(read("x-a: &a { ports: [4000] }\nservices: { web: { <<: *a } }").port, 4000);
  });

  it("that is none is an error", () => {
    for (const text of ["", "a: 1", "services: []", "services: {}"])
      assert.throws(() => read(text), /without services/);
    assert.throws(() => read("services: { web: 1 }"), /services\.web that is no mapping/);
    assert.throws(() => read("services: {"), /not valid YAML/);
  });
});

describe("variables of a compose file", () => {
  for (const [text, expected, missing = []] of [
    ["a$$b", "a$b"],
    ["${A:-x}-${B-y}", "x-y"],
    ["${A:-${B:-z}}", "z"],
    ["${A:-${B}}", "", ["B"]],
    ["$A/${B:?no}", "/", ["A", "B"]],
    ["${A:+x}", ""],
    ["100$", "100$"],
    ["${A:-x", "x"],
  ] as readonly [string, string, string[]?][]) {
    it(text, () => assert.deepEqual(interpolate(text), { text: expected, missing }));
  }
});
