import assert from "node:assert/strict";
import { fullVolume } from "./full-volume";

const postgresql =
  "the volume postgresql-data of PostgreSQL is full: raise databases.postgresql.storage in berth.yaml, which keeps the data, or keep less in it.";
const mariadb =
  "the volume mariadb-data of MariaDB is full: raise databases.mariadb.storage in berth.yaml, which keeps the data, or keep less in it.";
const redis =
  "the volume redis-data of Redis is full: raise databases.redis.storage in berth.yaml, which keeps the data, or keep less in it.";

describe("a full volume", () => {
  const cases: [string, string, string, string | undefined][] = [
    [
      "PostgreSQL that cannot start",
      "postgresql",
      'PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device',
      postgresql,
    ],
    [
      "a migration that PostgreSQL refuses",
      "migrate",
      'error: could not extend file "base/16384/16390": No space left on device\nHINT:  Check free disk space.',
      postgresql,
    ],
    ["a migration that MariaDB refuses", "migrate", "ERROR 1114 (HY000) at line 1: The table 'a' is full", mariadb],
    [
      "MariaDB itself",
      "mariadb",
      '[ERROR] mariadbd: Disk full (./ib_logfile0); waiting for someone to free some space... (errno: 28 "No space left on device")',
      mariadb,
    ],
    ["MariaDB's tools", "app", "[ERROR] Disk is full writing './a/b.MYD' (Errcode: 28). Waiting", mariadb],
    [
      "PostgreSQL that cannot be set up",
      "postgresql",
      'initdb: error: could not write to file "/var/lib/data": No space left on device',
      postgresql,
    ],
    ["a Redis that refuses writes", "app", "MISCONF Errors writing to the AOF file: No space left on device", redis],
    [
      "an app's own folder",
      "app",
      "Error: ENOSPC: no space left on device, write",
      "a folder that app writes to is full: /tmp and each of writableDirs holds 512Mi.",
    ],
    [
      "a quota that is used up",
      "app",
      "OSError: [Errno 122] Disk quota exceeded: '/tmp/a'",
      "a folder that app writes to is full: /tmp and each of writableDirs holds 512Mi.",
    ],
    ["anything else", "app", "TypeError: the table is set", undefined],
    ["an InnoDB line without a word of space", "mariadb", "InnoDB: ready for connections", undefined],
  ];
  for (const [what, container, text, expected] of cases) {
    it(`is ${expected === undefined ? "not seen in" : "told of"} ${what}`, () => {
      assert.equal(fullVolume(["before", ...text.split("\n")], container), expected);
    });
  }
});
