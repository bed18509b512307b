import assert from "node:assert/strict";
import { mkdtempSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  ensureExamplePackages,
  startApp,
  startPostgres,
  until,
  type PrivatePostgres,
  type RunningApp,
} from "../../examples/guestbook/test/support";
import { startBrowser, type TestBrowser } from "./browser";
import { visitGuestbook } from "./visit";

describe("the guestbook's page, served on loopback", function () {
  this.timeout(120_000);
  const pictures = mkdtempSync(join(tmpdir(), "berth-pictures-"));
  let postgres: PrivatePostgres;
  let app: RunningApp;
  let browser: TestBrowser | undefined;

  before(async () => {
    await ensureExamplePackages();
    postgres = await startPostgres();
    app = await startApp({
      DATABASE_URL: postgres.url,
      PR_NUMBER: "12",
      COMMIT_SHA: "c0ffee1234",
      BRANCH_NAME: "feature/tides",
    });
    await until("the app is healthy", async () => (await fetch(`${app.url}/health`)).ok);
  });
  afterEach(async () => {
    await browser?.close();
    browser = undefined;
  });
  after(async () => {
    await app.stop();
    await postgres.remove();
    console.log(`    pictures: ${pictures}`);
  });

  for (const scheme of ["light", "dark"] as const) {
    it(`can be signed in a browser (${scheme})`, async () => {
      browser = await startBrowser(scheme);
      const screenshot = join(pictures, `${scheme}.png`);
      const message = `Moored at ${scheme} o'clock & <safe>.\nThe tide was in.`;
      const words = { message: message.split("\n")[0] ?? "" };
      await visitGuestbook(browser.context, {
        url: app.url,
        pullRequest: "12",
        commit: "c0ffee1",
        screenshot,
        ...words,
      });
      assert.ok(statSync(screenshot).size > 10_000);
    });
  }

  it("keeps a visitor from sending an empty form", async () => {
    browser = await startBrowser();
    const page = await browser.context.newPage();
    await page.goto(app.url);
    await page.getByRole("button").click();
    assert.equal(await page.locator("input:invalid").count(), 1);
    assert.equal(page.url(), `${app.url}/`);
  });

  it("fits a phone", async () => {
    browser = await startBrowser();
    const page = await browser.context.newPage();
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(app.url);
    await page.screenshot({ path: join(pictures, "phone.png"), fullPage: true });
    const overflow = await page
      .locator("html")
      .evaluate((root: { scrollWidth: number; clientWidth: number }) => root.scrollWidth - root.clientWidth);
    assert.equal(overflow, 0, "nothing is wider than the screen");
  });

  it("looks like the same page when the database is away", async () => {
    browser = await startBrowser();
    await postgres.stop();
    const page = await browser.context.newPage();
    const response = await page.goto(app.url);
    assert.equal(response?.status(), 503);
    await page.getByRole("alert").filter({ hasText: "database cannot be reached" }).waitFor();
    await page.screenshot({ path: join(pictures, "without-database.png"), fullPage: true });
    await postgres.start();
  });
});
