import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { entropyOf, findSecrets } from "./secret-values";

const harmless = JSON.parse(readFileSync(join(__dirname, "harmless-values.json"), "utf8")) as [string, string][];

/** What a text of a name looks like, if it looks like a secret. */
async function kindOf(text: string, name = "X"): Promise<string | undefined> {
  const [finding] = await findSecrets([{ place: "here", name, text }]);
  return finding?.kind;
}

/** Random texts that are the same in every run. */
function random(seed: string, encoding: "base64" | "base64url" | "hex"): string {
  return createHash("sha256").update(seed).digest(encoding);
}

describe("secrets among values", () => {
  it(`are none of 500 harmless values`, async () => {
    assert.equal(new Set(harmless.map((pair) => JSON.stringify(pair))).size, 500);
    const values = harmless.map(([name, text]) => ({ place: name, name, text }));
    const found = await findSecrets(values);
    assert.deepEqual(
      found.map(({ value, kind }) => `${value.name}=${value.text}: ${kind}`),
      [],
    );
  });

  it("are none of the harmless values one by one, where no other one is near", async () => {
    for (const [name, text] of harmless) assert.equal(await kindOf(text, name), undefined, `${name}=${text}`);
  });

  // Each is put together from parts, so that no scanner takes this file for a leak.
  const known: Record<string, string[]> = {
    "an access key of AWS": ["AKIA", "IOSFODNN7ABCDEFG"],
    "a token of GitHub": ["ghp_", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"],
    "a token of GitLab": ["glpat-", "abcdefghijklmnopqrst"],
    "a token of npm": ["npm_", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"],
    "a token of Slack": ["xoxb-", "123456789012-1234567890123-abcdefghijklmnopqrstuvwx"],
    "a key of Stripe": ["sk_live_", "abcdefghijklmnopqrstuvwx"],
    "a private key": [
      "-----BEGIN RSA PRIVATE",
      ` KEY-----\n${"MIIEpAIBAAKCAQEA04up8hoqzS1".repeat(20)}\n-----END RSA PRIVATE KEY-----`,
    ],
    "an address with a password": ["https://user:passw0rdd", "@example.com/x"],
    "an address of a database with a password": ["postgresql://app:hunter2secret", "@db:5432/app"],
  };
  for (const [title, parts] of Object.entries(known)) {
    it(`are known by their format: ${title}`, async () => {
      assert.match((await kindOf(parts.join(""))) ?? "nothing", / \([a-z-]+\)$/);
    });
  }

  it("are known by how random they are, but for few that look like paths", async () => {
    const texts = Array.from({ length: 200 }, (_, index) =>
      random(`${index}`, index % 2 === 0 ? "base64" : "base64url"),
    );
    const kinds = await Promise.all(texts.map((text) => kindOf(text)));
    const known = kinds.filter((kind) => kind === "a random text").length;
    assert.ok(known >= 195, `${known} of 200`);
  });

  it("are known in hexadecimal where the name says so", async () => {
    for (let index = 0; index < 100; index++) {
      const text = random(`${index}`, "hex");
      assert.ok(await kindOf(text, "SESSION_SECRET"), text);
      assert.equal(await kindOf(text, "COMMIT_SHA"), undefined);
    }
  });

  it("are passwords by their name alone", async () => {
    for (const name of ["PASSWORD", "DB_PASSWORD", "smtpPassword", "redis-password", "auth.password"]) {
      assert.equal(await kindOf("hunter", name), "a password, by its name", name);
    }
    assert.equal(await kindOf("hunter", "PASSWORD_FILE"), undefined);
  });

  it("are told once for each value, without the value", async () => {
    const text = ["ghp_", "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"].join("");
    const values = ["a", "b"].map((name) => ({ place: name, name, text: `${text} ${text}` }));
    const found = await findSecrets(values);
    assert.deepEqual(
      found.map(({ value }) => value.place),
      ["a", "b"],
    );
    assert.ok(found.every(({ kind }) => !kind.includes(text)));
  });
});

describe("entropy", () => {
  it("is that of Shannon", () => {
    assert.equal(entropyOf("aaaa"), 0);
    assert.equal(entropyOf("abab"), 1);
    assert.equal(entropyOf("0123456789abcdef"), 4);
  });
});
