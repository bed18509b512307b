import { bucketOf, isMinio } from "../../../config/databases";
import type { Config } from "../../../config/schema";
import { DATABASE_USER, fromSecret } from "./engine";
import type { EngineSpec } from "./engine";

const HOST = "s3";
/** MinIO's port, as in k8s-ee. */
const PORT = 9000;
const DATA_FOLDER = "/data";
/** What most clients take for a region when nobody says another. */
const REGION = "us-east-1";
/** No bucket has a name that starts so. */
const HEALTH_PATH = "/-/health";
const ENDPOINT = `http://${HOST}:${PORT}`;

/** Makes the app's bucket, which is a folder, and starts the server. It listens only then, so that an app that waited finds the bucket. */
const START = `set -eu
mkdir -p "$DATA_FOLDER/$BUCKET"
exec versitygw --port :${PORT} --region ${REGION} --health ${HEALTH_PATH} --quiet posix "$DATA_FOLDER"
`;

const check = (address: string) => `timeout 3 wget -q -O /dev/null ${address}${HEALTH_PATH} 2>/dev/null`;

/**
 * An S3-compatible object store: the Versity S3 Gateway over a folder of the volume, from an image with versitygw, a shell and wget,
 * such as ghcr.io/versity/versitygw. Objects are files, their metadata are extended attributes.
 */
export function s3(databases: Config["databases"]): EngineSpec {
  const bucket = bucketOf(databases);
  return {
    engine: "s3",
    port: PORT,
    dataFolder: DATA_FOLDER,
    scratch: [{ name: "tmp", path: "/tmp", sizeLimit: "64Mi" }],
    command: ["sh", "-c", START],
    env: (version) => [
      // A folder of its own for each version, as every engine has.
      { name: "DATA_FOLDER", value: `${DATA_FOLDER}/${version}` },
      { name: "BUCKET", value: bucket },
      fromSecret("s3", "S3_ACCESS_KEY", "ROOT_ACCESS_KEY"),
      fromSecret("s3", "S3_SECRET_KEY", "ROOT_SECRET_KEY"),
    ],
    probe: ["sh", "-c", check(`http://127.0.0.1:${PORT}`)],
    wait: {
      check: check('"$S3_ENDPOINT"'),
      address: "${S3_ENDPOINT}",
      env: [{ name: "S3_ENDPOINT", value: ENDPOINT }],
    },
    connection: (password) => ({
      ...named("S3", bucket, password),
      S3_REGION: REGION,
      // Buckets have no host names of their own in a cluster: http://s3:9000/bucket/key.
      S3_FORCE_PATH_STYLE: "true",
      ...(isMinio(databases)
        ? named("MINIO", bucket, password)
        : {
            AWS_ENDPOINT_URL_S3: ENDPOINT,
            AWS_REGION: REGION,
            AWS_ACCESS_KEY_ID: DATABASE_USER,
            AWS_SECRET_ACCESS_KEY: password,
          }),
    }),
  };
}

function named(prefix: "S3" | "MINIO", bucket: string, password: string): Record<string, string> {
  return {
    [`${prefix}_ENDPOINT`]: ENDPOINT,
    [`${prefix}_BUCKET`]: bucket,
    [`${prefix}_ACCESS_KEY`]: DATABASE_USER,
    [`${prefix}_SECRET_KEY`]: password,
  };
}
