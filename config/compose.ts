import { readDockerfile } from "./dockerfile";
import { addHealthCheck, addPorts, addVariable, emptyDraft, unusable } from "./init-draft";
import type { Draft, Note } from "./init-draft";
import { YamlText } from "./load-document";

/** A text with what to call it in notes. */
export interface NamedText {
  text: string;
  source: string;
}

/** How a compose file is read. */
export interface ComposeOptions {
  /** Names of the databases that berth.yaml has. */
  engines: readonly string[];
  /** Service that is the app. @default the first one that is built and has ports, else built, else has ports, else the first */
  service?: string;
  /** Gives the Dockerfile of a service that is built, where there is one. */
  dockerfile?: (context: string, name: string) => NamedText | undefined;
}

type Mapping = Record<string, unknown>;

/** Images by which a database is known, under the name that k8s-ee.yaml and berth.yaml have for it. The last part of the name counts. */
const DATABASE_IMAGES: Readonly<Record<string, readonly string[]>> = {
  postgresql: ["postgres", "postgresql", "postgis", "pgvector", "timescaledb"],
  mariadb: ["mariadb", "mysql", "mysql-server"],
  mongodb: ["mongo", "mongodb", "mongodb-community-server"],
  redis: ["redis", "valkey", "redis-stack-server"],
  minio: ["minio"],
};

/** Why a key of a service is left out, where more can be said than that nothing corresponds to it. */
const REASONS: Readonly<Record<string, string>> = {
  build: "Berth does not build: give the image to `berth deploy --image`",
  cap_add: "no container of an environment gets capabilities",
  command: "put it into the image as CMD",
  configs: "put it into the image, or use envFrom with a ConfigMap",
  container_name: "Berth names what it makes",
  cpus: "set resources in berth.yaml",
  deploy: "set resources in berth.yaml; an environment has one replica",
  entrypoint: "put it into the image as ENTRYPOINT",
  env_file: "write what is no secret to env, and put the rest into a Secret that envFrom names",
  extends: "it is not followed, so that what it adds is missing here",
  include: "it is not followed, so that what it adds is missing here",
  mem_limit: "set resources in berth.yaml",
  mem_reservation: "set resources in berth.yaml",
  network_mode: "every environment has a network of its own",
  networks: "every environment has a network of its own",
  privileged: "no container of an environment is privileged",
  restart: "Kubernetes restarts what ends",
  secrets: "put them into a Secret that envFrom names",
  user: "Berth runs every app as a user without rights",
};

/** Why a key of a database's service is left out. */
const DATABASE_REASONS: Readonly<Record<string, string>> = {
  ...REASONS,
  command: "Berth starts the database with settings of its own",
  depends_on: "a database waits for nothing",
  environment: "Berth makes user, password and database itself and gives them to the app in variables",
  expose: "the app reaches it at its usual port",
  healthcheck: "Berth has its own",
  ports: "the app reaches it at its usual port",
  volumes:
    "Berth gives it a volume of its own; scripts for a new database belong into its bootstrap field where it has one",
};

/**
 * Reads what a compose file says about an app and its databases. Whatever has no counterpart is named in the notes; only
 * `version` and keys that begin with `x-` are not, which compose itself ignores.
 *
 * @param text the compose file's text
 * @param source what to call it in notes
 * @throws ConfigError when it is no compose file, or has no service of that name
 */
export function readCompose(text: string, source: string, options: ComposeOptions): Draft {
  return new ComposeReader(new YamlText(text, source, { merge: true }), options).read();
}

class ComposeReader {
  private readonly draft = emptyDraft();
  private readonly services: Readonly<Record<string, Mapping>>;
  private readonly file: Mapping;

  constructor(
    private readonly yaml: YamlText,
    private readonly options: ComposeOptions,
  ) {
    const file = yaml.value();
    const services = isMapping(file) ? file["services"] : undefined;
    if (!isMapping(file) || !isMapping(services) || Object.keys(services).length === 0) {
      throw unusable(
        yaml.source,
        "without services",
        "a compose file",
        "Give a compose file or a Dockerfile with --from.",
      );
    }
    const wrong = Object.entries(services).find(([, service]) => !isMapping(service));
    if (wrong !== undefined) {
      throw unusable(
        yaml.source,
        `with services.${wrong[0]} that is no mapping`,
        "a compose file",
        "Correct it; `docker compose config` checks it.",
      );
    }
    this.file = file;
    this.services = services as Record<string, Mapping>;
  }

