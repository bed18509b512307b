import { DATABASE_RESOURCES, REDIS_DATA_SHARE } from "../../../config/limits";
import { parseBytes } from "../../../config/quantity";
import { fromSecret } from "./engine";
import type { EngineSpec } from "./engine";

const HOST = "redis";
const PORT = 6379;
const DATA_FOLDER = "/data";

/** Bytes of data that a Redis takes before it refuses more. */
const MAX_MEMORY = Math.floor(parseBytes(DATABASE_RESOURCES.redis.limits.memory) * REDIS_DATA_SHARE);

/**
 * Starts the server with settings from standard input, so that the password is neither an argument nor in a file; nor is it in
 * the environment of the server, which can be read through its process.
 *
 * A full Redis refuses writes with an error. The alternatives are to be killed for its memory, or to drop keys of an app that may
 * take it for a store or a queue.
 */
const START = `set -eu
mkdir -p "$DATA_FOLDER"
password=$REDISCLI_AUTH
unset REDISCLI_AUTH
exec redis-server - <<EOF
port ${PORT}
dir $DATA_FOLDER
requirepass $password
appendonly yes
appendfsync everysec
save ""
maxmemory ${MAX_MEMORY}
maxmemory-policy noeviction
EOF
`;

/** An answer, since redis-cli ends with 0 after an error too; the password is in REDISCLI_AUTH, which redis-cli reads. */
const ping = (host: string) => `[ "$(timeout 3 redis-cli -h ${host} -p ${PORT} ping 2>/dev/null)" = PONG ]`;

/** Redis, from an image with a shell, redis-server and redis-cli, such as docker.io/library/redis. */
export function redis(): EngineSpec {
  return {
    engine: "redis",
    port: PORT,
    dataFolder: DATA_FOLDER,
    scratch: [{ name: "tmp", path: "/tmp", sizeLimit: "16Mi" }],
    command: ["sh", "-c", START],
    env: (version) => [
      // Each version has a folder of its own, since an older one does not read a newer one's files.
      { name: "DATA_FOLDER", value: `${DATA_FOLDER}/${version}` },
      fromSecret("redis", "REDIS_PASSWORD", "REDISCLI_AUTH"),
    ],
    probe: ["sh", "-c", ping("127.0.0.1")],
    wait: {
      check: ping('"$REDIS_HOST"'),
      address: `\${REDIS_HOST}:${PORT}`,
      env: [{ name: "REDIS_HOST", value: HOST }, fromSecret("redis", "REDIS_PASSWORD", "REDISCLI_AUTH")],
    },
    connection: (password) => ({
      REDIS_URL: `redis://:${encodeURIComponent(password)}@${HOST}:${PORT}`,
      REDIS_HOST: HOST,
      REDIS_PORT: String(PORT),
      REDIS_PASSWORD: password,
    }),
  };
}
