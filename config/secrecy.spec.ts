import assert from "node:assert/strict";
import { isHidden, isSecretName, isSecretValue } from "./secrecy";

describe("what may be a secret", () => {
  it("goes by a variable's name", () => {
    for (const name of [
      "DB_PASSWORD",
      "PGPASSWORD",
      "API_KEY",
      "apiKey",
      "STRIPE_KEY",
      "SESSION_SECRET",
      "GITHUB_TOKEN",
    ]) {
      assert.ok(isSecretName(name), name);
    }
    for (const name of ["LOG_LEVEL", "KEYBOARD", "PASSENGERS", "NODE_ENV", "MONKEY", "FEATURE_X"]) {
      assert.ok(!isSecretName(name), name);
    }
  });

  it("goes by a value's form", () => {
    for (const value of [
      "postgres://app:hunter2@db:5432/app",
      "redis://:hunter2@cache",
      "sk_live_abcdefghijklmnop",
      "ghp_abcdefghijklmnopqrst",
      "AKIAIOSFODNN7EXAMPLE",
      "eyJhbGciOi.eyJzdWIi.sig",
      "-----BEGIN RSA PRIVATE KEY-----\nx",
      "9f86d081884c7d659a2feaa0c55ad015",
      "CREATE USER app PASSWORD 'hunter2'",
    ]) {
      assert.ok(isSecretValue(value), value);
    }
    for (const value of [
      "debug",
      "3000",
      "https://api.example.com/v1?x=1",
      "ghcr.io/acme/shop",
      "/var/lib/data",
      "en_US.UTF-8",
    ]) {
      assert.ok(!isSecretValue(value), value);
    }
  });

  it("is every value under env, and what looks like one elsewhere; never the name of a Secret", () => {
    assert.ok(isHidden(["env", "LOG_LEVEL"], "debug"));
    assert.ok(isHidden(["services", 0, "environment", "A"], 1));
    assert.ok(isHidden(["app", "password"], "x"));
    assert.ok(isHidden(["sealedSecrets", "stripe", "KEY"], "forgot to seal"));
    assert.ok(!isHidden(["app", "port"], 3000));
    assert.ok(!isHidden(["envFrom", 0, "secretRef", "name"], "stripe"));
    assert.ok(!isHidden(["services", 0, "envFrom", 0, "secretRef"], "stripe"));
    assert.ok(isHidden(["services", 0, "env", "LEVEL"], "debug"));
    assert.ok(!isHidden(["externalSecrets", "mail", "data", "MAIL_KEY", "key"], "shop/mail"));
  });
});