  read(): Draft {
    const { name } = this.file;
    if (typeof name === "string") this.draft.name = this.resolve(name, ["name"]) ?? name;
    for (const key of Object.keys(this.file)) {
      if (["services", "name", "version"].includes(key) || key.startsWith("x-")) continue;
      this.note("left out", [key], `${key}: ${key === "volumes" ? "Berth makes its own" : (REASONS[key] ?? NOTHING)}`);
    }
    const app = this.chooseApp();
    for (const name of Object.keys(this.services)) {
      if (name === app) continue;
      const engine = this.engineOf(name);
      if (engine !== undefined) this.readDatabase(name, engine);
      else {
        const more = this.known(name)
          ? `Berth has ${list(this.options.engines)}`
          : `an environment has one app; --service ${name} chooses this one`;
        this.note("left out", ["services", name], `service ${name}: ${more}`);
      }
    }
    if (app === undefined)
      this.note("warning", ["services"], "no service looks like the app: only databases are taken over");
    else this.readApp(app);
    return this.draft;
  }

  private chooseApp(): string | undefined {
    const { service } = this.options;
    const names = Object.keys(this.services);
    if (service !== undefined) {
      if (names.includes(service)) return service;
      throw unusable(
        this.yaml.source,
        `without a service "${service}"`,
        `one of ${names.join(", ")}`,
        "Name one of them with --service.",
      );
    }
    const score = (name: string) =>
      ("build" in (this.services[name] ?? {}) ? 2 : 0) + ("ports" in (this.services[name] ?? {}) ? 1 : 0);
    return names.filter((name) => !this.known(name)).sort((a, b) => score(b) - score(a))[0];
  }

  /** Whether a service is a database by its image, whether or not berth.yaml has it. */
  private known(service: string): boolean {
    return this.engineAmong(service, [...Object.keys(DATABASE_IMAGES), ...this.options.engines]) !== undefined;
  }

  /** The database that a service is, of those that berth.yaml has. */
  private engineOf(service: string): string | undefined {
    return this.engineAmong(service, this.options.engines);
  }

  private engineAmong(service: string, engines: readonly string[]): string | undefined {
    const { image, build } = this.services[service] ?? {};
    if (typeof image !== "string" || build !== undefined) return undefined;
    const { base } = imageParts(this.resolve(image, ["services", service, "image"], true) ?? image);
    return engines.find((engine) => engine === base || (DATABASE_IMAGES[engine] ?? []).includes(base));
  }

  private readDatabase(name: string, engine: string): void {
    const path = ["services", name];
    const service = this.services[name] ?? {};
    const { base, tag } = imageParts(this.resolve(String(service["image"]), [...path, "image"]) ?? "");
    if (this.draft.databases[engine] !== undefined) {
      this.note("left out", path, `service ${name}: an environment has one ${engine}`);
      return;
    }
    this.draft.databases[engine] = { versions: versionsOf(tag), place: this.placeOf([...path, "image"]) };
    if (base === "mysql" || base === "mysql-server") {
      this.note(
        "warning",
        [...path, "image"],
        "MySQL becomes MariaDB: most clients work with both, not every statement does",
      );
      this.draft.databases[engine].versions = [];
    } else if (base === "valkey") {
      this.note("remark", [...path, "image"], "Valkey becomes Redis: clients work with both");
      this.draft.databases[engine].versions = [];
    } else if (engine === "minio") {
      this.note(
        "remark",
        [...path, "image"],
        "MinIO becomes another S3-compatible object store: clients work with both",
      );
      this.draft.databases[engine].versions = [];
    } else if (["postgis", "pgvector", "timescaledb", "redis-stack-server"].includes(base)) {
      this.note(
        "warning",
        [...path, "image"],
        `the image ${base} brings extensions that Berth's ${engine} may not have`,
      );
    }
    for (const key of Object.keys(service)) {
      if (key === "image" || key.startsWith("x-")) continue;
      this.note("left out", [...path, key], `${key} of ${name}: ${DATABASE_REASONS[key] ?? NOTHING}`);
    }
  }

  private readApp(name: string): void {
    const service = this.services[name] ?? {};
    const readers: Record<string, (value: unknown, path: string[]) => void> = {
      image: (value, path) => this.readImage(String(value), path, "build" in service),
      build: (_, path) => this.note("remark", path, `build: ${REASONS["build"] ?? ""}`),
      ports: (value, path) => this.readPorts(value, path),
      expose: (value, path) => this.readPorts(value, path),
      environment: (value, path) => this.readEnvironment(value, path),
      depends_on: (value, path) => this.readDependencies(value, path),
      healthcheck: (value, path) => this.readHealthCheck(value, path),
      volumes: (value, path) => this.readVolumes(value, path),
      tmpfs: (value, path) => {
        for (const each of asList(value)) this.writable(String(each).split(":")[0] ?? "", path);
      },
    };
    // Ports first: what else names a port is compared with them.
    const keys = Object.keys(service).sort((a, b) => Number(b === "ports") - Number(a === "ports"));
    for (const key of keys) {
      const path = ["services", name, key];
      const reader = readers[key];
      if (reader !== undefined) reader(service[key], path);
      else if (!key.startsWith("x-")) this.note("left out", path, `${key} of ${name}: ${REASONS[key] ?? NOTHING}`);
    }
    this.readBuild(service["build"], ["services", name, "build"]);
  }

