import { fromSecret } from "../engine";
import { FROM_FOLDER, SEED_FOLDER } from "./kind";
import type { Filling } from "./kind";

/** Object that is in the bucket while it is being filled. A seed has none of such a key. */
const MARK = ".berth-filling";

/** Kubernetes puts files of a volume behind links whose folders begin with two dots. */
const SCRIPT = `set -eu
newline='
'
client() {
  rclone --config=/tmp/rclone.conf --cache-dir=/tmp/cache --contimeout=5s --timeout=60s --stats=0 "$@"
}
: >/tmp/rclone.conf
names=$newline$(client lsf --max-depth=1 "store:$S3_BUCKET")$newline
case $names in
  "$newline$newline") echo begun | client rcat "store:$S3_BUCKET/${MARK}" ;;
  *"$newline${MARK}$newline"*) echo "the last try did not end: it begins anew" ;;
  *)
    echo "the bucket has objects already: nothing is put in"
    exit 0
    ;;
esac
for folder in ${FROM_FOLDER} ${SEED_FOLDER}; do
  [ -d "$folder" ] || continue
  echo "putting in what is in $folder"
  client copy --copy-links --exclude='/..*/**' "$folder" "store:$S3_BUCKET"
done
client deletefile "store:$S3_BUCKET/${MARK}"
echo "filled"
`;

/** An object store, by rclone. */
export const s3: Filling = {
  file: (entry, place) => {
    if (typeof entry === "string" || !("object" in entry)) return { path: place, content: { text: "" } };
    const { object, base64, text = "" } = entry;
    return { path: object, content: base64 === undefined ? { text } : { base64 } };
  },
  script: SCRIPT,
  env: [
    // rclone reads a remote `store` from these (its documentation, "Config file", "Environment Variables").
    { name: "RCLONE_CONFIG_STORE_TYPE", value: "s3" },
    { name: "RCLONE_CONFIG_STORE_PROVIDER", value: "Other" },
    { name: "RCLONE_CONFIG_STORE_FORCE_PATH_STYLE", value: "true" },
    // The bucket is there, and an account need not have the right to make one.
    { name: "RCLONE_CONFIG_STORE_NO_CHECK_BUCKET", value: "true" },
    fromSecret("s3", "S3_ENDPOINT", "RCLONE_CONFIG_STORE_ENDPOINT"),
    fromSecret("s3", "S3_REGION", "RCLONE_CONFIG_STORE_REGION"),
    fromSecret("s3", "S3_ACCESS_KEY", "RCLONE_CONFIG_STORE_ACCESS_KEY_ID"),
    fromSecret("s3", "S3_SECRET_KEY", "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY"),
    fromSecret("s3", "S3_BUCKET"),
  ],
};
