import { fromSecret } from "../engine";
import { FROM_FOLDER, SEED_FOLDER } from "./kind";
import type { Filling } from "./kind";
import { statements } from "./sql";

/** Relations that somebody made, those of extensions apart. */
const POSTGRESQL_COUNT = `SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')`;

/**
 * What stands around a snapshot. It may come with users and with another password for ours, where ours is a superuser as the server's
 * image makes it: nobody but ours gets in, with the password of this environment, which is kept as the server has it. A dump also leaves
 * settings behind, such as an empty search path.
 */
const BEFORE = `SELECT rolsuper AS super FROM pg_catalog.pg_roles WHERE rolname = current_user \\gset
\\if :super
SELECT rolpassword AS kept FROM pg_catalog.pg_authid WHERE rolname = current_user \\gset
\\endif
`;
const AFTER = `RESET ALL;
\\if :super
SELECT pg_catalog.format('ALTER ROLE %I PASSWORD %L', current_user, :'kept') \\gexec
SELECT pg_catalog.format('ALTER ROLE %I NOLOGIN PASSWORD NULL', rolname) FROM pg_catalog.pg_roles
  WHERE rolname <> current_user AND rolname !~ '^pg_' \\gexec
\\endif
`;

const SCRIPT = `set -eu
count=$(psql --no-psqlrc --no-align --tuples-only --set=ON_ERROR_STOP=1 --command="$COUNT")
if [ "$count" != 0 ]; then
  echo "the database has tables already: nothing is put in"
  exit 0
fi
set --
if [ -d ${FROM_FOLDER} ]; then
  for file in ${FROM_FOLDER}/*; do
    case $file in
      *.dump)
        pg_restore --no-owner --no-privileges --file="$file.restore" "$file"
        file=$file.restore
        ;;
      *.sql) ;;
      *) continue ;;
    esac
    case $(head -n 3 "$file") in
      *"database cluster dump"*)
        echo "$file is of a whole server: dump one database, with pg_dump" >&2
        exit 1
        ;;
    esac
    set -- "$@" --file="$file"
  done
  if [ $# = 0 ]; then
    echo "the snapshot has no *.dump and no *.sql in /snapshot" >&2
    exit 1
  fi
  printf '%s' "$BEFORE" >/tmp/before.sql
  printf '%s' "$AFTER" >/tmp/after.sql
  set -- --file=/tmp/before.sql "$@" --file=/tmp/after.sql
fi
for file in ${SEED_FOLDER}/*.sql; do
  if [ -e "$file" ]; then set -- "$@" --file="$file"; fi
done
psql --no-psqlrc --quiet --single-transaction --set=ON_ERROR_STOP=1 --output=/dev/null "$@"
echo "filled"
`;

/** PostgreSQL, by psql in one transaction. */
export const postgresql: Filling = {
  file: statements,
  script: SCRIPT,
  env: [
    ...["PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE"].map((name) => fromSecret("postgresql", name)),
    { name: "COUNT", value: POSTGRESQL_COUNT },
    { name: "BEFORE", value: BEFORE },
    { name: "AFTER", value: AFTER },
  ],
};
