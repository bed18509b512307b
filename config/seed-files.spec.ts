import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { config } from "../test/support/samples";
import { ConfigError, loadConfig, parseConfig } from "./load";

describe("seeds of berth.yaml", () => {
  let folder: string;
  const write = (name: string, text: string | Buffer) => {
    writeFileSync(join(folder, name), text);
  };
  const load = (seed: string) => {
    write("berth.yaml", `projectId: shop\ndatabases:\n  postgresql:\n    seed:\n${seed}`);
    return loadConfig(join(folder, "berth.yaml"));
  };
  const problem = (seed: string): string => {
    try {
      load(seed);
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.problems.length, 1);
      return error.message.split("\n")[1]?.trim() ?? "";
    }
    return assert.fail("it was accepted");
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-seed-"));
    mkdirSync(join(folder, "db"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("have the content of the files that they name", () => {
    write("db/a.sql", "CREATE TABLE a ();\nSELECT 1\n");
    const { seed } = load("      - SELECT 0\n      - file: db/a.sql\n").databases.postgresql;
    assert.deepEqual(seed, ["SELECT 0", "CREATE TABLE a ();\nSELECT 1\n"]);
  });

  it("name the line of a file that is missing", () => {
    assert.equal(
      problem("      - file: db/none.sql\n"),
      'line 5: databases.postgresql.seed[0].file is "db/none.sql", which is missing; accepted: a text file inside the config\'s folder. ' +
        "Correct the path, which is seen from the config's folder, or create the file.",
    );
  });

  it("read no file outside the config's folder, by path or by link", () => {
    assert.match(problem("      - file: ../a.sql\n"), /accepted: a file inside the config's folder/);
    assert.match(problem("      - file: /etc/passwd\n"), /accepted: a file inside the config's folder/);
    symlinkSync("/etc/passwd", join(folder, "db/link.sql"));
    assert.match(problem("      - file: db/link.sql\n"), /is "db\/link.sql", a link out of the config's folder/);
    symlinkSync("/etc", join(folder, "linked"));
    assert.match(problem("      - file: linked/passwd\n"), /a link out of the config's folder/);
  });

  it("read nothing of git's own, by path or by link, and what only looks like it", () => {
    mkdirSync(join(folder, "sub/.git"), { recursive: true });
    mkdirSync(join(folder, ".git"));
    for (const name of [".git/config", "sub/.git/config"]) write(name, "token");
    symlinkSync("../.git/config", join(folder, "db/link.sql"));
    symlinkSync(".git", join(folder, "linked"));
    for (const file of [".git/config", "sub/.git/config", "db/link.sql", "linked/config"]) {
      assert.equal(
        problem(`      - file: ${file}\n`),
        `line 5: databases.postgresql.seed[0].file is "${file}", one of git's own files, which may hold a workflow's token; ` +
          "accepted: a text file inside the config's folder. Name a file that the repository has under version control.",
      );
    }
    write("berth.yaml", "projectId: shop\ndatabases: { s3: { seed: [{ object: x, file: ./.git/config }] } }\n");
    assert.throws(() => loadConfig(join(folder, "berth.yaml")), /s3\.seed\[0\]\.file is .* one of git's own files/);
    rmSync(join(folder, ".git"), { recursive: true });
    write(".git", "gitdir: /home/alice/shop/.git/worktrees/a");
    assert.match(problem("      - file: .git\n"), /one of git's own files/);
    write(".gitignore", "SELECT 1");
    assert.deepEqual(load("      - file: .gitignore\n").databases.postgresql.seed, ["SELECT 1"]);
  });

  it("take no folder, no binary file and none that is too large", () => {
    assert.match(problem("      - file: db\n"), /is "db", not a file/);
    write("db/b.sql", Buffer.from([0xff, 0xfe, 0x00]));
    assert.match(problem("      - file: db/b.sql\n"), /not text in UTF-8/);
    write("db/c.sql", "-".repeat(256 * 1024 + 1));
    assert.match(problem("      - file: db/c.sql\n"), /262145 bytes long, more than 256 KiB/);
    write("db/d.sql", "-".repeat(200 * 1024));
    assert.match(
      problem("      - file: db/d.sql\n".repeat(3)),
      /databases.postgresql.seed is 614400 bytes long with its files; accepted: at most 512 KiB/,
    );
  });

  it("have documents of a text file, and objects of any file", () => {
    write("db/users.json", '{"_id": 1}\n');
    write("db/logo.svg", "<svg/>");
    write("db/pixel.gif", Buffer.from([0x47, 0xff, 0x00]));
    const read = (databases: string) => {
      write("berth.yaml", `projectId: shop\ndatabases:\n${databases}`);
      return loadConfig(join(folder, "berth.yaml")).databases;
    };
    const users = (file: string) => `  mongodb: { seed: [{ collection: users, file: ${file} }] }\n`;
    assert.deepEqual(read(users("db/users.json")).mongodb.seed, [{ collection: "users", documents: '{"_id": 1}\n' }]);
    assert.throws(() => read(users("db/pixel.gif")), /not text in UTF-8; accepted: a text file/);
    const objects = read(
      "  s3: { seed: [{ object: a.svg, file: db/logo.svg }, { object: b.gif, file: db/pixel.gif }] }\n",
    );
    assert.deepEqual(objects.s3.seed, [
      { object: "a.svg", text: "<svg/>" },
      { object: "b.gif", base64: "R/8A" },
    ]);
    assert.throws(
      () => read("  s3: { seed: [{ object: a, file: db/none }] }\n"),
      /which is missing; accepted: a file inside the config's folder/,
    );
  });

  it("are refused where they would never run", () => {
    const refused = (databases: object) => {
      assert.throws(() => parseConfig({ projectId: "shop", databases }), ConfigError);
      try {
        parseConfig({ projectId: "shop", databases });
      } catch (error) {
        return (error as ConfigError).problems[0]?.value;
      }
      return undefined;
    };
    assert.equal(refused({ redis: { enabled: false, seed: ["SET a 1"] } }), "given for a database that is not enabled");
    assert.equal(
      refused({ postgresql: { seed: ["SELECT 1"], bootstrap: { postInitApplicationSQL: ["CREATE TABLE a ()"] } } }),
      "given beside bootstrap.postInitApplicationSQL, after which the database is not empty",
    );
    assert.deepEqual(config({ databases: { mariadb: { seed: ["SELECT 1"] } } }).databases.mariadb.seed, ["SELECT 1"]);
  });
});