  private readBuild(build: unknown, path: string[]): void {
    if (build === undefined) return;
    const { context = ".", dockerfile = "Dockerfile", target } = isMapping(build) ? build : { context: build };
    if (typeof context !== "string" || typeof dockerfile !== "string") return;
    const file = this.options.dockerfile?.(
      this.resolve(context, path) ?? context,
      this.resolve(dockerfile, path) ?? dockerfile,
    );
    if (file === undefined) return;
    readDockerfile(file.text, file.source, typeof target === "string" ? target : undefined, this.draft);
  }

  private readImage(image: string, path: string[], isBuilt: boolean): void {
    const { repository } = imageParts(this.resolve(image, path) ?? "");
    const [host = ""] = repository.split("/");
    if (repository.includes("/") && /[.:]|^localhost$/.test(host)) this.draft.repository = repository;
    else if (!isBuilt) {
      this.note("left out", path, `image ${image}: set image.repository to accept images only from one registry`);
    }
  }

  private readPorts(value: unknown, path: string[]): void {
    const ports = asList(value).flatMap((port, index) => {
      const at = [...path, String(index)];
      const { target, protocol = "tcp" } = isMapping(port) ? port : {};
      const text = isMapping(port) ? `${String(target)}/${String(protocol)}` : this.resolve(String(port), at);
      return text === undefined ? [] : [{ text: text.slice(text.lastIndexOf(":") + 1), place: this.placeOf(at) }];
    });
    addPorts(this.draft, ports);
  }

  private readEnvironment(value: unknown, path: string[]): void {
    const pairs = isMapping(value)
      ? Object.entries(value).map(([name, inner]) => ({ name, value: inner, at: [...path, name] }))
      : asList(value).map((entry, index) => {
          const [name = "", ...rest] = String(entry).split("=");
          return { name, value: rest.length === 0 ? null : rest.join("="), at: [...path, String(index)] };
        });
    for (const { name, value: given, at } of pairs) {
      if (typeof given !== "string" && typeof given !== "number" && typeof given !== "boolean") {
        this.note("left out", at, `${name}: its value comes from the shell that runs compose`);
        continue;
      }
      // A secret is known by its text before variables are filled in too, so that neither form is ever told.
      const text = this.resolve(String(given), at, false, name);
      if (text === undefined) continue;
      const host = this.serviceIn(text);
      if (name === "PORT" && /^\d+$/.test(text)) this.readPortVariable(Number(text), at);
      else if (host !== undefined) {
        const engine = this.engineOf(host);
        const instead =
          engine === undefined ? "which is not there" : `Berth gives the address of ${engine} in variables`;
        this.note("left out", at, `${name}: it names the service ${host}; ${instead}`);
      } else addVariable(this.draft, name, text, this.placeOf(at));
    }
  }

  private readPortVariable(port: number, at: string[]): void {
    this.draft.port ??= port;
    const differs = port === this.draft.port ? "" : `; it was ${port}, app.port is ${this.draft.port}`;
    this.note(differs === "" ? "remark" : "warning", at, `PORT: Berth sets it to app.port${differs}`);
  }

