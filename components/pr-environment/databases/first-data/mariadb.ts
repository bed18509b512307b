import { DATABASE_NAME, fromSecret } from "../engine";
import { FROM_FOLDER, SEED_FOLDER } from "./kind";
import type { Filling } from "./kind";
import { statements } from "./sql";

/** Comment on a database that is being filled. MariaDB has comments on databases since 10.5. */
const MARK = "berth: not filled to its end";
const CHARACTERS = "CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci";

const SCRIPT = `set -eu
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
  echo "the database has tables already: nothing is put in"
  exit 0
else
  client --execute="ALTER DATABASE ${DATABASE_NAME} ${CHARACTERS} COMMENT '${MARK}'"
fi
if [ -d ${FROM_FOLDER} ]; then
  found=
  for file in ${FROM_FOLDER}/*.sql; do
    [ -e "$file" ] || continue
    found=yes
    echo "running $file"
    # Who made a view or a trigger is no user here: it becomes ours.
    sed '/^CREATE \\|^\\/\\*!/s/DEFINER=\`[^\`]*\`@\`[^\`]*\`//g' "$file" >"$file.ours"
    client "${DATABASE_NAME}" <"$file.ours"
    rm "$file" "$file.ours"
  done
  if [ -z "$found" ]; then
    echo "the snapshot has no *.sql in /snapshot" >&2
    exit 1
  fi
fi
for file in ${SEED_FOLDER}/*.sql; do
  [ -e "$file" ] || continue
  echo "running $file"
  client "${DATABASE_NAME}" <"$file"
done
client --execute="ALTER DATABASE ${DATABASE_NAME} ${CHARACTERS} COMMENT ''"
echo "filled"
`;

/** MariaDB, by its client. */
export const mariadb: Filling = {
  file: statements,
  script: SCRIPT,
  env: ["MYSQL_HOST", "MYSQL_PORT", "MYSQL_USER", "MYSQL_PASSWORD"].map((name) => fromSecret("mariadb", name)),
};
