import type { z } from "zod";
import { findingsOf, formatPath } from "../problems";
import type { Finding } from "../problems";
import { SECRETS } from "./schema";
import type { Top } from "./schema";
import type { RepositoryConfig } from "./types";

/** An ID of a repository is of use only with the owner's, and the other way round. */
export function lonelyIds(ownerId: number | undefined, repositories: readonly RepositoryConfig[]): Finding[] {
  const withId = repositories.filter(({ id }) => id !== undefined);
  if (ownerId === undefined) {
    return withId.map(({ placeOf }) => ({
      path: placeOf(["id"]),
      value: "given without ownerId",
      accepted: "both IDs or none, as OIDC tokens carry both",
      fix: "Add ownerId, or remove id.",
    }));
  }
  if (withId.length > 0) return [];
  const fix = "Add the id of each repository whose tokens carry IDs, or remove ownerId.";
  return [{ path: ["ownerId"], value: "given although no repository has an id", accepted: "both IDs or none", fix }];
}

/** Slowest pause that is still a pause: a minute. */
const MAX_DELAY_MS = 60_000;
/** 80 requests that create something in a minute (GitHub docs, "Rate limits for the REST API": secondary rate limits). */
const MIN_DELAY_MS = 750;

export function contradictions({ baseUrl, writeDelayMs, ownerId, appAuth }: Partial<Top>): Finding[] {
  const findings: Finding[] = [];
  if (baseUrl !== undefined && !isBaseUrl(baseUrl)) {
    findings.push({
      path: ["baseUrl"],
      value: `"${baseUrl}"`,
      accepted: "an https URL that ends in /, without user and query; http on this machine only",
      fix: "Write it as https://github.example.com/, or remove it for github.com.",
    });
  }
  const least = baseUrl === undefined ? MIN_DELAY_MS : 0;
  if (writeDelayMs !== undefined && !(writeDelayMs >= least && writeDelayMs <= MAX_DELAY_MS)) {
    findings.push({
      path: ["writeDelayMs"],
      value: String(writeDelayMs),
      accepted: `${least} to ${MAX_DELAY_MS} milliseconds${least > 0 ? ", so that GitHub's 80 writes a minute are kept" : ""}`,
      fix: "Remove it for 1000.",
    });
  }
  for (const [path, id] of [
    [["ownerId"], ownerId],
    [["appAuth", "id"], appAuth?.id],
    [["appAuth", "installationId"], appAuth?.installationId],
  ] as const) {
    if (id === undefined || /^[1-9]\d{0,15}$/.test(String(id))) continue;
    const fix = "Take it from GitHub's API or the App's page.";
    findings.push({ path, value: JSON.stringify(id), accepted: "a whole number from 1", fix });
  }
  return findings;
}

function isBaseUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash, pathname } = new URL(text);
  const isHere = ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
  const isPlain = username === "" && password === "" && search === "" && hash === "";
  return (
    isPlain &&
    pathname.endsWith("/") &&
    text.endsWith("/") &&
    (protocol === "https:" || (isHere && protocol === "http:"))
  );
}

/** Zod's issues as findings, without values that may be secrets in the wrong place. */
export function tell(issues: readonly z.core.$ZodIssue[], input: unknown, schema: z.ZodType): Finding[] {
  return findingsOf(issues, input, schema).map((finding) => {
    const secretsAt = finding.path.lastIndexOf("secrets");
    if (secretsAt >= 0) return tellSecret(finding, secretsAt);
    const isHidden = finding.path.includes("variables") && finding.value !== "missing";
    return isHidden && finding.atKey !== true ? { ...finding, value: "a value not shown here" } : finding;
  });
}

/** What stands under `secrets` and is not a name is most likely a secret itself. */
function tellSecret(finding: Finding, at: number): Finding {
  if (finding.path.length - 1 > at && finding.atKey === true) return finding;
  const isEntry = finding.path.length - 1 > at;
  return {
    path: finding.path,
    value: isEntry ? "not a name, and not shown here in case it is a secret" : "secrets in plain text, not shown here",
    accepted: isEntry ? finding.accepted : SECRETS,
    fix: "Leave names only, and set each value with: pulumi config set --secret berth:githubSecret-NAME",
  };
}

/** One problem of the defaults would be told once for each repository. */
export function withoutRepeats(findings: readonly Finding[]): Finding[] {
  const seen = new Set<string>();
  return findings.filter(({ path, value }) => {
    const key = `${formatPath(path)} ${value}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
