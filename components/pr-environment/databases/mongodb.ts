import { DATABASE_NAME, DATABASE_USER, fromSecret } from "./engine";
import type { EngineSpec } from "./engine";

export const HOST = "mongodb";
export const PORT = 27017;
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

/*
 * As much of the wire protocol and of BSON as two commands take: a message is its length, `MESSAGE` and a document; a document is its
 * length, fields and a zero.
 */
const int = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const name = (text: string): Buffer => Buffer.from(`${text}\0`);
const OP_MSG = 2013;
/** Number of the request, of the one that it answers, kind of message, no flags, one document follows. */
const MESSAGE = Buffer.concat([int(1), int(0), int(OP_MSG), int(0), Buffer.of(0)]);
/** Bytes of a message beside its document. */
const MESSAGE_BYTES = int(0).length + MESSAGE.length;
/** Bytes of a document beside its fields, whose last one is `DATABASE_ADMIN`. */
const DOCUMENT_BYTES = int(0).length;
/** The field `$db: "admin"` and the document's end. */
const DATABASE_ADMIN = Buffer.concat([
  Buffer.of(0x02),
  name("$db"),
  int(name("admin").length),
  name("admin"),
  Buffer.of(0),
]);
/** Bytes as Bash's `printf` takes them. */
const printable = (...parts: Buffer[]): string => Buffer.concat(parts).toString("hex").replace(/../g, "\\x$&");

/**
 * Asks the server by its own protocol whether it takes writes: the command `hello` in one message, which needs no login. With Bash
 * alone, because the shell that the image has for it takes a second of CPU and more memory than a waiting container has.
 */
const HELLO = hello();
const check = (host: string, port = PORT) =>
  `timeout 3 bash -c 'exec 3<>/dev/tcp/${host}/${port} && printf "${HELLO}" >&3 && dd bs=4096 count=1 <&3 | grep -aq isWritablePrimary' 2>/dev/null`;

/** Port of the server that changes a password, which has the loopback address of its pod alone. */
const LOCAL_PORT = 27018;

/**
 * A server that asks for no login and that nobody but this container reaches, and one message to it: the command `updateUser`. Bash
 * writes it by itself, so that the password stands in no argument. A folder without the files of MongoDB, or of FerretDB in its place, has
 * no user yet: the first start makes it.
 */
const SET_PASSWORD = `set -eu
[ -e "$DATA_FOLDER/WiredTiger" ] || [ -e "$DATA_FOLDER/ferretdb" ] || exit 0
export user="$MONGO_INITDB_ROOT_USERNAME" password="$MONGO_INITDB_ROOT_PASSWORD"
unset MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD
fail() {
  cat /tmp/set-password.log >&2
  echo "the new password could not be set: $1" >&2
  exit 1
}
docker-entrypoint.sh mongod --dbpath "$DATA_FOLDER" --bind_ip 127.0.0.1 --port ${LOCAL_PORT} --noauth --wiredTigerCacheSizeGB ${CACHE_GIGABYTES} \
  >/tmp/set-password.log 2>&1 &
server=$!
until ${check("127.0.0.1", LOCAL_PORT)}; do
  kill -0 "$server" 2>/dev/null || fail "the server ended"
  sleep 0.1
done
answer=$(timeout 10 bash -c '${updateUser()}' 2>/dev/null) || answer="nothing"
kill -TERM "$server"
wait "$server" || fail "the server ended with $?"
case $answer in *errmsg*) fail "$answer" ;; *ok*) ;; *) fail "the server answered $answer" ;; esac
echo "the new password is set"
`;

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
    setPassword: () => SET_PASSWORD,
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

/** The message `{ hello: 1, $db: "admin" }`. */
function hello(): string {
  const fields = Buffer.concat([Buffer.of(0x10), name("hello"), int(1), DATABASE_ADMIN]);
  const length = fields.length + DOCUMENT_BYTES;
  return printable(int(length + MESSAGE_BYTES), MESSAGE, int(length), fields);
}

/** Commands of Bash that send `{ updateUser: $user, pwd: $password, $db: "admin" }` and print the answer. A length is one byte, enough for both of 90 characters. */
function updateUser(): string {
  const user = Buffer.concat([Buffer.of(0x02), name("updateUser")]);
  const pwd = Buffer.concat([Buffer.of(0), Buffer.of(0x02), name("pwd")]);
  const end = Buffer.concat([Buffer.of(0), DATABASE_ADMIN]);
  const length = DOCUMENT_BYTES + user.length + pwd.length + end.length + 2 * int(0).length;
  const raw = (...parts: Buffer[]) => `printf "${printable(...parts)}"`;
  return `size() { printf "\\x$(printf %02x "$(($1))")\\x00\\x00\\x00"; }
exec 3<>/dev/tcp/127.0.0.1/${LOCAL_PORT}
{
  size "${length + MESSAGE_BYTES} + \${#user} + \${#password}"; ${raw(MESSAGE)}
  size "${length} + \${#user} + \${#password}"; ${raw(user)}
  size "1 + \${#user}"; printf %s "$user"; ${raw(pwd)}
  size "1 + \${#password}"; printf %s "$password"; ${raw(end)}
} >&3
dd bs=4096 count=1 <&3 | tr -cd "[:print:]"`;
}
