import type { input } from "@pulumi/kubernetes/types";
import type { Engine } from "../../../config/databases";
import { seedOf } from "../../../config/seed";
import type { Config } from "../../../config/schema";
import { DATABASE_NAME, fromSecret } from "./engine";

/*
 * First data of a database: a job with the engine's own client, in the engine's own image. Whether there is anything to do is asked of
 * the database itself, so that it holds whatever became of Jobs and state: only an empty one is seeded, and a try that failed or was
 * killed leaves it empty, or marked as begun.
 */

/** Where the files of a seed are mounted. */
export const SEED_FOLDER = "/seed";

/** How one database gets its first data. */
export interface SeedPlan {
  /** Names of files, in the order in which they run, and their content. */
  files: Record<string, string>;
  /** For `sh -c`. */
  script: string;
  env: input.core.v1.EnvVar[];
}

interface EngineSeed {
  /** Ending of the files' names. */
  extension: string;
  /** An entry as the client reads it. */
  text: (entry: string) => string;
  script: string;
  env: input.core.v1.EnvVar[];
}

/** A single statement need not end with a semicolon; of a file's content only the last one may lack it. */
const statement = (entry: string) => (/;\s*$/.test(entry) ? `${entry}\n` : `${entry}\n;\n`);

/** Relations that somebody made, those of extensions apart. */
const POSTGRESQL_COUNT = `SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;

const POSTGRESQL = `set -eu
count=$(psql --no-psqlrc --no-align --tuples-only --set=ON_ERROR_STOP=1 --command="$COUNT")
if [ "$count" != 0 ]; then
  echo "the database has tables already: its seed is not run"
  exit 0
fi
set --
for file in ${SEED_FOLDER}/*.sql; do set -- "$@" --file="$file"; done
psql --no-psqlrc --quiet --single-transaction --set=ON_ERROR_STOP=1 "$@"
echo "seeded"
`;

/** Comment on a database whose seed has begun and not ended. MariaDB has comments on databases since 10.5. */
const MARK = "berth: its seed has not ended";
const CHARACTERS = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";

const MARIADB = `set -eu
client() {
  MYSQL_PWD="$MYSQL_PASSWORD" mariadb --no-defaults --protocol=tcp --host="$MYSQL_HOST" --port="$MYSQL_PORT" \\
    --user="$MYSQL_USER" --connect-timeout=10 --batch --skip-column-names "$@"
}
clean=$(client --execute="SELECT count(*) FROM information_schema.schemata
  WHERE schema_name = '${DATABASE_NAME}' AND schema_comment <> '${MARK}'")
count=$(client --execute="SELECT (SELECT count(*) FROM information_schema.tables WHERE table_schema = '${DATABASE_NAME}')
  + (SELECT count(*) FROM information_schema.routines WHERE routine_schema = '${DATABASE_NAME}')")
if [ "$clean" = 0 ]; then
  echo "the last try did not end: it begins anew with an empty database"
  client --execute="DROP DATABASE IF EXISTS ${DATABASE_NAME}"
  client --execute="CREATE DATABASE ${DATABASE_NAME} ${CHARACTERS} COMMENT '${MARK}'"
elif [ "$count" != 0 ]; then
  echo "the database has tables already: its seed is not run"
  exit 0
else
  client --execute="ALTER DATABASE ${DATABASE_NAME} ${CHARACTERS} COMMENT '${MARK}'"
fi
for file in ${SEED_FOLDER}/*.sql; do
  echo "running $file"
  client "${DATABASE_NAME}" <"$file"
done
client --execute="ALTER DATABASE ${DATABASE_NAME} ${CHARACTERS} COMMENT ''"
echo "seeded"
`;

const REDIS = `set -eu
client() {
  timeout 60 redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" "$@"
}
case $(client INFO keyspace) in
  *keys=*)
    echo "this Redis has keys already: its seed is not run"
    exit 0
    ;;
  *Keyspace*) ;;
  *)
    echo "this Redis does not say what it has" >&2
    exit 1
    ;;
esac
answers=$({
  echo MULTI
  cat ${SEED_FOLDER}/*.redis
  echo EXEC
} | client --no-raw)
failed=
while IFS= read -r line; do
  case $line in
    "(error)"* | *[0-9]") (error)"*) failed=yes && printf '%s\\n' "$line" >&2 ;;
  esac
done <<EOF
$answers
EOF
if [ -n "$failed" ]; then
  # It was empty before, and what went through of the transaction must not pass for a seed.
  client FLUSHALL >/dev/null
  exit 1
fi
echo "seeded"
`;

const SEEDS: Partial<Record<Engine, EngineSeed>> = {
  postgresql: {
    extension: "sql",
    text: statement,
    script: POSTGRESQL,
    env: [
      ...["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"].map((name) => fromSecret("postgresql", name)),
      { name: "COUNT", value: POSTGRESQL_COUNT },
    ],
  },
  mariadb: {
    extension: "sql",
    text: statement,
    script: MARIADB,
    env: ["MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD"].map((name) => fromSecret("mariadb", name)),
  },
  redis: {
    extension: "redis",
    // The client has no comments of its own, and an empty line would be an unknown command.
    text: (entry) =>
      entry
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) => `${line}\n`)
        .join(""),
    script: REDIS,
    env: [
      fromSecret("redis", "REDIS_HOST"),
      fromSecret("redis", "REDIS_PORT"),
      fromSecret("redis", "REDIS_PASSWORD", "REDISCLI_AUTH"),
    ],
  },
};

/** Plans the first data of a database; undefined when its config gives none. */
export function planSeed(databases: Config["databases"], engine: Engine): SeedPlan | undefined {
  const seed = SEEDS[engine];
  // A file that was not read is refused before anything is made.
  const entries = seedOf(databases, engine).filter((entry) => typeof entry === "string");
  if (seed === undefined || entries.length === 0) return undefined;
  const { extension, text, script, env } = seed;
  const files = entries.map((entry, index) => [`${String(index + 1).padStart(3, "0")}.${extension}`, text(entry)]);
  return { files: Object.fromEntries(files) as Record<string, string>, script, env };
}
