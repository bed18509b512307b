import { checkMachine } from "../local/cluster/preflight";
import { clusterFolder } from "../local/cluster/spec";
import { ensureDebianPackages } from "../local/debian";
import { LocalError } from "../local/errors";
import { ensureImages } from "../local/images";
import { ensureToolchainWithProgress } from "../local/toolchain";

/*
 * Builds everything that the suites with an engine or a cluster need, before the first of them starts: a suite's time limit is not
 * spent on compiling. `--engine-only` leaves out what only real nodes need.
 */

const tell = (line: string) => process.stderr.write(`${line}\n`);

async function setUp(engineOnly: boolean): Promise<void> {
  const started = Date.now();
  const onInstall = (names: readonly string[]) => {
    tell(`installing Debian packages: ${names.join(", ")}`);
  };
  await checkMachine({
    nodes: engineOnly ? "simulated" : "real",
    folder: clusterFolder("test-setup"),
    install: true,
    onInstall,
  });
  if (engineOnly) {
    await ensureToolchainWithProgress({ parts: ["node", "engine"] });
  } else {
    await ensureDebianPackages({
      packages: [
        { name: "chromium", why: "opening the example's page in a browser", programs: ["/usr/bin/chromium"] },
        {
          name: "postgresql-15",
          why: "testing the example without a cluster",
          programs: ["/usr/lib/postgresql/15/bin/postgres"],
        },
        { name: "mariadb-server-core", why: "testing its image's entrypoint", programs: ["/usr/sbin/mariadbd"] },
        { name: "mariadb-client", why: "testing its image's entrypoint", programs: ["/usr/bin/mariadb"] },
        { name: "redis-server", why: "testing how it is started", programs: ["/usr/bin/redis-server"] },
      ],
      install: true,
      onInstall,
    });
    const [toolchain] = await Promise.all([
      ensureToolchainWithProgress(),
      ensureImages(["postgres", "mariadb", "redis", "ferretdb", "versitygw", "sealed-secrets", "guestbook"]),
    ]);
    await ensureImages(["pause", "coredns"], { berthNode: toolchain.berthNode });
  }
  tell(`set-up done in ${Math.round((Date.now() - started) / 1000)} s`);
}

setUp(process.argv.includes("--engine-only")).catch((error: unknown) => {
  tell(`error: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof LocalError && error.fix !== "") tell(`fix: ${error.fix}`);
  process.exitCode = 7;
});
