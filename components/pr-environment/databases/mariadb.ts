import { DATABASE_NAME, DATABASE_USER, fromSecret } from "./engine";
import type { EngineSpec } from "./engine";

const HOST = "mariadb";
const PORT = 3306;
const DATA_FOLDER = "/var/lib/mysql";

/**
 * Asks the server whether it is alive, as the app's user: the server would write a warning to its log for each stranger. Over
 * TCP, because the temporary server of a first initialisation listens on the socket only and is not the database yet.
 */
const PING =
  `MYSQL_PWD="$MYSQL_PASSWORD" mariadb-admin --no-defaults --protocol=tcp --host="$MYSQL_HOST" --port=${PORT}` +
  ` --user=${DATABASE_USER} --connect-timeout=2 --silent ping`;

/** A third of the default, which would take most of a small volume. */
const LOG_SIZE = "--innodb-log-file-size=32M";

/**
 * The server's mode for its own set-up: SQL on standard input, without network and without a login. It starts with no tables of rights
 * read, hence the first statement. What it says is printed without lines that hold the password.
 */
const setPassword = (version: string) => `set -eu
data=${DATA_FOLDER}/${version}
[ -d "$data/mysql" ] || exit 0
password=$MARIADB_PASSWORD
unset MARIADB_PASSWORD MARIADB_ROOT_PASSWORD
if ! mariadbd --no-defaults --bootstrap --datadir="$data" ${LOG_SIZE} --log-warnings=0 >/tmp/set-password.log 2>&1 <<EOF
FLUSH PRIVILEGES;
ALTER USER '$MARIADB_USER'@'%' IDENTIFIED BY '$password';
ALTER USER IF EXISTS 'root'@'localhost' IDENTIFIED BY '$password';
EOF
then
  while IFS= read -r line; do
    case $line in *"$password"*) ;; *) printf '%s\\n' "$line" >&2 ;; esac
  done </tmp/set-password.log
  echo "the new password could not be set" >&2
  exit 1
fi
echo "the new password is set"
`;

/** MariaDB, from an image with the interface of docker.io/library/mariadb. */
export function mariadb(): EngineSpec {
  return {
    engine: "mariadb",
    port: PORT,
    dataFolder: DATA_FOLDER,
    scratch: [
      { name: "run", path: "/run/mysqld", sizeLimit: "16Mi" },
      // Large sorts and changes of tables go through it, as much as the app's own folders may hold.
      { name: "tmp", path: "/tmp", sizeLimit: "512Mi" },
    ],
    args: (version) => [
      "mariadbd",
      // Each version has a folder of its own, since an older one does not read a newer one's files.
      `--datadir=${DATA_FOLDER}/${version}`,
      // Like most clients expect, whatever the version's own default.
      "--character-set-server=utf8mb4",
      "--collation-server=utf8mb4_unicode_ci",
      // The pod reaches no DNS: every new connection would wait for a name that never comes.
      "--skip-name-resolve",
      LOG_SIZE,
    ],
    env: () => [
      { name: "MARIADB_USER", value: DATABASE_USER },
      { name: "MARIADB_DATABASE", value: DATABASE_NAME },
      fromSecret("mariadb", "MYSQL_PASSWORD", "MARIADB_PASSWORD"),
      // The image asks for one. Root gets in from inside the pod only, where the app's password is known anyway.
      { name: "MARIADB_ROOT_HOST", value: "localhost" },
      fromSecret("mariadb", "MYSQL_PASSWORD", "MARIADB_ROOT_PASSWORD"),
    ],
    probe: ["sh", "-c", `MYSQL_PASSWORD="$MARIADB_PASSWORD" MYSQL_HOST=127.0.0.1; ${PING}`],
    setPassword,
    wait: {
      check: `${PING} >/dev/null 2>&1`,
      address: `\${MYSQL_HOST}:${PORT}`,
      env: [{ name: "MYSQL_HOST", value: HOST }, fromSecret("mariadb", "MYSQL_PASSWORD")],
    },
    connection: (password) => ({
      MYSQL_URL: `mysql://${DATABASE_USER}:${encodeURIComponent(password)}@${HOST}:${PORT}/${DATABASE_NAME}`,
      MYSQL_HOST: HOST,
      MYSQL_PORT: String(PORT),
      MYSQL_USER: DATABASE_USER,
      MYSQL_PASSWORD: password,
      MYSQL_DATABASE: DATABASE_NAME,
    }),
  };
}
