import { contentOf } from "../../../../config/seed";
import { DATABASE_NAME, DATABASE_USER, fromSecret } from "../engine";
import { HOST, PORT } from "../mongodb";
import { FROM_FOLDER, SEED_FOLDER } from "./kind";
import type { Filling } from "./kind";

/** Database and collection with a document while the app's database is being filled: without replicas there are no transactions. */
const MARK = "--db=berth --collection=filling";

/**
 * The password stands in a file, since tools show their arguments. An archive begins with the names of its collections, each in a
 * document with a field `collection`; a tool whose reader has seen enough of them is ended by SIGPIPE.
 */
const SCRIPT = `set -eu
umask 077
printf 'password: "%s"\\n' "$MONGODB_PASSWORD" >/tmp/tools.yaml
tool() {
  name=$1
  shift
  "$name" --config=/tmp/tools.yaml --host=${HOST} --port=${PORT} --username=${DATABASE_USER} --authenticationDatabase=admin "$@" 2>/tmp/log || {
    code=$?
    [ "$code" = 141 ] || cat /tmp/log >&2
    return "$code"
  }
}
each() {
  for file in ${SEED_FOLDER}/*.json; do
    [ -e "$file" ] || continue
    rest=\${file##*/???.}
    kind=\${rest%%.*}
    collection=\${rest#*.}
    collection=\${collection%.json}
    "$1"
  done
}
drop() {
  tool mongoimport --db=${DATABASE_NAME} --collection="$collection" --drop </dev/null
}
import() {
  echo "filling $collection"
  case $kind in
    list) tool mongoimport --db=${DATABASE_NAME} --collection="$collection" --stopOnError --jsonArray --file="$file" ;;
    *) tool mongoimport --db=${DATABASE_NAME} --collection="$collection" --stopOnError --file="$file" ;;
  esac
}
restore() {
  archive=$1
  shift
  echo "restoring \${archive##*/}"
  tool mongorestore --archive="$archive" "$@" --drop --stopOnError --nsExclude='admin.*' --nsExclude='config.*' --nsExclude='local.*' \\
    --nsExclude='berth.*' --nsFrom='$database$.$collection$' --nsTo='${DATABASE_NAME}.$collection$'
}
tool mongoexport ${MARK} --out=/tmp/mark
if [ -s /tmp/mark ]; then
  echo "the last try did not end: its collections are made anew"
  each drop
else
  { code=0; tool mongodump --db=${DATABASE_NAME} --archive || code=$?; echo "$code" >/tmp/code; } | head -c 65536 >/tmp/collections
  case $(cat /tmp/code) in 0 | 141) ;; *) exit 1 ;; esac
  if grep -aqw collection /tmp/collections; then
    echo "the database has collections already: nothing is put in"
    exit 0
  fi
  echo '{"_id": "begun"}' >/tmp/begun
  tool mongoimport ${MARK} --file=/tmp/begun
fi
if [ -d ${FROM_FOLDER} ]; then
  found=
  for file in ${FROM_FOLDER}/*; do
    case $file in
      *.archive) restore "$file" ;;
      *.archive.gz) restore "$file" --gzip ;;
      *) continue ;;
    esac
    found=yes
  done
  if [ -z "$found" ]; then
    echo "the snapshot has no *.archive and no *.archive.gz in /snapshot" >&2
    exit 1
  fi
fi
each import
tool mongoimport ${MARK} --drop </dev/null
echo "filled"
`;

/** MongoDB, by the tools that its image has: mongoimport, mongorestore, mongodump and mongoexport. */
export const mongodb: Filling = {
  file: (entry, place) => {
    const text = contentOf(entry);
    const collection = typeof entry !== "string" && "collection" in entry ? entry.collection : "";
    const kind = text.trimStart().startsWith("[") ? "list" : "lines";
    return { path: `${place}.${kind}.${collection}.json`, content: { text } };
  },
  script: SCRIPT,
  env: [fromSecret("mongodb", "MONGODB_PASSWORD")],
};
