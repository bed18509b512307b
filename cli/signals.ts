import { ExitCode } from "../lifecycle/errors";
import type { Stops } from "../lifecycle/progress";

/** A terminal's Ctrl-C and a parent that passes it on may both arrive: within this time they are one. Milliseconds. */
const sameKeystroke = 500;

/** After everything has been killed, a clean end may take this long. Milliseconds. */
const lastWords = 10_000;

/**
 * Turns Ctrl-C, SIGTERM and SIGHUP into a clean stop, and a second one into an end at once.
 *
 * @param onStop Called at the first, to tell the user.
 */
export function watchSignals(onStop: () => void): Required<Stops> {
  const stop = new AbortController();
  const kill = new AbortController();
  let first = 0;
  const received = () => {
    const now = Date.now();
    if (!stop.signal.aborted) {
      first = now;
      onStop();
      stop.abort();
    } else if (now - first > sameKeystroke && !kill.signal.aborted) {
      kill.abort();
      setTimeout(() => process.exit(ExitCode.interrupted), lastWords).unref();
    }
  };
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, received);
  return { signal: stop.signal, kill: kill.signal };
}
