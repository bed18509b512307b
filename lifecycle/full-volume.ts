import { ENGINES, ENGINE_TITLES, type Engine } from "../config/databases";
import { WRITABLE_DIR_SIZE } from "../config/limits";

/*
 * A full volume shows only in what programs write about it. The texts are those of the servers' sources: PostgreSQL's fd.c and md.c
 * (SQLSTATE 53100), MariaDB's errors 1021 and 1114, "Disk is full" of mysys/errors.c and InnoDB's operating system error 28, Redis's aof.c and
 * its answer MISCONF. Elsewhere it is ENOSPC or EDQUOT (errno(3)).
 */

/** What no space left looks like, whoever writes it. */
const NO_SPACE = /no space left on device|disk quota exceeded|\bENOSPC\b|\bEDQUOT\b/i;

/** What only one server or its answer says; found beside `NO_SPACE`, or enough by itself. */
const OF_ENGINE: readonly { engine: Engine; beside: RegExp; alone?: RegExp }[] = [
  {
    engine: "postgresql",
    beside: /could not (extend|write|create|open|access) |pg_wal|HINT: {2}Check free disk space|\b53100\b/,
  },
  {
    engine: "mariadb",
    beside: /InnoDB|Errcode: 28|errno: 28|Got error 28/,
    alone: /\bThe table '[^']*' is full|Disk full \(|Disk is full writing|\bER_RECORD_FILE_FULL\b/,
  },
  { engine: "redis", beside: /MISCONF|\bAOF\b|append only file/ },
];

/**
 * Which volume is full, and what to do, going by the last lines of a container's log.
 *
 * @param container Such as `app`, `migrate`, `postgresql`, `seed-postgresql`.
 * @returns undefined when they do not say that something is full.
 */
export function fullVolume(lines: readonly string[], container: string): string | undefined {
  const text = lines.join("\n");
  const noSpace = NO_SPACE.test(text);
  const own = ENGINES.find((engine) => container === engine);
  const named = OF_ENGINE.find(({ beside, alone }) => alone?.test(text) === true || (noSpace && beside.test(text)));
  const engine = (noSpace ? own : undefined) ?? named?.engine;
  if (engine !== undefined) {
    return `the volume ${engine}-data of ${ENGINE_TITLES[engine]} is full: raise databases.${engine}.storage in berth.yaml, which keeps the data, or keep less in it.`;
  }
  if (!noSpace) return undefined;
  return `a folder that ${container} writes to is full: /tmp and each of writableDirs holds ${WRITABLE_DIR_SIZE}.`;
}
