import { z } from "zod";
import { flag, imageByDigest, options, port, whole } from "../fields";
import { cidr, objectName, ranges } from "./values";

export const url = {
  scheme: options("http", "https").default("https").describe("Scheme of every environment's URL."),
  port: port().optional().describe("Port in every environment's URL. The scheme's own by default."),
};

const clientAddresses = options("seen", "hidden");

export const hostGateway = z.strictObject({
  mode: z.literal("host").describe("Traefik runs outside the cluster and reads its API."),
  ...url,
  sources: ranges().describe("Addresses from which the gateway's requests reach pods. Nothing else may reach an app."),
  user: z
    .string("a user name")
    .min(1, "a user name")
    .default("berth:gateway")
    .describe("User that the gateway is to the API server, such as the common name of its client certificate."),
  clientAddresses: clientAddresses
    .default("seen")
    .describe("Whether the gateway sees the addresses of visitors. Where it does not, `access.allow` is refused."),
});

export const deployedGateway = z.strictObject({
  mode: z.literal("deployed").describe("Traefik runs in the platform namespace."),
  ...url,
  image: imageByDigest().describe("Traefik's image."),
  replicas: whole(1, 10).default(2).describe("Pods of the gateway."),
  serviceType: options("LoadBalancer", "NodePort", "ClusterIP")
    .default("LoadBalancer")
    .describe("How the world reaches the gateway."),
  serviceAnnotations: z
    .record(z.string(), z.string("text"), "a mapping of annotation keys to text")
    .default({})
    .describe("Annotations for its Service: which load balancer, which certificate."),
  tlsSecret: objectName()
    .optional()
    .describe(
      "Secret of type kubernetes.io/tls in the platform namespace, for the whole wildcard domain. Without it TLS ends before the gateway.",
    ),
  clientAddresses: clientAddresses
    .default("hidden")
    .describe(
      "`seen` keeps the addresses of visitors on the way through the Service (externalTrafficPolicy: Local), so that `access.allow` works. With the address of a load balancer or node in their place, `access.allow` is refused.",
    ),
  installKinds: flag()
    .default(true)
    .describe(
      "Whether the platform installs Traefik's CustomResourceDefinitions. Not where another Traefik has brought them.",
    ),
  apiServerCidrs: ranges()
    .default(["0.0.0.0/0"])
    .describe("Where the API server is. The gateway reaches it on 443 and 6443 and nothing else outside the cluster."),
});
const SOURCE = "a mapping with cidr, or with namespace and podLabels";

export const existingGateway = z.strictObject({
  mode: z.literal("existing").describe("An ingress controller that the cluster has already, whichever it is."),
  ...url,
  ingressClass: objectName().describe("IngressClass that it serves."),
  sources: z
    .array(
      z.union(
        [
          z.strictObject({ cidr: cidr().describe("Range of addresses.") }),
          z.strictObject({
            namespace: objectName().describe("Namespace of its pods."),
            podLabels: z
              .record(z.string(), z.string("text"), "a mapping of labels to text")
              .describe("Labels of its pods."),
          }),
        ],
        SOURCE,
      ),
      "a list of sources",
    )
    .min(1, "at least one source")
    .describe("From where its requests reach pods: its pods, or ranges. Nothing else may reach an app."),
});
