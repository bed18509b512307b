#!/bin/sh
# Starts MariaDB in a container, with environment variables of docker.io/library/mariadb:
#
#   MARIADB_USER           the app's user, with all rights on its database and none beside it; required in a new folder
#   MARIADB_PASSWORD       its password; required in a new folder
#   MARIADB_DATABASE       its database; required in a new folder
#   MARIADB_ROOT_PASSWORD  password of root, who gets in from inside the container only. Without it nobody is root.
#
# Each may be given as NAME_FILE, a file that holds the value. Arguments go to the server; --datadir=FOLDER among them
# says where the data are, /var/lib/mysql if none does.
#
# Unlike that image it never runs as root, and a first start that was interrupted anywhere, also by SIGKILL or a power
# cut, is begun anew by the next one: everything is prepared in a folder beside the data, without a server that listens
# anywhere, and the folder "mysql", which marks a data folder as complete, is moved last.
set -eu

fail() {
  printf 'mariadb: %s\n' "$@" >&2
  exit 1
}

# Puts the value of $1, or the content of the file that $1_FILE names, in the variable "value". $2 says what it is for.
read_setting() {
  eval "value=\${$1:-} file=\${$1_FILE:-}"
  if [ -n "$value" ] && [ -n "$file" ]; then fail "$1 and $1_FILE are both set; set one of them."; fi
  if [ -n "$file" ]; then
    [ -r "$file" ] || fail "$1_FILE is $file, which cannot be read by uid $(id -u)."
    value=$(cat "$file")
  fi
  [ -n "$value" ] || [ -z "$2" ] || fail "$1 is empty." "Set it, or $1_FILE, to $2."
  case $value in *"
"*) fail "$1 holds a line break, which is not taken." ;; esac
}

# Puts $1 in quotes $2 for SQL in the variable "quoted", with every quote and backslash in it doubled.
quote() {
  quoted='' rest=$1
  while [ -n "$rest" ]; do
    first=${rest%"${rest#?}"} rest=${rest#?}
    # A backslash means nothing special inside a name in backticks.
    if [ "$first" = "$2" ] || { [ "$first" = "\\" ] && [ "$2" = "'" ]; }; then quoted=$quoted$first; fi
    quoted=$quoted$first
  done
  quoted=$2$quoted$2
}

check_folder() {
  mkdir -p "$data" 2>/dev/null || fail "uid $(id -u) cannot make the data folder $data." \
    "Mount a volume there that it may write to, for example with fsGroup: $(id -g)."
  [ -w "$data" ] || fail "uid $(id -u) cannot write to the data folder $data, which belongs to $(stat -c '%u:%g, mode %a' "$data")." \
    "Mount a volume there that it may write to, for example with fsGroup: $(id -g)."
  # Only a first start that was interrupted while moving leaves more than these two.
  [ -e "$fresh" ] || for entry in "$data"/* "$data"/.[!.]*; do
    case $entry in
      "$data/*" | "$data/.[!.]*" | "$data/lost+found") ;;
      *) fail "the data folder $data holds $entry but no folder mysql, so it is not MariaDB's." \
        "Empty it, or set --datadir to a folder inside the volume." ;;
    esac
  done
}

# Removes what an interrupted first start left, if there was one.
find_leftovers() {
  [ -e "$fresh" ] || return 0
  printf 'mariadb: the first start was interrupted; beginning anew\n' >&2
  for entry in "$data"/*; do
    case $entry in
      "$data/*" | "$data/lost+found") ;;
      *) rm -rf "$entry" ;;
    esac
  done
  rm -rf "$fresh"
}

initialise() {
  read_setting MARIADB_USER "the name of the app's user" && user=$value
  read_setting MARIADB_DATABASE "the name of the app's database" && database=$value
  read_setting MARIADB_PASSWORD "the password of the user $user" && password=$value
  read_setting MARIADB_ROOT_PASSWORD "" && root_password=$value
  [ "$user" != root ] || fail "MARIADB_USER is root, who is there anyway." "Choose another name for the app's user."
  quote "$user" "'" && user=$quoted
  quote "$password" "'" && password=$quoted
  root_statement=
  if [ -n "$root_password" ]; then
    quote "$root_password" "'"
    root_statement="ALTER USER 'root'@'localhost' IDENTIFIED BY $quoted;"
  fi
  quote "$database" '`' && name=$quoted

  find_leftovers
  mkdir -m 0700 "$fresh"
  # By force, because it would look up the container's own name, which needs no DNS to be there.
  mariadb-install-db --no-defaults --datadir="$fresh" --force --skip-name-resolve --skip-test-db \
    --auth-root-authentication-method=socket --innodb-log-file-size=16M >"$fresh/.log" 2>&1 ||
    fail "mariadb-install-db failed. Its last lines:" "$(tail -n 12 "$fresh/.log")"
  # One statement a line, as the bootstrap mode reads them. The password goes through a pipe: neither an argument nor a
  # file that would stay. Underscores and per cent signs are wildcards in a grant unless they are escaped.
  pattern=$(printf %s "$name" | sed 's/[_%]/\\&/g')
  mariadbd --no-defaults --bootstrap --datadir="$fresh" --innodb-log-file-size=16M --log-warnings=0 >"$fresh/.log" 2>&1 <<EOF ||
FLUSH PRIVILEGES;
DROP USER IF EXISTS ''@'localhost';
DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';
CREATE DATABASE $name CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE USER $user@'%' IDENTIFIED BY $password;
GRANT ALL PRIVILEGES ON $pattern.* TO $user@'%';
$root_statement
EOF
    fail "user and database could not be made:" "$(tail -n 12 "$fresh/.log")"
  rm "$fresh/.log"
  # One flush of the whole file system instead of one for each file.
  sync --file-system "$fresh"

  for entry in "$fresh"/*; do
    [ "$entry" = "$fresh/mysql" ] || mv "$entry" "$data/"
  done
  sync --file-system "$data"
  mv "$fresh/mysql" "$data/"
  rmdir "$fresh"
  sync --file-system "$data"
  printf 'mariadb: initialised %s with the database %s\n' "$data" "$database" >&2
}

case ${1:-} in
  -* | "") set -- mariadbd "$@" ;;
esac
[ "$1" = mariadbd ] || exec "$@"
data=/var/lib/mysql
for argument; do
  case $argument in
    --version | -V | --help | -\?) exec "$@" ;;
    --datadir=*) data=${argument#--datadir=} ;;
  esac
done
fresh=$data/.initialising

[ "$(id -u)" != 0 ] || fail "MariaDB does not run as root." "Start the container as another user, for example runAsUser: 999."
if [ ! -d "$data/mysql" ]; then
  check_folder
  initialise
fi
rm -rf "$fresh"
# The server does not need the passwords, and its environment can be read through its process.
unset MARIADB_PASSWORD MARIADB_ROOT_PASSWORD
exec "$@"
