import { DATABASE_NAME, DATABASE_USER, fromSecret } from "./engine";
import type { EngineSpec } from "./engine";

const HOST = "mongodb";
const PORT = 27017;
const DATA_FOLDER = "/data/db";

/**
 * Gigabytes that the server may keep of its data in memory; the least that it takes. Its own choice goes by the memory of the
 * machine, a quarter of a gigabyte at least (manual, `storage.wiredTiger.engineConfig.cacheSizeGB`).
 */
const CACHE_GIGABYTES = 0.25;

/**
 * Starts the server in the folder, which must be there: the image makes only its own one.
 *
 * The image makes a user out of the variables at the first start, and starts the server without them.
 */
const START = `set -eu
mkdir -p "$DATA_FOLDER"
exec docker-entrypoint.sh mongod --dbpath "$DATA_FOLDER" --bind_ip_all --wiredTigerCacheSizeGB ${CACHE_GIGABYTES}
`;

/**
 * Asks the server by its own protocol whether it takes writes: the command `hello` in one message, which needs no login. With Bash
 * alone, because the shell that the image has for it takes a second of CPU and more memory than a waiting container has.
 */
const HELLO = hello().replace(/../g, "\\x$&");
const check = (host: string) =>
  `timeout 3 bash -c 'exec 3<>/dev/tcp/${host}/${PORT} && printf "${HELLO}" >&3 && dd bs=4096 count=1 <&3 | grep -aq isWritablePrimary' 2>/dev/null`;

/**
 * Limits and timeouts of a client, in the words that every MongoDB driver reads (Connection String Options of its manual): each pod
 * of the app keeps at most 20 connections, gives up connecting to the server after 5 s and looking for it after 10 s.
 */
const CLIENT = { maxPoolSize: "20", connectTimeoutMS: "5000", serverSelectionTimeoutMS: "10000" };

/** MongoDB, from an image with the interface of docker.io/library/mongo. */
export function mongodb(): EngineSpec {
  return {
    engine: "mongodb",
    port: PORT,
    dataFolder: DATA_FOLDER,
    // The server's socket, and what its set-up writes.
    scratch: [{ name: "tmp", path: "/tmp", sizeLimit: "64Mi" }],
    command: ["sh", "-c", START],
    env: (version) => [
      // Each version has a folder of its own, since an older one does not read a newer one's files.
      { name: "DATA_FOLDER", value: `${DATA_FOLDER}/${version}` },
      { name: "MONGO_INITDB_ROOT_USERNAME", value: DATABASE_USER },
      fromSecret("mongodb", "MONGODB_PASSWORD", "MONGO_INITDB_ROOT_PASSWORD"),
    ],
    probe: ["sh", "-c", check("127.0.0.1")],
    wait: {
      check: check('"$MONGODB_HOST"'),
      address: `\${MONGODB_HOST}:${PORT}`,
      env: [{ name: "MONGODB_HOST", value: HOST }],
    },
    connection: (password) => {
      const options = new URLSearchParams({ authSource: "admin", ...CLIENT }).toString();
      const uri = `mongodb://${DATABASE_USER}:${encodeURIComponent(password)}@${HOST}:${PORT}/${DATABASE_NAME}?${options}`;
      return {
        MONGODB_URI: uri,
        MONGODB_URL: uri,
        MONGODB_DATABASE: DATABASE_NAME,
        // For the server alone: apps have it in the URI.
        MONGODB_PASSWORD: password,
      };
    },
  };
}

/** The message `{ hello: 1, $db: "admin" }` in hexadecimal (OP_MSG of the wire protocol, document in BSON). */
function hello(): string {
  const name = (text: string) => Buffer.from(`${text}\0`);
  const int = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes;
  };
  const admin = name("admin");
  const fields = [Buffer.of(0x10), name("hello"), int(1), Buffer.of(0x02), name("$db"), int(admin.length), admin];
  const content = Buffer.concat([...fields, Buffer.of(0)]);
  const document = Buffer.concat([int(content.length + 4), content]);
  const OP_MSG = 2013;
  const header = [int(document.length + 21), int(1), int(0), int(OP_MSG)];
  const noFlags = int(0);
  const oneDocument = Buffer.of(0);
  return Buffer.concat([...header, noFlags, oneDocument, document]).toString("hex");
}
