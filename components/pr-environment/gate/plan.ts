import { createHash } from "node:crypto";
import type { SecretArgs } from "@pulumi/kubernetes/core/v1";
import { LOGIN_USER, MIDDLEWARES_ANNOTATION, responseHeaders } from "../../../config/access";
import type { AccessMode, AppProtocol } from "../../../config/access";
import { TRAEFIK_API } from "../../../config/traefik";
import { APP } from "../../../config/workloads";
import type { PlainMetadata } from "../args";
import { metadata } from "../context";
import type { PlanContext } from "../context";

/** One thing that a request passes at the gateway: a Middleware of Traefik. */
// A type, not an interface: only types are taken for mappings, as CustomResource wants them.
export type MiddlewareArgs = {
  apiVersion: string;
  kind: "Middleware";
  metadata: PlainMetadata;
  spec: Record<string, unknown>;
};

/** Who gets in at an environment's hosts, and what their answers carry. */
export interface GatePlan {
  mode: AccessMode;
  /** In the order in which a request passes them; none where the gateway is no Traefik of Berth's. */
  middlewares: MiddlewareArgs[];
  /** The Secret with the login's hash, without its data; undefined when there is no login. */
  login: SecretArgs | undefined;
}

/** The annotation by which a Service says what its pods speak. */
const SCHEME_ANNOTATION = "traefik.ingress.kubernetes.io/service.serversscheme";

/** Name of the login's Secret and Middleware. */
const LOGIN = "access-login";

/**
 * What a mode puts between the gateway and the app, after headers and IP list. In mode oidc that is no Middleware: the gateway leads to
 * a proxy in place of the app.
 */
const GATES: Record<AccessMode, (context: PlanContext) => MiddlewareArgs[]> = {
  public: () => [],
  // The app has no use for the password, and must not see it.
  basic: (context) => [
    middleware(context, LOGIN, { basicAuth: { secret: LOGIN, realm: context.namespace, removeHeader: true } }),
  ],
  oidc: () => [],
};

/** Plans what every request to the environment passes, whichever of its hosts it is for. */
export function planGate(context: PlanContext): GatePlan {
  const { config, platform, accessMode: mode } = context;
  const hasUrl = context.host !== null || Object.keys(context.services).length > 0;
  if (!hasUrl || !platform.middlewares) return { mode, middlewares: [], login: undefined };
  const { allow } = config.access;
  const headers = responseHeaders(platform.scheme, config.ingress.headers);
  return {
    mode,
    middlewares: [
      // First, so that refusals carry them too.
      ...(Object.keys(headers).length === 0
        ? []
        : [middleware(context, "response-headers", { headers: { customResponseHeaders: headers } })]),
      ...(allow.length === 0 ? [] : [middleware(context, "access-allow", { ipAllowList: { sourceRange: allow } })]),
      ...GATES[mode](context),
    ],
    login: mode === "basic" ? { metadata: metadata(context, LOGIN, "app"), type: "Opaque" } : undefined,
  };
}

function middleware(context: PlanContext, name: string, spec: Record<string, unknown>): MiddlewareArgs {
  return {
    apiVersion: `${TRAEFIK_API.group}/${TRAEFIK_API.version}`,
    kind: "Middleware",
    metadata: metadata(context, name, "app"),
    spec,
  };
}

/**
 * Annotations of an Ingress: the environment's Middlewares, the same for every host, and for the app those of the config. Traefik serves
 * no route of which a Middleware is missing, so nobody gets in early.
 *
 * @param workload `app`, or the name of a public service
 */
export function ingressAnnotations(context: PlanContext, workload: string): Record<string, string> {
  const names = planGate(context).middlewares.map(
    ({ metadata: { name } }) => `${context.namespace}-${name}@kubernetescrd`,
  );
  return {
    ...(workload === APP ? context.config.ingress.annotations : {}),
    ...(names.length === 0 ? {} : { [MIDDLEWARES_ANNOTATION]: names.join(",") }),
  };
}

/** Annotations of a Service whose pods speak a protocol. */
export function serviceAnnotations(protocol: AppProtocol): Record<string, string> {
  return protocol === "http" ? {} : { [SCHEME_ANNOTATION]: "h2c" };
}

/** What a Service's port says of a protocol, by the names of Kubernetes (KEP-3726); gateways other than Traefik go by it. */
export function appProtocol(protocol: AppProtocol): { appProtocol?: string } {
  return protocol === "http" ? {} : { appProtocol: "kubernetes.io/h2c" };
}

/**
 * A login as Traefik reads it. A fast hash is enough for a password that is random and 190 bits long, which no one guesses (NIST SP
 * 800-63B, 5.1.2.2, asks for slow ones below 112 bits only); a slow one would cost the shared gateway some 60 ms for every request,
 * those of strangers included.
 */
export function loginLine(password: string): string {
  return `${LOGIN_USER}:{SHA}${createHash("sha1").update(password).digest("base64")}`;
}
