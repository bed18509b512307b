import assert from "node:assert/strict";

import type { BrowserContext, Page } from "playwright-core";

/** What a visitor of the guestbook's page does and has to see. */
export interface Visit {
  url: string;
  pullRequest: string;
  /** First seven characters of the commit. */
  commit: string;
  /** What this visitor writes; nobody else may have written it. */
  message: string;
  /** PNG file of the page after the entry. */
  screenshot: string;
}

/**
 * Opens the page, signs it, and finds the entry again after a reload. Fails for any script error, failed request or
 * refusal by the page's own security policy.
 */
export async function visitGuestbook(context: BrowserContext, visit: Visit): Promise<void> {
  const page = await context.newPage();
  const complaints = listen(page);
  const response = await page.goto(visit.url);
  assert.equal(response?.status(), 200);
  assert.match(await page.title(), new RegExp(`Guestbook.*#${visit.pullRequest}`));
  const facts = await page.locator("dl").innerText();
  assert.match(facts, new RegExp(`#${visit.pullRequest}\\b`));
  assert.match(facts, new RegExp(visit.commit));
  assert.notEqual(await page.locator("button").evaluate(styleOf), "rgba(0, 0, 0, 0)", "the style sheet is not applied");

  await page.getByLabel("Your name").fill("Ada <b>Lovelace</b>");
  await page.getByLabel("Message").fill(visit.message);
  await page.getByRole("button").click();
  const entry = page.getByRole("listitem").filter({ hasText: visit.message });
  await entry.waitFor();
  await page.reload();
  assert.equal(await entry.count(), 1, "one entry, also after a reload");
  assert.match(await entry.innerText(), /Ada <b>Lovelace<\/b>/);
  await page.screenshot({ path: visit.screenshot, fullPage: true });
  assert.deepEqual(complaints, []);
  await page.close();
}

function styleOf(element: object): string {
  return (globalThis as unknown as { getComputedStyle(of: object): { backgroundColor: string } }).getComputedStyle(
    element,
  ).backgroundColor;
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`);
  });
  page.on("requestfailed", (request) => complaints.push(`${request.url()} ${request.failure()?.errorText ?? ""}`));
  return complaints;
}
