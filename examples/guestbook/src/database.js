import pg from "pg";

import { describe, log } from "./log.js";

/** Any number, the same in every replica: whoever holds the lock of this name changes the schema. */
const migrationLock = 7_403_212;

/** In order. A migration that has been released is never edited; a change is a new one. */
const migrations = [
  `CREATE TABLE entries (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 60),
     message text NOT NULL CHECK (char_length(message) BETWEEN 1 AND 500),
     created_at timestamptz NOT NULL DEFAULT now()
   )`,
];

/** The app's view of its database. */
export class Database {
  #pool;
  #migrated = false;

  constructor(settings) {
    this.#pool = new pg.Pool(settings);
    // An idle connection that breaks, as when the database restarts, would end the process if nobody listened.
    this.#pool.on("error", (error) => log("warn", "database connection lost", describe(error)));
  }

  /** Whether the schema has been brought up to date since the start. */
  get migrated() {
    return this.#migrated;
  }

  /** Brings the schema up to date. Several replicas may call it at once; repeating it changes nothing. */
  async migrate() {
    const client = await this.#pool.connect();
    let broken;
    try {
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
      await client.query("CREATE TABLE IF NOT EXISTS schema_version (version integer NOT NULL)");
      const { rows } = await client.query("SELECT max(version) AS version FROM schema_version");
      const current = rows[0].version ?? 0;
      for (const [index, migration] of migrations.entries()) {
        if (index < current) continue;
        await client.query(migration);
        await client.query("INSERT INTO schema_version VALUES ($1)", [index + 1]);
      }
      await client.query("COMMIT");
      this.#migrated = true;
      return { from: current, to: Math.max(current, migrations.length) };
    } catch (error) {
      await client.query("ROLLBACK").catch((second) => (broken = second));
      throw error;
    } finally {
      // A connection that could not even roll back is closed, not handed out again.
      client.release(broken);
    }
  }

  /** Throws when the database does not answer. */
  async ping() {
    await this.#pool.query("SELECT 1");
  }

  /** The newest entries first, and how many there are. */
  async list(limit) {
    const columns = "id::text, name, message, created_at";
    const [entries, count] = await Promise.all([
      this.#pool.query(`SELECT ${columns} FROM entries ORDER BY entries.id DESC LIMIT $1`, [limit]),
      this.#pool.query("SELECT count(*)::int AS total FROM entries"),
    ]);
    return { entries: entries.rows.map(toEntry), total: count.rows[0].total };
  }

  async add({ name, message }) {
    const sql = "INSERT INTO entries (name, message) VALUES ($1, $2) RETURNING id::text, name, message, created_at";
    const { rows } = await this.#pool.query(sql, [name, message]);
    return toEntry(rows[0]);
  }

  async close() {
    await this.#pool.end();
  }
}

function toEntry(row) {
  return { id: row.id, name: row.name, message: row.message, createdAt: row.created_at.toISOString() };
}
