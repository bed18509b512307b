// Mocha's "spec" output, and the counts and what failed as JSON in the file that BERTH_TEST_COUNTS names, for the sum over
// all suites.
const { writeFileSync } = require("node:fs");
const { reporters, Runner } = require("mocha");

module.exports = class CountingReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const details = [];
    const note = (kind, test, error) => details.push(`${kind}: ${test.fullTitle()}\n${error.stack ?? error.message}`);
    runner.on(Runner.constants.EVENT_TEST_FAIL, (test, error) => note("failed", test, error));
    // A test of a whole cluster may meet a machine that stands still for seconds. It gets a second try, and never silently.
    runner.on(Runner.constants.EVENT_TEST_RETRY, (test, error) => {
      note("second try", test, error);
      console.log(`    ↻ second try of "${test.fullTitle()}": ${error.message.split("\n")[0]}`);
    });
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures, pending } = runner.stats;
      const counts = { passed: passes, failed: failures + pending, details };
      writeFileSync(process.env.BERTH_TEST_COUNTS, JSON.stringify(counts));
    });
  }
};
