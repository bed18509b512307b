import { chmod, chown, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { debianTree, treeInputs, writeAccounts } from "../debian-tree";
import { buildGo, goInputs, type GoProgram } from "../go-program";
import { repositoryPath } from "../root";
import type { Recipe } from "../types";

/** User and group id of the server, the same as in docker.io/library/mongo. */
const mongodbId = 999;

const packages = ["base-files", "bash", "coreutils", "dash", "grep", "libc-bin"];
const drop = ["etc/default", "etc/skel"];

/** FerretDB with SQLite; its store in PostgreSQL is left out. */
const program: GoProgram = {
  folder: "ferretdb",
  module: "github.com/FerretDB/FerretDB",
  package: "cmd/ferretdb",
  tags: ["ferretdb_no_postgresql"],
  files: {
    // FerretDB's own build makes it out of a Git tag, so that a downloaded module is without it; without it the server ends at once.
    "build/version/version.txt": { content: "v1.24.2\n" },
    // Users can be changed without a login too, as in MongoDB: so a forgotten password, or one that is to be another, can be set.
    "internal/handler/commands.go": {
      from: "\tif h.EnableNewAuth {\n\t\t// sorted alphabetically\n",
      to: "\t{\n\t\t// sorted alphabetically\n",
    },
  },
};

/** MongoDB's own tools, which docker.io/library/mongo has too: what fills a database, empties it into a file and asks what it has. */
const tools = ["mongoimport", "mongorestore", "mongodump", "mongoexport"].map((name): GoProgram => ({
  folder: "mongo-tools",
  module: "github.com/mongodb/mongo-tools",
  package: `${name}/main`,
  name,
  tags: [],
}));

/** FerretDB, a server of MongoDB's protocol, behaving like docker.io/library/mongo towards a pod. */
export async function ferretdbRecipe(): Promise<Recipe> {
  const entrypoint = repositoryPath("local/images/ferretdb/entrypoint.sh");
  return {
    name: "ferretdb",
    layers: [
      {
        label: "a shell for FerretDB",
        inputs: treeInputs({ packages, drop }),
        estimateSeconds: 10,
        shared: true,
        async fill(folder, { signal }) {
          await debianTree(folder, { packages, drop }, signal);
          await writeAccounts(folder, [{ name: "mongodb", id: mongodbId, home: "/data/db" }]);
          await mkdir(join(folder, "data/db"), { recursive: true });
          await chown(join(folder, "data/db"), mongodbId, mongodbId);
        },
      },
      {
        label: "FerretDB, compiled once",
        inputs: await goInputs(program),
        estimateSeconds: 150,
        shared: true,
        async fill(folder, { signal }) {
          await buildGo(program, folder, signal);
        },
      },
      {
        label: "MongoDB's tools, compiled once",
        inputs: (await Promise.all(tools.map(goInputs))).flat(),
        estimateSeconds: 90,
        shared: true,
        async fill(folder, { signal }) {
          for (const tool of tools) await buildGo(tool, folder, signal);
        },
      },
      {
        label: "FerretDB's entrypoint",
        inputs: [await readFile(entrypoint, "utf8")],
        estimateSeconds: 1,
        shared: false,
        async fill(folder) {
          await mkdir(join(folder, "usr/local/bin"), { recursive: true });
          await copyFile(entrypoint, join(folder, "usr/local/bin/docker-entrypoint.sh"));
          await chmod(join(folder, "usr/local/bin/docker-entrypoint.sh"), 0o755);
        },
      },
    ],
    config: {
      User: `${mongodbId}:${mongodbId}`,
      Env: ["PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"],
      Entrypoint: ["docker-entrypoint.sh"],
      Cmd: ["mongod"],
      ExposedPorts: { "27017/tcp": {} },
      StopSignal: "SIGTERM",
    },
  };
}
