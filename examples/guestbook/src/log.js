/** Writes one line of JSON. Callers pass no request bodies, headers or queries: those may hold what is secret. */
export function log(level, message, fields = {}) {
  process.stdout.write(`${JSON.stringify({ time: new Date().toISOString(), level, message, ...fields })}\n`);
}

/** What of an error may be logged: the driver's codes and messages hold no password. */
export function describe(error) {
  return { error: error.message || error.code || String(error), code: error.code };
}
