import { contentOf } from "../../../../config/seed";
import { fromSecret } from "../engine";
import { SEED_FOLDER } from "./kind";
import type { Filling } from "./kind";

const SCRIPT = `set -eu
client() {
  timeout 60 redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" "$@"
}
case $(client INFO keyspace) in
  *keys=*)
    echo "this Redis has keys already: nothing is put in"
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
echo "filled"
`;

/** Redis, by its client in one transaction. */
export const redis: Filling = {
  file: (entry, place) => ({
    path: `${place}.redis`,
    content: {
      // The client has no comments of its own, and an empty line would be an unknown command.
      text: contentOf(entry)
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((line) => `${line}\n`)
        .join(""),
    },
  }),
  script: SCRIPT,
  env: [
    fromSecret("redis", "REDIS_HOST"),
    fromSecret("redis", "REDIS_PORT"),
    fromSecret("redis", "REDIS_PASSWORD", "REDISCLI_AUTH"),
  ],
};
