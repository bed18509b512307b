#!/bin/sh
# Starts PostgreSQL in a container, with the environment variables of docker.io/library/postgres:
#
#   POSTGRES_PASSWORD  password of the first user; required when the data folder is new
#   POSTGRES_USER      the first user, a superuser. Default: postgres
#   POSTGRES_DB        the first database. Default: the user's name
#   POSTGRES_INITDB_ARGS  further arguments of initdb
#   PGDATA             the data folder. Default: /var/lib/postgresql/data
#
# Each of the first four may be given as NAME_FILE, a file that holds the value. Files in /docker-entrypoint-initdb.d
# (*.sql, *.sh) run once, in order of their names, after the database is made. Arguments go to the server.
#
# Unlike that image it never runs without a password and never as root, and a first start that was interrupted
# anywhere, also by SIGKILL or a power cut, is begun anew by the next one: everything is prepared in a folder beside
# the data, and PG_VERSION, which marks a data folder as complete, is moved last.
set -eu

data=${PGDATA:-/var/lib/postgresql/data}
fresh=$data/.initialising
scripts=/docker-entrypoint-initdb.d

fail() {
  printf 'postgres: %s\n' "$@" >&2
  exit 1
}

# Puts the value of $1, or the content of the file that $1_FILE names, or $2, in the variable "value".
read_setting() {
  eval "value=\${$1:-} file=\${$1_FILE:-}"
  if [ -n "$value" ] && [ -n "$file" ]; then fail "$1 and $1_FILE are both set; set one of them."; fi
  if [ -n "$file" ]; then
    [ -r "$file" ] || fail "$1_FILE is $file, which cannot be read by uid $(id -u)."
    value=$(cat "$file")
  fi
  value=${value:-$2}
}

stop_temporary() {
  [ ! -s "$fresh/postmaster.pid" ] || pg_ctl --pgdata="$fresh" --mode=fast --wait stop >/dev/null || true
}

check_folder() {
  mkdir -p "$data" 2>/dev/null || fail "uid $(id -u) cannot make the data folder $data." \
    "Mount a volume there that it may write to, for example with fsGroup: $(id -g)."
  [ -O "$data" ] && [ -w "$data" ] || fail "the data folder $data belongs to $(stat -c '%u:%g, mode %a' "$data")," \
    "but PostgreSQL takes only a folder that belongs to the user it runs as, uid $(id -u)." \
    "If it is the mount point of a volume, set PGDATA to a folder inside it, such as $data/pgdata."
  # Only a first start that was interrupted while moving leaves more than these two.
  [ -e "$fresh" ] || for entry in "$data"/* "$data"/.[!.]*; do
    case $entry in
      "$data/*" | "$data/.[!.]*" | "$data/lost+found") ;;
      *) fail "the data folder $data holds $entry but no PG_VERSION, so it is not PostgreSQL's." \
        "Empty it, or set PGDATA to a folder inside the volume." ;;
    esac
  done
}

initialise() {
  read_setting POSTGRES_USER postgres && user=$value
  read_setting POSTGRES_DB "$user" && database=$value
  read_setting POSTGRES_INITDB_ARGS "" && arguments=$value
  read_setting POSTGRES_PASSWORD "" && password=$value
  [ -n "$password" ] || fail "POSTGRES_PASSWORD is empty." "Set it, or POSTGRES_PASSWORD_FILE, to the password of the user $user."
  case $password in *"
"*) fail "POSTGRES_PASSWORD holds a line break, which PostgreSQL cannot take." ;; esac

  find_leftovers
  mkdir -m 0700 "$fresh"
  # The password goes through a pipe: neither an argument nor a file that would stay.
  # shellcheck disable=SC2086 # several arguments in one variable is what POSTGRES_INITDB_ARGS is
  initdb --pgdata="$fresh" --username="$user" --pwfile=/dev/stdin --auth-local=trust --auth-host=scram-sha-256 \
    --encoding=UTF8 --data-checksums --no-sync $arguments >/dev/null <<EOF
$password
EOF
  printf "\nlisten_addresses = '*'\n" >>"$fresh/postgresql.conf"
  printf '\nhost all all all scram-sha-256\n' >>"$fresh/pg_hba.conf"

  # Its socket is in a folder that nobody else looks at, so that a probe does not take it for the real server.
  sockets=$fresh/.sockets
  mkdir "$sockets"
  pg_ctl --pgdata="$fresh" --wait --silent \
    -o "-c listen_addresses='' -c unix_socket_directories='$sockets' -c fsync=off" start >&2
  export PGHOST="$sockets" PGUSER="$user"
  unset PGPASSWORD PGDATABASE PGPORT
  if [ "$database" != postgres ]; then
    printf 'CREATE DATABASE :"name";\n' | psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=name="$database" --dbname=postgres
  fi
  export PGDATABASE="$database" POSTGRES_USER="$user" POSTGRES_DB="$database"
  run_scripts
  stop_temporary
  rm -rf "$sockets"
  # One flush of the whole file system takes 0.1 s, where initdb --sync-only takes 2 s for its thousand small files.
  sync --file-system "$fresh"

  for entry in "$fresh"/*; do
    [ "$entry" = "$fresh/PG_VERSION" ] || mv "$entry" "$data/"
  done
  chmod 0700 "$data" 2>/dev/null || true
  sync --file-system "$data"
  mv "$fresh/PG_VERSION" "$data/"
  rmdir "$fresh"
  sync --file-system "$data"
  unset PGHOST PGUSER PGDATABASE
  printf 'postgres: initialised %s with the database %s\n' "$data" "$database" >&2
}

# Removes what an interrupted first start left, if there was one.
find_leftovers() {
  [ -e "$fresh" ] || return 0
  printf 'postgres: the first start was interrupted; beginning anew\n' >&2
  for entry in "$data"/*; do
    case $entry in
      "$data/*" | "$data/lost+found") ;;
      *) rm -rf "$entry" ;;
    esac
  done
  rm -rf "$fresh"
}

run_scripts() {
  for script in "$scripts"/*; do
    [ -f "$script" ] || continue
    printf 'postgres: running %s\n' "$script" >&2
    case $script in
      *.sql) psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --file="$script" ;;
      *.sh) sh -eu "$script" ;;
      *) fail "$script is neither *.sql nor *.sh." ;;
    esac
  done
}

case ${1:-} in
  -* | "") set -- postgres "$@" ;;
esac
[ "$1" = postgres ] || exec "$@"
case " $* " in
  *" --version "* | *" -V "* | *" --help "* | *" -? "*) exec "$@" ;;
esac

[ "$(id -u)" != 0 ] || fail "PostgreSQL does not run as root." "Start the container as another user, for example runAsUser: 999."
if [ ! -s "$data/PG_VERSION" ]; then
  trap stop_temporary EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  check_folder
  initialise
  trap - EXIT INT TERM
fi
rm -rf "$fresh"
# The server does not need the first user's password, and its environment can be read through its processes.
unset POSTGRES_PASSWORD
shift
exec postgres -D "$data" "$@"
