import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium, type BrowserContext } from "playwright-core";

/** Debian's browser; a download of one by the test library is not wanted. */
const executablePath = "/usr/bin/chromium";

/** A browser with an empty profile of its own. */
export interface TestBrowser {
  context: BrowserContext;
  close(): Promise<void>;
}

/**
 * Starts a headless Chromium.
 *
 * @param colorScheme which of the page's two looks. @default "light"
 * @param certificate of a server, in PEM: its key is trusted besides what the system trusts, and no other. @default none
 */
export async function startBrowser(
  colorScheme: "light" | "dark" = "light",
  certificate?: string,
): Promise<TestBrowser> {
  const profile = mkdtempSync(join(tmpdir(), "berth-browser-"));
  const context = await chromium
    .launchPersistentContext(profile, {
      executablePath,
      headless: true,
      colorScheme,
      viewport: { width: 1100, height: 1000 },
      args: [
        // Chromium's own sandbox cannot be set up by root; the pages are our own.
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        ...(certificate === undefined ? [] : [`--ignore-certificate-errors-spki-list=${keyHash(certificate)}`]),
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    })
    .catch((error: unknown) => {
      rmSync(profile, { recursive: true, force: true });
      throw new Error(`${executablePath} did not start; apt-get install --no-install-recommends chromium`, {
        cause: error,
      });
    });
  return {
    context,
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}

/** Hash of a certificate's public key, as Chromium names keys. */
function keyHash(pem: string): string {
  const key = new X509Certificate(pem).publicKey.export({ format: "der", type: "spki" });
  return createHash("sha256").update(key).digest("base64");
}
