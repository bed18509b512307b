import assert from "node:assert/strict";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { configJsonSchema } from "../config/reference";
import { loadConfig } from "../config/load";
import { main } from "./berth";

const root = resolve(__dirname, "..");

/** What the command line listens to until its process ends. */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

describe("berth config", () => {
  let folder: string;
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), "berth-config-cli-")), "shop");
    mkdirSync(folder);
  });
  afterEach(() => rmSync(resolve(folder, ".."), { recursive: true }));

  const file = (name: string, text: string | Buffer) => writeFileSync(join(folder, name), text);
  const berth = async (...args: string[]) => {
    const written = { stdout: "", stderr: "" };
    const streams = ["stdout", "stderr"] as const;
    const writes = streams.map((name) => process[name].write.bind(process[name]));
    for (const name of streams) {
      process[name].write = (chunk: string | Uint8Array) => {
        written[name] += String(chunk);
        return true;
      };
    }
    const [at, listeners] = [process.cwd(), signals.map((signal) => process.listeners(signal))];
    process.chdir(folder);
    try {
      await main(["--no-color", "config", ...args]);
      return { status: process.exitCode, ...written };
    } finally {
      process.chdir(at);
      process.exitCode = undefined;
      streams.forEach((name, index) => (process[name].write = writes[index] as typeof process.stdout.write));
      signals.forEach((signal, index) => {
        for (const listener of process.listeners(signal)) {
          if (!listeners[index]?.includes(listener)) process.off(signal, listener);
        }
      });
    }
  };

  describe("check", () => {
    it("says ok and nothing else", async () => {
      file("k8s-ee.yaml", "projectId: shop\r\napp: { port: 8080 }\r\n");
      assert.deepEqual(await berth("check"), { status: 0, stdout: "ok: k8s-ee.yaml\n", stderr: "" });
    });

    it("shows every problem with its place, and ends with 2", async () => {
      file("berth.yaml", "projectId: shop\r\napp:\r\n  port: 0\r\n  é: 1\r\n");
      const { status, stdout, stderr } = await berth("check");
      assert.deepEqual([status, stderr], [2, ""]);
      assert.equal(
        stdout,
        [
          "berth.yaml:3:9: error: app.port is 0; accepted: a whole number from 1 to 65535. Change app.port to what is accepted.",
          "  3 |   port: 0",
          "    |         ^",
          'berth.yaml:4:3: error: app["é"] is not a known field; accepted: one of port, healthPath, metricsPath, protocol, replicas, command, args. Remove it.',
          "  4 |   é: 1",
          "    |   ^",
          "2 problems in berth.yaml\n",
        ].join("\n"),
      );
    });

    it("gives the problems as JSON", async () => {
      file("berth.yaml", "projectId: shop\napp: { port: 0 }\n");
      const { status, stdout } = await berth("check", "--json");
      assert.equal(status, 2);
      assert.deepEqual(JSON.parse(stdout), {
        file: "berth.yaml",
        ok: false,
        problems: [
          {
            path: "app.port",
            value: "0",
            accepted: "a whole number from 1 to 65535",
            fix: "Change app.port to what is accepted.",
            line: 2,
            column: 14,
            length: 1,
            excerpt: { text: "app: { port: 0 }", from: 1 },
          },
        ],
      });
    });

    for (const [what, content, expected] of [
      [
        "that is missing",
        undefined,
        /^x\.yaml: error: the document is missing; .*`berth config init` writes a first one/,
      ],
      ["that is empty", "", /^x\.yaml:1:1: error: projectId is missing/],
      ["that is no YAML", "{{{", /^x\.yaml:1:\d: error: the document is not valid YAML/],
      ["that is indented by tabs", "app:\n\tport: 1\n", /^x\.yaml:2:1: error: .*Tabs are not allowed/],
      [
        "of a megabyte",
        "#".repeat(2 ** 20),
        /^x\.yaml: error: the document is 1048576 bytes long; accepted: a file of at most 256 KiB/,
      ],
      ["that is no text", Buffer.from([0xff, 0xfe, 0x00]), /^x\.yaml: error: the document is not text in UTF-8/],
    ] as const) {
      it(`names a file ${what}`, async () => {
        if (content !== undefined) file("x.yaml", content);
        const { status, stdout, stderr } = await berth("check", "x.yaml");
        assert.deepEqual([status, stderr], [2, ""]);
        assert.match(stdout, expected);
      });
    }

    it("names a folder", async () => {
      assert.match((await berth("check", ".")).stdout, /^\.: error: the document is not readable \(EISDIR/);
    });
  });

  it("show prints the config with the origin of each value; problems end it with 2", async () => {
    file("berth.yaml", "projectId: shop\nenv: { A: hunter2 }\n");
    const { status, stdout } = await berth("show");
    assert.equal(status, 0);
    assert.match(stdout, /^projectId: shop +# line 1\n/);
    assert.match(stdout, /port: 3000 +# default\n/);
    assert.doesNotMatch(stdout, /hunter2/);
    const { values } = JSON.parse((await berth("show", "--reveal", "--json")).stdout) as { values: object[] };
    assert.deepEqual(values.slice(0, 1), [{ path: "projectId", value: "shop", from: { line: 1, column: 12 } }]);
    assert.ok(JSON.stringify(values).includes("hunter2"));
    file("berth.yaml", "projectId: Shop\n");
    assert.equal((await berth("show")).status, 2);
  });

  it("schema writes the JSON Schema of the documents", async () => {
    const printed: unknown = JSON.parse((await berth("schema")).stdout);
    assert.deepEqual(printed, JSON.parse(readFileSync(join(root, "docs/berth.schema.json"), "utf8")));
  });

  describe("init", () => {
    const compose = `services:
  web:
    build: .
    environment: { API_KEY: hunter2, LOG_LEVEL: debug }
    networks: [a]
  db: { image: "postgres:16" }
`;

    it("writes a first file that check accepts, with the schema beside it, and no secret", async () => {
      file("compose.yaml", compose);
      file("Dockerfile", "FROM a\nEXPOSE 4000\nUSER 1\nHEALTHCHECK CMD curl localhost:4000/up\n");
      const { status, stdout, stderr } = await berth("init");
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, /^wrote berth\.yaml from compose\.yaml\n/);
      assert.match(stdout, /compose\.yaml:5: networks of web/);
      assert.match(stdout, /API_KEY: it looks like a secret/);
      const text = readFileSync(join(folder, "berth.yaml"), "utf8");
      assert.match(text, /^# yaml-language-server: \$schema=berth\.schema\.json\n/);
      assert.ok(!`${text}${stdout}`.includes("hunter2"));
      assert.deepEqual(JSON.parse(readFileSync(join(folder, "berth.schema.json"), "utf8")), configJsonSchema());
      const { projectId, app, env, databases } = loadConfig(join(folder, "berth.yaml"));
      assert.deepEqual(
        [projectId, app, env],
        [
          "shop",
          { port: 4000, healthPath: "/up", metricsPath: "/metrics", protocol: "http", replicas: 1 },
          { LOG_LEVEL: "debug" },
        ],
      );
      assert.equal(databases.postgresql.version, "16");
      assert.equal((await berth("check")).status, 0);
    });

    it("does not overwrite a file unless forced to, and leaves a link where it is", async () => {
      file("real.yaml", "mine\n");
      symlinkSync("real.yaml", join(folder, "berth.yaml"));
      const { status, stderr } = await berth("init", "--no-schema");
      assert.equal(status, 2);
      assert.match(stderr, /berth\.yaml exists\nfix: .*--output FILE.*--force/);
      assert.equal(readFileSync(join(folder, "real.yaml"), "utf8"), "mine\n");
      assert.equal((await berth("init", "--no-schema", "--force")).status, 0);
      assert.match(readFileSync(join(folder, "real.yaml"), "utf8"), /projectId: shop/);
      assert.ok(lstatSync(join(folder, "berth.yaml")).isSymbolicLink());
      assert.ok(!existsSync(join(folder, "berth.schema.json")));
    });

    it("does not overwrite another's schema, and writes nothing then", async () => {
      file("berth.schema.json", "{}");
      const { status, stderr } = await berth("init");
      assert.equal(status, 2);
      assert.match(stderr, /berth\.schema\.json exists and is not Berth's schema\nfix: .*--no-schema/);
      assert.ok(!existsSync(join(folder, "berth.yaml")));
      file("berth.schema.json", '{"title":"berth.yaml"}');
      assert.equal((await berth("init")).status, 0);
    });

    it("takes project, service, source and place from options", async () => {
      file("app.docker-compose.yml", "services: { a: { ports: [1] }, b: { ports: [2] } }");
      mkdirSync(join(folder, "out"));
      const options = [
        "--from",
        "app.docker-compose.yml",
        "--service",
        "b",
        "--project",
        "Other",
        "--output",
        "out/b.yaml",
      ];
      const { status, stdout } = await berth("init", ...options, "--json");
      assert.equal(status, 0);
      const { file: written, from, config } = JSON.parse(stdout) as Record<string, unknown>;
      assert.deepEqual([written, from], ["out/b.yaml", "app.docker-compose.yml"]);
      assert.deepEqual(config, JSON.parse(JSON.stringify(loadConfig(join(folder, "out/b.yaml")))));
      assert.equal((config as { app: { port: number } }).app.port, 2);
    });

    for (const [what, args, expected] of [
      [
        "a source that is missing",
        ["--from", "none"],
        /none has a problem:.*\n.*Give an existing Dockerfile or compose file/,
      ],
      ["a source that is neither", ["--from", "berth.txt"], /without FROM; accepted: a Dockerfile/],
      [
        "a service of a Dockerfile",
        ["--from", "berth.txt", "--service", "x"],
        /--service x is given, and berth\.txt is no compose file/,
      ],
      ["a folder that is missing", ["--output", "no/berth.yaml"], /cannot write no\/berth\.yaml: ENOENT/],
    ] as const) {
      it(`names ${what}`, async () => {
        file("berth.txt", "hello\n");
        const { status, stderr } = await berth("init", ...args);
        assert.equal(status, 2);
        assert.match(stderr, expected);
      });
    }
  });

  it("has help with examples and exit codes for each command", async () => {
    for (const name of ["check", "show", "schema", "init"]) {
      const { status, stdout } = await berth(name, "--help");
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`Examples:\\n {2}\\$ berth config ${name}`));
      assert.match(stdout, /Exit codes:\n {4}0 /);
    }
  });

  it("the example leads editors to the schema of the documents", () => {
    const example = join(root, "examples", "guestbook");
    const [, path = ""] =
      /^# yaml-language-server: \$schema=(.*)\n/.exec(readFileSync(join(example, "berth.yaml"), "utf8")) ?? [];
    assert.equal(resolve(example, path), join(root, "docs", "berth.schema.json"));
  });
});
