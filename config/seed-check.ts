import type { Engine } from "./engines";
import { ENGINES } from "./engines";
import { repeated } from "./problems";
import type { Finding } from "./problems";
import type { Config } from "./schema";
import { fromOf, seedOf } from "./seed";

/** What is wrong with what new databases start with, although each field is fine by itself. */
export function checkFirstData(config: Config): Finding[] {
  const { mongodb, s3 } = config.databases;
  return [
    ...ENGINES.flatMap((engine) => [...checkUse(config, engine, "seed"), ...checkUse(config, engine, "from")]),
    ...ENGINES.flatMap((engine) => {
      const from = fromOf(config.databases, engine);
      if (engine === "redis" || from === undefined) return [];
      const { image, volumeSnapshot } = from;
      return checkOne(["databases", engine, "from"], { image, volumeSnapshot });
    }),
    ...mongodb.seed.flatMap(({ documents, file }, index) =>
      checkOne(["databases", "mongodb", "seed", index], { documents, file }),
    ),
    ...s3.seed.flatMap(({ text, base64, file }, index) =>
      checkOne(["databases", "s3", "seed", index], { text, base64, file }),
    ),
    ...checkKeys(s3.seed.map(({ object }) => object)),
  ];
}

function checkUse({ databases }: Config, engine: Engine, field: "seed" | "from"): Finding[] {
  const path = ["databases", engine, field];
  const isGiven = field === "seed" ? seedOf(databases, engine).length > 0 : fromOf(databases, engine) !== undefined;
  if (!isGiven) return [];
  if (!databases[engine].enabled) {
    return [
      {
        path,
        value: "given for a database that is not enabled",
        accepted: `${field} only with enabled: true`,
        fix: `Enable the database, or remove ${field}.`,
      },
    ];
  }
  const { bootstrap, operator } = databases.postgresql;
  const isPostgresql = engine === "postgresql";
  const from = fromOf(databases, engine);
  if (field === "seed") {
    if (!isPostgresql || bootstrap.postInitApplicationSQL.length === 0) return [];
    return [afterBootstrap(path)];
  }
  if (from?.volumeSnapshot === undefined) {
    return isPostgresql && bootstrap.postInitApplicationSQL.length > 0 ? [afterBootstrap(path)] : [];
  }
  const beside = [
    ...(seedOf(databases, engine).length > 0 ? ["seed"] : []),
    ...(isPostgresql && bootstrap.initSQL.length + bootstrap.postInitApplicationSQL.length > 0 ? ["bootstrap"] : []),
    ...(isPostgresql && operator !== "none" ? ["operator"] : []),
  ];
  return beside.map((other) => ({
    path: [...path, "volumeSnapshot"],
    value: `given beside ${other}`,
    accepted:
      other === "operator"
        ? "from.image with an operator"
        : `volumeSnapshot without ${other}, which is for an empty database`,
    fix:
      other === "operator" ? "Use an image, or leave operator out." : `Remove ${other}, and do what it does in a job.`,
  }));
}

function afterBootstrap(path: readonly PropertyKey[]): Finding {
  return {
    path,
    value: "given beside bootstrap.postInitApplicationSQL, after which the database is not empty",
    accepted: "one of the two",
    fix: "Put the statements of bootstrap.postInitApplicationSQL at the beginning of seed.",
  };
}

/** An entry has its content in one place. */
function checkOne(path: readonly PropertyKey[], fields: Record<string, string | undefined>): Finding[] {
  const names = Object.keys(fields);
  const given = names.filter((name) => fields[name] !== undefined);
  if (given.length === 1) return [];
  return [
    {
      path,
      value: given.length === 0 ? "without content" : `an entry with ${given.join(" and ")}`,
      accepted: `exactly one of ${names.slice(0, -1).join(", ")} and ${names.at(-1) ?? ""}`,
      fix: given.length === 0 ? "Add one of them." : "Keep one of them.",
    },
  ];
}

/** Objects are put in as files, and the store keeps them as such: nothing is a file and a folder. */
function checkKeys(keys: readonly string[]): Finding[] {
  return keys.flatMap((key, index) => {
    const path = ["databases", "s3", "seed", index, "object"];
    if (keys.indexOf(key) !== index) return [repeated(path, key, "each key once")];
    const below = keys.find((other) => other.startsWith(`${key}/`));
    if (below === undefined) return [];
    return [
      {
        path,
        value: `"${key}", and there is "${below}"`,
        accepted: "a key that is not a folder of another",
        fix: "Rename one of the two.",
      },
    ];
  });
}
