/*
 * What may be a secret in the wrong place. It errs on the side of hiding: a hidden harmless value costs a look into the file, a
 * shown secret in a CI log costs a rotation.
 */

/** Words in a variable's name that say its value is a secret. */
const NAME =
  /pass(word|wd|phrase)?(_|$)|pwd$|secret|token|credential|private|salt(_|$)|dsn$|api_?key|access_?key|(_|^)(key|auth|jwt|cert)$|encryption|signing/i;

/** Forms of well-known secrets, as their issuers document them, and an address with a password in it. */
const FORMS: readonly RegExp[] = [
  /^[a-z][a-z0-9+.-]*:\/\/[^\s/@]*:[^\s/@]+@/i,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /^eyJ[\w-]+\.[\w-]+\./,
  /\b(gh[opsur]_|github_pat_|glpat-|xox[abps]-|[sr]k_(live|test)_|sk-|AKIA|ASIA|AIza|npm_|SG\.)[\w-]{10,}/,
  /\bpassword\s*=?\s*['"]/i,
];

/** From how many characters on a text of mixed letters and digits without a space is taken for a random one. */
const RANDOM_LENGTH = 20;

/** Whether a variable of this name holds a secret, going by the name. */
export function isSecretName(name: string): boolean {
  return NAME.test(name);
}

/** Whether a text is a secret, going by its form: an address with a password, a known kind of key, or a random text. */
export function isSecretValue(value: string): boolean {
  return FORMS.some((form) => form.test(value)) || isRandom(value);
}

/** Letters and digits mixed, long, and neither a path nor an address nor a size. */
function isRandom(value: string): boolean {
  if (value.length < RANDOM_LENGTH || !/^[A-Za-z0-9+/=_-]+$/.test(value)) return false;
  const changes = value.match(/[a-z](?=\d)|\d(?=[a-z])|[a-z](?=[A-Z])|[A-Z](?=\d)|\d(?=[A-Z])/gi)?.length ?? 0;
  return changes >= value.length / 6;
}

/**
 * Whether what stands at a place of a config is kept out of every output: the value of an environment variable or of what should be
 * sealed, whatever it looks like, and anything else that looks like a secret.
 */
export function isHidden(path: readonly PropertyKey[], value: unknown): boolean {
  const keys = path.map(String);
  if (keys.some((key) => /^env(s|ironment)?$/i.test(key)) || keys[0] === "sealedSecrets") return true;
  if (typeof value !== "string") return false;
  // These name Secrets and where they are; nothing of what is in them stands there.
  const names = keys.includes("envFrom") || keys[0] === "externalSecrets";
  return isSecretValue(value) || (!names && isSecretName(keys.at(-1) ?? ""));
}
