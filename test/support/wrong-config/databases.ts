import type { WrongConfig } from ".";

/** Wrong values of `databases`, and what is said about each. */
export const WRONG_DATABASES: readonly WrongConfig[] = [
  [
    "databases: all",
    'databases is "all"; accepted: a mapping of postgresql, mariadb, redis, mongodb, s3, minio. Change databases to what is accepted.',
  ],
  [
    'databases: { postgresql: "16" }',
    'databases.postgresql is "16"; accepted: true, false or a mapping of options. Change databases.postgresql to what is accepted.',
  ],
  [
    'databases: { postgresql: { enabled: "yes" } }',
    'databases.postgresql.enabled is "yes"; accepted: true or false. Change databases.postgresql.enabled to what is accepted.',
  ],
  [
    "databases: { postgresql: { version: 16 } }",
    'databases.postgresql.version is 16; accepted: a PostgreSQL major version in quotes, such as "16". Change databases.postgresql.version to what is accepted.',
  ],
  [
    "databases: { postgresql: { storage: 50Gi } }",
    'databases.postgresql.storage is "50Gi"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.postgresql.storage to what is accepted.',
  ],
  [
    "databases: { postgresql: { operator: zalando } }",
    'databases.postgresql.operator is "zalando"; accepted: none or cloudnative-pg. Change databases.postgresql.operator to what is accepted.',
  ],
  [
    "databases: { postgresql: { bootstrap: x } }",
    'databases.postgresql.bootstrap is "x"; accepted: a mapping of initSQL, postInitApplicationSQL. Change databases.postgresql.bootstrap to what is accepted.',
  ],
  [
    "databases: { postgresql: { bootstrap: { initSQL: SELECT 1 } } }",
    'databases.postgresql.bootstrap.initSQL is "SELECT 1"; accepted: a list of SQL statements. Change databases.postgresql.bootstrap.initSQL to what is accepted.',
  ],
  [
    'databases: { postgresql: { bootstrap: { initSQL: [""] } } }',
    'databases.postgresql.bootstrap.initSQL[0] is ""; accepted: an SQL statement. Change databases.postgresql.bootstrap.initSQL[0] to what is accepted.',
  ],
  [
    "databases: { postgresql: { bootstrap: { postInitApplicationSQL: {} } } }",
    "databases.postgresql.bootstrap.postInitApplicationSQL is a mapping; accepted: a list of SQL statements. Change databases.postgresql.bootstrap.postInitApplicationSQL to what is accepted.",
  ],
  [
    "databases: { postgresql: { bootstrap: { postInitApplicationSQL: [1] } } }",
    "databases.postgresql.bootstrap.postInitApplicationSQL[0] is 1; accepted: an SQL statement. Change databases.postgresql.bootstrap.postInitApplicationSQL[0] to what is accepted.",
  ],
  [
    'databases: { mariadb: "11" }',
    'databases.mariadb is "11"; accepted: true, false or a mapping of options. Change databases.mariadb to what is accepted.',
  ],
  [
    "databases: { mariadb: { enabled: 1 } }",
    "databases.mariadb.enabled is 1; accepted: true or false. Change databases.mariadb.enabled to what is accepted.",
  ],
  [
    'databases: { mariadb: { version: "11" } }',
    'databases.mariadb.version is "11"; accepted: a MariaDB version in quotes, such as "11.4". Change databases.mariadb.version to what is accepted.',
  ],
  [
    "databases: { mariadb: { storage: 1 } }",
    "databases.mariadb.storage is 1; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.mariadb.storage to what is accepted.",
  ],
  [
    'databases: { redis: "7" }',
    'databases.redis is "7"; accepted: true, false or a mapping of options. Change databases.redis to what is accepted.',
  ],
  [
    "databases: { redis: { enabled: 1 } }",
    "databases.redis.enabled is 1; accepted: true or false. Change databases.redis.enabled to what is accepted.",
  ],
  [
    "databases: { redis: { version: 7 } }",
    'databases.redis.version is 7; accepted: a Redis version in quotes, such as "7". Change databases.redis.version to what is accepted.',
  ],
  [
    "databases: { redis: { storage: 1Ti } }",
    'databases.redis.storage is "1Ti"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.redis.storage to what is accepted.',
  ],
  [
    "databases: { mongodb: 7 }",
    "databases.mongodb is 7; accepted: true, false or a mapping of options. Change databases.mongodb to what is accepted.",
  ],
  [
    "databases: { mongodb: { enabled: 1 } }",
    "databases.mongodb.enabled is 1; accepted: true or false. Change databases.mongodb.enabled to what is accepted.",
  ],
  [
    'databases: { mongodb: { version: "7.x" } }',
    'databases.mongodb.version is "7.x"; accepted: a MongoDB version in quotes, such as "8.0". Change databases.mongodb.version to what is accepted.',
  ],
  [
    "databases: { mongodb: { storage: 1Ti } }",
    'databases.mongodb.storage is "1Ti"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.mongodb.storage to what is accepted.',
  ],
  [
    'databases: { s3: "1" }',
    'databases.s3 is "1"; accepted: true, false or a mapping of options. Change databases.s3 to what is accepted.',
  ],
  [
    "databases: { s3: { enabled: 1 } }",
    "databases.s3.enabled is 1; accepted: true or false. Change databases.s3.enabled to what is accepted.",
  ],
  [
    "databases: { s3: { version: 1 } }",
    'databases.s3.version is 1; accepted: a version of the object store in quotes, such as "1". Change databases.s3.version to what is accepted.',
  ],
  [
    "databases: { s3: { storage: 1 } }",
    "databases.s3.storage is 1; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.s3.storage to what is accepted.",
  ],
  [
    "databases: { s3: { bucket: a_b } }",
    'databases.s3.bucket is "a_b"; accepted: a bucket name: 3 to 63 lower-case letters, digits, dots and dashes, no IP address. Change databases.s3.bucket to what is accepted.',
  ],
  [
    'databases: { minio: "1" }',
    'databases.minio is "1"; accepted: true, false or a mapping of options. Change databases.minio to what is accepted.',
  ],
  [
    "databases: { minio: { enabled: 1 } }",
    "databases.minio.enabled is 1; accepted: true or false. Change databases.minio.enabled to what is accepted.",
  ],
  [
    "databases: { minio: { storage: 9Gi } }",
    'databases.minio.storage is "9Gi"; accepted: a size from 100Mi to 5Gi, such as 1Gi. Change databases.minio.storage to what is accepted.',
  ],
  [
    "databases: { minio: { bucket: ab } }",
    'databases.minio.bucket is "ab"; accepted: a bucket name: 3 to 63 lower-case letters, digits, dots and dashes, no IP address. Change databases.minio.bucket to what is accepted.',
  ],
  [
    "databases: { s3: true, minio: true }",
    "databases.minio is enabled beside s3, which is the same object store; accepted: one of s3 and minio. Remove minio to have the S3_* and AWS_* variables, or s3 to have MINIO_* and S3_*.",
  ],
  [
    "databases: { postgresql: { seed: x } }",
    'databases.postgresql.seed is "x"; accepted: a list of entries. Change databases.postgresql.seed to what is accepted.',
  ],
  [
    "databases: { postgresql: { seed: [1] } }",
    "databases.postgresql.seed[0] is 1; accepted: an SQL statement, or a mapping with file. Change databases.postgresql.seed[0] to what is accepted.",
  ],
  [
    "databases: { postgresql: { seed: [{ file: ../a }] } }",
    'databases.postgresql.seed[0].file is "../a"; accepted: a file inside the config\'s folder, such as db/seed.sql. Change databases.postgresql.seed[0].file to what is accepted.',
  ],
  [
    "databases: { mariadb: { seed: x } }",
    'databases.mariadb.seed is "x"; accepted: a list of entries. Change databases.mariadb.seed to what is accepted.',
  ],
  [
    "databases: { mariadb: { seed: [1] } }",
    "databases.mariadb.seed[0] is 1; accepted: an SQL statement, or a mapping with file. Change databases.mariadb.seed[0] to what is accepted.",
  ],
  [
    "databases: { mariadb: { seed: [{ file: ../a }] } }",
    'databases.mariadb.seed[0].file is "../a"; accepted: a file inside the config\'s folder, such as db/seed.sql. Change databases.mariadb.seed[0].file to what is accepted.',
  ],
  [
    "databases: { redis: { seed: x } }",
    'databases.redis.seed is "x"; accepted: a list of entries. Change databases.redis.seed to what is accepted.',
  ],
  [
    "databases: { redis: { seed: [1] } }",
    "databases.redis.seed[0] is 1; accepted: a Redis command, such as SET greeting hello, or a mapping with file. Change databases.redis.seed[0] to what is accepted.",
  ],
  [
    "databases: { redis: { seed: [{ file: ../a }] } }",
    'databases.redis.seed[0].file is "../a"; accepted: a file inside the config\'s folder, such as db/seed.sql. Change databases.redis.seed[0].file to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: x } }",
    'databases.mongodb.seed is "x"; accepted: a list of entries. Change databases.mongodb.seed to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: [x] } }",
    'databases.mongodb.seed[0] is "x"; accepted: a mapping with collection and either documents or file. Change databases.mongodb.seed[0] to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: [{ collection: system.users, documents: '{}' }] } }",
    `databases.mongodb.seed[0].collection is "system.users"; accepted: a collection's name of letters, digits, dots, dashes and underscores, not one of the system's. Change databases.mongodb.seed[0].collection to what is accepted.`,
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a, documents: '' }] } }",
    'databases.mongodb.seed[0].documents is ""; accepted: JSON documents, one after another or in one list. Change databases.mongodb.seed[0].documents to what is accepted.',
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a, file: ../a }] } }",
    `databases.mongodb.seed[0].file is "../a"; accepted: a file inside the config's folder, such as db/users.json. Change databases.mongodb.seed[0].file to what is accepted.`,
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a }] } }",
    "databases.mongodb.seed[0] is without content; accepted: exactly one of documents and file. Add one of them.",
  ],
  [
    "databases: { mongodb: { seed: [{ collection: a, documents: '{}', file: a }] } }",
    "databases.mongodb.seed[0] is an entry with documents and file; accepted: exactly one of documents and file. Keep one of them.",
  ],
  [
    "databases: { s3: { seed: x } }",
    'databases.s3.seed is "x"; accepted: a list of entries. Change databases.s3.seed to what is accepted.',
  ],
  [
    "databases: { s3: { seed: [x] } }",
    'databases.s3.seed[0] is "x"; accepted: a mapping with object and one of text, base64 and file. Change databases.s3.seed[0] to what is accepted.',
  ],
  [
    "databases: { s3: { seed: [{ object: a/../b, text: a }] } }",
    `databases.s3.seed[0].object is "a/../b"; accepted: an object's key of letters, digits and !-_.*'()/ without empty or dotted parts, such as images/logo.svg. Change databases.s3.seed[0].object to what is accepted.`,
  ],
  [
    "databases: { s3: { seed: [{ object: a, text: 1 }] } }",
    "databases.s3.seed[0].text is 1; accepted: text. Change databases.s3.seed[0].text to what is accepted.",
  ],
  [
    "databases: { s3: { seed: [{ object: a, base64: '?' }] } }",
    'databases.s3.seed[0].base64 is "?"; accepted: bytes in base64. Change databases.s3.seed[0].base64 to what is accepted.',
  ],
  [
    "databases: { s3: { seed: [{ object: a, file: ../a }] } }",
    `databases.s3.seed[0].file is "../a"; accepted: a file inside the config's folder, such as db/logo.svg. Change databases.s3.seed[0].file to what is accepted.`,
  ],
  [
    "databases: { s3: { seed: [{ object: a }] } }",
    "databases.s3.seed[0] is without content; accepted: exactly one of text, base64 and file. Add one of them.",
  ],
  [
    "databases: { s3: { seed: [{ object: a, text: b }, { object: a, text: c }] } }",
    "databases.s3.seed[1].object is a, there already; accepted: each key once. Remove one of the two.",
  ],
  [
    "databases: { s3: { seed: [{ object: a, text: b }, { object: a/b, text: c }] } }",
    'databases.s3.seed[0].object is "a", and there is "a/b"; accepted: a key that is not a folder of another. Rename one of the two.',
  ],
  [
    "databases: { postgresql: { from: x } }",
    'databases.postgresql.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.postgresql.from to what is accepted.',
  ],
  [
    "databases: { postgresql: { from: { image: a } } }",
    'databases.postgresql.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.postgresql.from.image to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: x } }",
    'databases.mariadb.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.mariadb.from to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: { image: a } } }",
    'databases.mariadb.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.mariadb.from.image to what is accepted.',
  ],
  [
    "databases: { mongodb: { from: x } }",
    'databases.mongodb.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.mongodb.from to what is accepted.',
  ],
  [
    "databases: { mongodb: { from: { image: a } } }",
    'databases.mongodb.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.mongodb.from.image to what is accepted.',
  ],
  [
    "databases: { s3: { from: x } }",
    'databases.s3.from is "x"; accepted: a mapping with image or volumeSnapshot. Change databases.s3.from to what is accepted.',
  ],
  [
    "databases: { s3: { from: { image: a } } }",
    'databases.s3.from.image is "a"; accepted: an image by digest, such as ghcr.io/acme/shop@sha256:…. Change databases.s3.from.image to what is accepted.',
  ],
  [
    "databases: { s3: { enabled: false, from: { image: a@sha256:" + "0".repeat(64) + " } } }",
    "databases.s3.from is given for a database that is not enabled; accepted: from only with enabled: true. Enable the database, or remove from.",
  ],
  [
    "databases: { postgresql: { from: { volumeSnapshot: A } } }",
    'databases.postgresql.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.postgresql.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: { volumeSnapshot: A } } }",
    'databases.mariadb.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.mariadb.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { redis: { from: { volumeSnapshot: A } } }",
    'databases.redis.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.redis.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { mongodb: { from: { volumeSnapshot: A } } }",
    'databases.mongodb.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.mongodb.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { s3: { from: { volumeSnapshot: A } } }",
    'databases.s3.from.volumeSnapshot is "A"; accepted: the name of a snapshot of at most 63 lower-case letters, digits and dashes. Change databases.s3.from.volumeSnapshot to what is accepted.',
  ],
  [
    "databases: { redis: { from: x } }",
    'databases.redis.from is "x"; accepted: a mapping with volumeSnapshot. Change databases.redis.from to what is accepted.',
  ],
  [
    "databases: { mariadb: { from: {} } }",
    "databases.mariadb.from is without content; accepted: exactly one of image and volumeSnapshot. Add one of them.",
  ],
  [
    "databases: { mariadb: { from: { volumeSnapshot: a, image: a@sha256:" + "0".repeat(64) + " } } }",
    "databases.mariadb.from is an entry with image and volumeSnapshot; accepted: exactly one of image and volumeSnapshot. Keep one of them.",
  ],
  [
    "databases: { redis: { from: { volumeSnapshot: a }, seed: [SET a 1] } }",
    "databases.redis.from.volumeSnapshot is given beside seed; accepted: volumeSnapshot without seed, which is for an empty database. Remove seed, and do what it does in a job.",
  ],
  [
    "databases: { postgresql: { from: { volumeSnapshot: a }, bootstrap: { initSQL: [SELECT 1] } } }",
    "databases.postgresql.from.volumeSnapshot is given beside bootstrap; accepted: volumeSnapshot without bootstrap, which is for an empty database. Remove bootstrap, and do what it does in a job.",
  ],
  [
    "databases: { postgresql: { from: { volumeSnapshot: a }, operator: cloudnative-pg } }",
    "databases.postgresql.from.volumeSnapshot is given beside operator; accepted: from.image with an operator. Use an image, or leave operator out.",
  ],
];
