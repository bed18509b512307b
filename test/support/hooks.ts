import { closeTestCluster } from "./cluster";

// The runner of the suites was killed: what it started must not go on, as the next run takes its clusters down.
process.once("disconnect", () => process.exit(1));

/** Root hooks of the suites that use a cluster: mocha runs them around everything. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(120_000);
    await closeTestCluster();
  },
};
