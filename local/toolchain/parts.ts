/**
 * What a toolchain can be asked for: `node` is the cluster's programs, `engine` is Pulumi with its plugins, `gateway` is
 * Traefik.
 */
export type Part = "node" | "engine" | "gateway";

/** Every part. */
export const ALL_PARTS: readonly Part[] = ["node", "engine", "gateway"];

/** File names of the four binaries. */
export type BinaryName = "berth-node" | "berth-plugins" | "pulumi" | "traefik";

/** How one binary is made from the Go module in `local/go`. */
export interface Binary {
  name: BinaryName;
  part: Part;
  /** Go package, a path relative to the module or an import path. */
  package: string;
  /** Files and folders of `local/go`, besides go.mod and go.sum, whose content decides what is built. */
  sources: readonly string[];
  /** Version stamps, as `-X` of the linker takes them. */
  stamps: readonly string[];
  /** Whether it is built with the module replacements of {@link GATEWAY_REPLACEMENTS}. */
  replaced: boolean;
}

/** Build flags of every binary. */
export const BUILD_FLAGS: readonly string[] = [
  "-mod=readonly",
  "-trimpath",
  "-buildvcs=false",
  "-tags=osusergo,grpcnotrace",
  // The linker drops debugging information anyway (-s -w); not producing it saves 14 % of the compiler's time.
  "-gcflags=all=-dwarf=false",
];

/** Linker flags of every binary, before its stamps. */
export const LINK_FLAGS = "-s -w";

/**
 * Modules that are built in another version for Traefik than for the rest. Traefik 3.7 uses types of OpenTelemetry's log
 * module that its next version, which Pulumi needs, has moved.
 */
export const GATEWAY_REPLACEMENTS: readonly { module: string; version: string }[] = [
  { module: "go.opentelemetry.io/otel/log", version: "v0.20.0" },
  { module: "go.opentelemetry.io/otel/sdk/log", version: "v0.20.0" },
  { module: "go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploggrpc", version: "v0.20.0" },
];

/** The ACME library of Traefik, and the one of its files that the toolchain replaces (see local/README.md). */
export const LEGO = {
  module: "github.com/go-acme/lego/v5",
  file: "providers/dns/zz_gen_dns_providers.go",
  /** The replacement, relative to `local/go`. */
  replacement: "traefik-acme-dns/providers.go",
} as const;

/**
 * The version of a module as go.mod requires it.
 *
 * @param goMod text of go.mod.
 * @param module module path.
 * @returns the version with its leading `v`, such as `v1.36.3`.
 * @throws Error when go.mod does not require the module.
 */
export function requiredVersion(goMod: string, module: string): string {
  for (const line of goMod.split("\n")) {
    const [path, version] = line
      .trim()
      .replace(/^require /u, "")
      .split(" ");
    if (path === module && version?.startsWith("v")) return version;
  }
  throw new Error(`go.mod does not require ${module}`);
}

/**
 * The four binaries, with version stamps that follow go.mod.
 *
 * @param goMod text of go.mod.
 * @throws Error when go.mod lacks one of the modules that the binaries are built from.
 */
export function binaries(goMod: string): Binary[] {
  const kubernetes = requiredVersion(goMod, "k8s.io/kubernetes");
  const pulumi = requiredVersion(goMod, "github.com/pulumi/pulumi/pkg/v3");
  const traefik = requiredVersion(goMod, "github.com/traefik/traefik/v3");
  const [major, minor] = kubernetes.slice(1).split(".");
  return [
    {
      name: "berth-node",
      part: "node",
      package: "./cmd/berth-node",
      sources: ["cmd/berth-node"],
      stamps: ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((pkg) => [
        `${pkg}.gitVersion=${kubernetes}`,
        `${pkg}.gitMajor=${major ?? ""}`,
        `${pkg}.gitMinor=${minor ?? ""}`,
      ]),
      replaced: false,
    },
    {
      name: "pulumi",
      part: "engine",
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      sources: [],
      stamps: [`github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${pulumi}`],
      replaced: false,
    },
    {
      name: "berth-plugins",
      part: "engine",
      package: "./cmd/berth-plugins",
      sources: ["cmd/berth-plugins", "internal"],
      stamps: [],
      replaced: false,
    },
    {
      name: "traefik",
      part: "gateway",
      package: "github.com/traefik/traefik/v3/cmd/traefik",
      sources: ["traefik-dynamic-ext", "traefik-acme-dns"],
      stamps: [`github.com/traefik/traefik/v3/pkg/version.Version=${traefik.slice(1)}`],
      replaced: true,
    },
  ];
}
