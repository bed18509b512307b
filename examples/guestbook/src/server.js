/* global AbortController */
import { setTimeout as sleep } from "node:timers/promises";

import { createApp } from "./app.js";
import { Database } from "./database.js";
import { describe, log } from "./log.js";
import { readSettings } from "./settings.js";

/** How long requests under way may take after SIGTERM; shorter than the grace period of preview pods. */
const shutdownMilliseconds = 4000;

function start(settings) {
  const stopping = new AbortController();
  const database = new Database(settings.database);
  const server = createApp({ database, about: settings.about });
  server.on("error", (error) => {
    log("error", "cannot listen", { port: settings.port, ...describe(error) });
    process.exit(1);
  });
  server.listen(settings.port, settings.host, () => log("info", "listening", { port: server.address().port }));

  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.once(signal, () => {
      log("info", "stopping", { signal });
      stopping.abort();
      server.close(() => database.close().then(() => log("info", "stopped")));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), shutdownMilliseconds).unref();
    });
  }
  return migrateUntilDone(database, stopping.signal);
}

/** The database may come up after the app; health says "starting" until its schema is right. */
async function migrateUntilDone(database, signal) {
  for (let pause = 200; !signal.aborted; pause = Math.min(pause * 2, 5000)) {
    try {
      log("info", "schema is up to date", await database.migrate());
      return;
    } catch (error) {
      log("warn", "database is not ready; trying again", { pauseMilliseconds: pause, ...describe(error) });
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
}

try {
  await start(readSettings(process.env));
} catch (error) {
  log("error", "cannot start", describe(error));
  process.exitCode = 1;
}
