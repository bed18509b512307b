import { readFileSync } from "node:fs";

/** What the image was built as; absent when the app runs from its sources. */
function builtVersion() {
  try {
    return JSON.parse(readFileSync(new URL("./build.json", import.meta.url), "utf8")).version;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** A whole number from a variable, or the default. */
function wholeNumber(env, name, fallback, least, most) {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new Error(`${name} is "${text}": accepted is a whole number from ${least} to ${most}`);
  }
  return value;
}

/**
 * Reads the settings from the environment; Berth injects all of them.
 *
 * @param {Record<string, string | undefined>} env
 */
export function readSettings(env) {
  const timeouts = {
    connectionTimeoutMillis: 3000,
    query_timeout: 5000,
    statement_timeout: 5000,
    idleTimeoutMillis: 30000,
  };
  return {
    host: env.HOST || undefined,
    port: wholeNumber(env, "PORT", 3000, 0, 65535),
    // Without a connection string the driver itself reads PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
    database: { ...(env.DATABASE_URL ? { connectionString: env.DATABASE_URL } : {}), max: 5, ...timeouts },
    about: {
      pullRequest: env.PR_NUMBER || undefined,
      commit: env.COMMIT_SHA || undefined,
      branch: env.BRANCH_NAME || undefined,
      build: builtVersion() ?? env.APP_VERSION ?? undefined,
    },
  };
}
