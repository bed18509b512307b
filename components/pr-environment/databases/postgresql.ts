import type { Config } from "../../../config/schema";
import { DATABASE_NAME, DATABASE_USER, fromSecret } from "./engine";
import type { EngineSpec } from "./engine";

const HOST = "postgresql";
const PORT = 5432;
const DATA_FOLDER = "/var/lib/postgresql/data";

/**
 * A server for one session on standard input, without network and without a login. The password stands in no argument and in no
 * message: an error ends the session, and the statement is not logged with it.
 */
const SET_PASSWORD = `set -eu
[ -s "$PGDATA/PG_VERSION" ] || exit 0
password=$POSTGRES_PASSWORD
unset POSTGRES_PASSWORD
if ! postgres --single -D "$PGDATA" -c exit_on_error=on -c log_min_error_statement=panic -c log_destination=stderr postgres \\
  >/tmp/set-password.log 2>&1 <<EOF
ALTER ROLE "$POSTGRES_USER" PASSWORD '$password';
EOF
then
  cat /tmp/set-password.log >&2
  echo "the new password could not be set" >&2
  exit 1
fi
echo "the new password is set"
`;

/** PostgreSQL, from an image with the interface of docker.io/library/postgres. */
export function postgresql(options: Config["databases"]["postgresql"]): EngineSpec {
  const files = bootstrapFiles(options.bootstrap);
  return {
    engine: "postgresql",
    port: PORT,
    dataFolder: DATA_FOLDER,
    scratch: [
      { name: "run", path: "/var/run/postgresql", sizeLimit: "16Mi" },
      { name: "tmp", path: "/tmp", sizeLimit: "64Mi" },
    ],
    env: (version) => [
      { name: "POSTGRES_USER", value: DATABASE_USER },
      { name: "POSTGRES_DB", value: DATABASE_NAME },
      fromSecret("postgresql", "PGPASSWORD", "POSTGRES_PASSWORD"),
      // Each major version has a folder of its own, since none reads another's files.
      { name: "PGDATA", value: `${DATA_FOLDER}/${version}` },
    ],
    // Over TCP, because the temporary server of the first initialisation listens on the socket only and is not the database yet.
    probe: ["pg_isready", "--quiet", "--host=127.0.0.1", `--username=${DATABASE_USER}`, "--timeout=3"],
    ...(Object.keys(files).length > 0 && { bootstrap: { files, path: "/docker-entrypoint-initdb.d" } }),
    setPassword: () => SET_PASSWORD,
    wait: {
      check: "pg_isready --quiet --timeout=2",
      address: "${PGHOST}:${PGPORT}",
      env: [
        { name: "PGHOST", value: HOST },
        { name: "PGPORT", value: String(PORT) },
        { name: "PGUSER", value: DATABASE_USER },
      ],
    },
    connection: (password) => ({
      DATABASE_URL: `postgresql://${DATABASE_USER}:${encodeURIComponent(password)}@${HOST}:${PORT}/${DATABASE_NAME}`,
      PGHOST: HOST,
      PGPORT: String(PORT),
      PGUSER: DATABASE_USER,
      PGPASSWORD: password,
      PGDATABASE: DATABASE_NAME,
    }),
  };
}

type Bootstrap = Config["databases"]["postgresql"]["bootstrap"];

function bootstrapFiles({ initSQL, postInitApplicationSQL }: Bootstrap): Record<string, string> {
  const script = (statements: string[], before = "") =>
    before + statements.map((statement) => `${statement.trim().replace(/;$/, "")};\n`).join("");
  return {
    ...(initSQL.length > 0 ? { "10-init.sql": script(initSQL, "\\connect postgres\n") } : {}),
    ...(postInitApplicationSQL.length > 0 ? { "20-post-init-application.sql": script(postInitApplicationSQL) } : {}),
  };
}
