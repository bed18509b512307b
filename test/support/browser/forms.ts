import { request as requestPlain } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { request as requestTls } from "node:https";

/*
 * As much of a browser as a log-in takes: it keeps cookies by host, follows redirects, and fills in forms. It speaks only to addresses
 * that the test names.
 */

/** A cookie that a browser keeps. */
export interface Cookie {
  name: string;
  value: string;
  path: string;
  /** As they came, such as `Path=/; HttpOnly`. */
  attributes: string;
}

/** A page, after all redirects. */
export interface Page {
  url: URL;
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  /** Every URL on the way, the first and the last included. */
  way: string[];
}

/** A browser with an empty jar of cookies. */
export class FormBrowser {
  private readonly jars = new Map<string, Cookie[]>();

  /**
   * @param resolve gives the address of a host with its port, as a name server would
   * @param authority certificate, in PEM, of the authority that certificates of https hosts must be signed by. @default those that
   * the system trusts
   */
  constructor(
    private readonly resolve: (host: string) => { host: string; port: number },
    private readonly authority?: string,
  ) {}

  /** Cookies of a host. */
  cookies(host: string): Cookie[] {
    return this.jars.get(host) ?? [];
  }

  /** Opens a page and follows up to 20 redirects. */
  async open(address: string | URL, options: { form?: URLSearchParams; follow?: boolean } = {}): Promise<Page> {
    let url = new URL(address);
    let { form } = options;
    const way = [];
    for (let count = 0; count <= 20; count++) {
      way.push(url.href);
      const { status, headers, body } = await this.send(url, form);
      const { location } = headers;
      if (options.follow === false || location === undefined || status < 300 || status > 399) {
        return { url, status, headers, body, way };
      }
      url = new URL(location, url);
      form = undefined;
    }
    throw new Error(`too many redirects:\n${way.join("\n")}`);
  }

  /** Sends the one form of a page. */
  submit(page: Page, fields: Record<string, string> = {}): Promise<Page> {
    const [, action] = /<form[^>]* action="([^"]+)"/.exec(page.body) ?? [];
    if (action === undefined) throw new Error(`no form on ${page.url.href}:\n${page.body}`);
    const form = new URLSearchParams();
    for (const [input] of page.body.matchAll(/<input[^>]*>/g)) {
      const [, name] = / name="([^"]*)"/.exec(input) ?? [];
      const [, value = ""] = / value="([^"]*)"/.exec(input) ?? [];
      if (name !== undefined) form.set(name, fields[name] ?? value);
    }
    return this.open(new URL(action.replaceAll("&amp;", "&"), page.url), { form });
  }

  /** Logs in and agrees at the test's provider, and goes where that leads. */
  async logIn(page: Page, login: string): Promise<Page> {
    let current = await this.submit(page, { login, password: "any" });
    while (current.status === 200 && / name="prompt" value="consent"/.test(current.body))
      current = await this.submit(current);
    return current;
  }

  private send(url: URL, form: URLSearchParams | undefined): Promise<Pick<Page, "status" | "headers" | "body">> {
    const { host, port } = this.resolve(url.host);
    const cookie = this.cookies(url.hostname)
      .filter(({ path }) => url.pathname.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join("; ");
    const body = form?.toString();
    const headers = {
      host: url.host,
      accept: "text/html",
      ...(cookie === "" ? {} : { cookie }),
      ...(body === undefined ? {} : { "content-type": "application/x-www-form-urlencoded" }),
    };
    return new Promise((resolve, reject) => {
      const path = url.pathname + url.search;
      const method = body === undefined ? "GET" : "POST";
      const options = { host, port, path, method, headers, agent: false, timeout: 20_000 } as const;
      const tls = { servername: url.hostname, ...(this.authority === undefined ? {} : { ca: this.authority }) };
      const send = url.protocol === "https:" ? requestTls : requestPlain;
      const call = send(url.protocol === "https:" ? { ...options, ...tls } : options, (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          for (const line of answer.headers["set-cookie"] ?? []) {
            this.jars.set(url.hostname, keep(this.cookies(url.hostname), line));
          }
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text });
        });
      });
      call.on("timeout", () => call.destroy(new Error(`no answer from ${url.href}`)));
      call.on("error", reject);
      call.end(body);
    });
  }
}

/** The jar with what a Set-Cookie header says; one cookie is another when its path is. */
function keep(jar: readonly Cookie[], line: string): Cookie[] {
  const [pair = "", ...attributes] = line.split(/;\s*/);
  const [, name = "", value = ""] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
  const attribute = (wanted: string) =>
    attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  const path = attribute("path") ?? "/";
  const expires = attribute("expires");
  const others = jar.filter((one) => one.name !== name || one.path !== path);
  if (value === "" || (expires !== undefined && Date.parse(expires) < Date.now())) return others;
  return [...others, { name, value, path, attributes: attributes.join("; ") }];
}
