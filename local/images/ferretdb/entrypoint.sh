#!/bin/sh
# Starts FerretDB in a container as docker.io/library/mongo starts MongoDB, with its environment variables:
#
#   MONGO_INITDB_ROOT_USERNAME  the user that a new folder gets, in the database "admin"; required in a new folder
#   MONGO_INITDB_ROOT_PASSWORD  its password; required in a new folder
#
# Each may be given as NAME_FILE, a file that holds the value. Of mongod's arguments it takes --dbpath, --bind_ip, --bind_ip_all, --port,
# --noauth and --wiredTigerCacheSizeGB, which means nothing here; any other one is an error.
#
# Nobody gets in without a password, except on 127.0.0.1 with --noauth. A first start that was interrupted anywhere is begun anew by the next one: user and files are
# made in a folder beside the data, by a server that listens on a socket in /tmp only, and that folder is renamed last.
set -eu

fail() {
  printf 'ferretdb: %s\n' "$@" >&2
  exit 1
}

# Puts the value of $1, or the content of the file that $1_FILE names, in the variable "value".
read_setting() {
  eval "value=\${$1:-} file=\${$1_FILE:-}"
  if [ -n "$value" ] && [ -n "$file" ]; then fail "$1 and $1_FILE are both set; set one of them."; fi
  if [ -n "$file" ]; then
    [ -r "$file" ] || fail "$1_FILE is $file, which cannot be read by uid $(id -u)."
    value=$(cat "$file")
  fi
  [ -n "$value" ] || fail "$1 is empty." "Set it, or $1_FILE."
}

# The server over the folder $1, with more arguments of FerretDB after it.
server() {
  folder=$1
  shift
  exec ferretdb --handler=sqlite --sqlite-url="file:$folder/" --state-dir=- --telemetry=disable --debug-addr=- --log-level=WARN "$@"
}

set_up() {
  read_setting MONGO_INITDB_ROOT_USERNAME
  user=$value
  read_setting MONGO_INITDB_ROOT_PASSWORD
  socket=${TMPDIR:-/tmp}/ferretdb.sock
  # Both outlive a container that is killed.
  rm -rf "$home.new" "$socket"
  mkdir "$home.new"
  FERRETDB_SETUP_PASSWORD=$value server "$home.new" --test-enable-new-auth --setup-database=admin --setup-username="$user" \
    --listen-addr= --listen-unix="$socket" &
  setup=$!
  trap 'kill -TERM "$setup"; wait "$setup"; exit 143' TERM INT
  # It listens when the user is made.
  until [ -S "$socket" ]; do
    kill -0 "$setup" 2>/dev/null || fail "the set-up of a new folder failed."
    sleep 0.1
  done
  kill -TERM "$setup"
  wait "$setup" || fail "the server of the set-up ended with $?."
  trap - TERM INT
  rm -f "$socket"
  sync
  mv "$home.new" "$home"
}

[ "${1:-}" = mongod ] || exec "$@"
shift
data=/data/db address=127.0.0.1 port=27017 login=--test-enable-new-auth
while [ $# -gt 0 ]; do
  case $1 in
    --dbpath) data=$2 && shift 2 ;;
    --port) port=$2 && shift 2 ;;
    --wiredTigerCacheSizeGB) shift 2 ;;
    --bind_ip) address=$2 && shift 2 ;;
    --bind_ip_all) address='' && shift ;;
    --noauth) login='' && shift ;;
    *) fail "there is no $1: this is FerretDB in MongoDB's place." ;;
  esac
done
[ -d "$data" ] && [ -w "$data" ] || fail "uid $(id -u) cannot write to the data folder $data." \
  "Mount a volume there that it may write to, for example with fsGroup: $(id -g)."
[ -n "$login" ] || [ "$address" = 127.0.0.1 ] || fail "--noauth is for --bind_ip 127.0.0.1 alone."
home=$data/ferretdb
[ -d "$home" ] || set_up
unset MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD MONGO_INITDB_ROOT_USERNAME_FILE MONGO_INITDB_ROOT_PASSWORD_FILE
server "$home" $login --listen-addr="$address:$port"
