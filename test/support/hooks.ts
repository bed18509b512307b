import { closeTestCluster } from "./cluster";

/** Root hooks of the suites that use a cluster: mocha runs them around everything. */
export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(120_000);
    await closeTestCluster();
  },
};