  /** The service whose name is the host that a value names: alone, with a port, or in an address. */
  private serviceIn(value: string): string | undefined {
    const [, host] =
      /^[a-z][a-z0-9+.-]*:\/\/(?:[^@/]*@)?([^:/?#]+)/i.exec(value) ?? /^([A-Za-z0-9._-]+)(?::\d+)?$/.exec(value) ?? [];
    return host !== undefined && Object.hasOwn(this.services, host) ? host : undefined;
  }

  private readDependencies(value: unknown, path: string[]): void {
    const conditions = isMapping(value) ? value : Object.fromEntries(asList(value).map((name) => [String(name), {}]));
    for (const [name, detail] of Object.entries(conditions)) {
      if (this.engineOf(name) !== undefined) continue;
      const ends = isMapping(detail) && detail["condition"] === "service_completed_successfully";
      this.note(
        ends ? "warning" : "left out",
        [...path, name],
        ends
          ? `depends_on ${name}: have the app do at its start what that service does before it`
          : `depends_on ${name}: the service is not there`,
      );
    }
  }

  private readHealthCheck(value: unknown, path: string[]): void {
    if (!isMapping(value)) return;
    const { test, disable, ...times } = value;
    const words = asList(test).map(String);
    this.draft.hasHealthCheck = true;
    if (disable !== true && words.length > 0 && words[0] !== "NONE") {
      const command = this.resolve(words.join(" "), [...path, "test"]);
      if (command !== undefined) addHealthCheck(this.draft, command, this.placeOf([...path, "test"]));
    }
    const names = Object.keys(times);
    if (names.length > 0) {
      this.note("left out", path, `${names.join(", ")} of the health check: Berth has times of its own`);
    }
  }

  private readVolumes(value: unknown, path: string[]): void {
    asList(value).forEach((volume, index) => {
      const at = [...path, String(index)];
      const text = isMapping(volume) ? "" : this.resolve(String(volume), at);
      if (text === undefined) return;
      const [first = "", second] = text.split(":");
      const { type, source, target } = isMapping(volume)
        ? volume
        : { type: undefined, source: second === undefined ? undefined : first, target: second ?? first };
      if (type === "bind" || /^[./~]/.test(typeof source === "string" ? source : "")) {
        this.note("left out", at, `volume ${String(source)}: a folder of the machine; put its files into the image`);
      } else this.writable(String(target), at);
    });
  }

  private writable(path: string, at: string[]): void {
    this.draft.writableDirs.push({ path, place: this.placeOf(at) });
  }

  /**
   * Fills in the defaults of compose's variables.
   *
   * @param name what to call the value when one has no default. @default the last key of the path
   * @returns undefined when one has no default, which is noted
   */
  private resolve(text: string, path: string[], silently = false, name = path.at(-1)): string | undefined {
    const { text: resolved, missing } = interpolate(text);
    if (missing.length === 0) return resolved;
    if (!silently) {
      this.note("left out", path, `${String(name)}: it needs ${list(missing)} of the shell that runs compose`);
    }
    return undefined;
  }

  private note(kind: Note["kind"], path: readonly string[], text: string): void {
    this.draft.notes.push({ kind, place: this.placeOf(path), text });
  }

  private placeOf(path: readonly string[]): string {
    return `${this.yaml.source}:${this.yaml.place(path, true).line}`;
  }
}

const NOTHING = "Berth has nothing that corresponds to it";

/**
 * Replaces variables as compose does: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME-default}`, `${NAME:?error}`,
 * `${NAME:+other}`, and `$$` for a dollar sign. No variable has a value here, so that defaults are taken.
 *
 * Source: https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md
 *
 * @returns the text, and the variables that have no default
 */
export function interpolate(text: string): { text: string; missing: string[] } {
  let result = "";
  const missing: string[] = [];
  let rest = text;
  for (let at = rest.indexOf("$"); at >= 0; at = rest.indexOf("$")) {
    result += rest.slice(0, at);
    rest = rest.slice(at + 1);
    const plain = /^[A-Za-z_]\w*/.exec(rest)?.[0];
    if (plain !== undefined) {
      missing.push(plain);
      rest = rest.slice(plain.length);
    } else if (rest.startsWith("{")) {
      const end = closingBrace(rest);
      const [, name = "", operator, word = ""] = /^(\w*)(?::?([-?+])(.*))?/s.exec(rest.slice(1, end)) ?? [];
      if (operator === "-") {
        const inner = interpolate(word);
        result += inner.text;
        missing.push(...inner.missing);
      } else if (operator !== "+") missing.push(name);
      rest = rest.slice(end + 1);
    } else {
      result += "$";
      if (rest.startsWith("$")) rest = rest.slice(1);
    }
  }
  return { text: result + rest, missing };
}

/** Where the brace that a text begins with is closed; its end when it is not. */
function closingBrace(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "{") depth++;
    if (text[index] === "}" && --depth === 0) return index;
  }
  return text.length;
}

/** The parts of an image's name: `ghcr.io/acme/shop`, `shop`, `1.2`. */
function imageParts(image: string): { repository: string; base: string; tag: string } {
  const [name = ""] = image.split("@");
  const [, repository = name, tag = ""] = /^(.*?)(?::([^:/]+))?$/s.exec(name) ?? [];
  return { repository, base: repository.slice(repository.lastIndexOf("/") + 1), tag };
}

/** The version that a tag names, from exact to rough: `11.4.2-noble` gives 11.4.2, 11.4 and 11. */
function versionsOf(tag: string): string[] {
  const [version] = /^\d+(\.\d+)*/.exec(tag) ?? [];
  const parts = version?.split(".") ?? [];
  return parts.map((_, index) => parts.slice(0, parts.length - index).join("."));
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asList(value: unknown): unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${String(words.at(-1))}`;
}
