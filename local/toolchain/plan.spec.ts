import assert from "node:assert/strict";

import { binaries, requiredVersion, type Binary, type BinaryName } from "./parts";
import { binaryKey, buildArguments, listStaleArguments, planGroups, toolchainKey, type BuildInputs } from "./plan";

const goMod = `module example.com/m

go 1.26.0

require (
	github.com/go-acme/lego/v5 v5.2.2 // indirect
	github.com/pulumi/pulumi/pkg/v3 v3.259.0
	github.com/traefik/traefik/v3 v3.7.9
	k8s.io/kubernetes v1.36.3
)
`;

const inputs: BuildInputs = {
  goVersion: "go1.26.8",
  arch: "amd64",
  goMod,
  goSum: "sum",
  sources: [
    { path: "cmd/berth-node/main.go", content: "node" },
    { path: "cmd/berth-plugins/main.go", content: "plugins" },
    { path: "internal/random/random.go", content: "random" },
    { path: "traefik-acme-dns/providers.go", content: "dns" },
  ],
};

const table = binaries(goMod);

function binary(name: BinaryName): Binary {
  const found = table.find((candidate) => candidate.name === name);
  assert.ok(found);
  return found;
}

function keys(changed: Partial<BuildInputs>): Record<string, string> {
  return Object.fromEntries(table.map((b) => [b.name, binaryKey(b, { ...inputs, ...changed })]));
}

function changedBinaries(changed: Partial<BuildInputs>): string[] {
  const before = keys({});
  const after = keys(changed);
  return table.map((b) => b.name).filter((name) => before[name] !== after[name]);
}

describe("local/toolchain/parts", () => {
  it("takes the version stamps from go.mod", () => {
    assert.ok(binary("berth-node").stamps.includes("k8s.io/component-base/version.gitVersion=v1.36.3"));
    assert.ok(binary("berth-node").stamps.includes("k8s.io/client-go/pkg/version.gitMinor=36"));
    assert.deepEqual(binary("traefik").stamps, ["github.com/traefik/traefik/v3/pkg/version.Version=3.7.9"]);
  });

  it("reads indirect requirements, and names a module that is missing", () => {
    assert.equal(requiredVersion(goMod, "github.com/go-acme/lego/v5"), "v5.2.2");
    assert.throws(() => requiredVersion(goMod, "k8s.io/kube"), /does not require k8s\.io\/kube$/u);
  });
});

describe("local/toolchain/plan", () => {
  it("gives the same key for the same inputs, in whatever order the files are read", () => {
    assert.deepEqual(keys({}), keys({ sources: [...inputs.sources].reverse() }));
    assert.match(keys({})["pulumi"] ?? "", /^[0-9a-f]{16}$/u);
  });

  it("changes the key of just those binaries that a source belongs to", () => {
    const edit = (path: string): Partial<BuildInputs> => ({
      sources: inputs.sources.map((file) => (file.path === path ? { path, content: "edited" } : file)),
    });
    assert.deepEqual(changedBinaries(edit("cmd/berth-node/main.go")), ["berth-node"]);
    assert.deepEqual(changedBinaries(edit("internal/random/random.go")), ["berth-plugins"]);
    assert.deepEqual(changedBinaries(edit("traefik-acme-dns/providers.go")), ["traefik"]);
  });

  it("changes every key with the compiler, the architecture and the modules", () => {
    for (const changed of [{ goVersion: "go1.26.9" }, { arch: "arm64" }, { goSum: "other" }, { goMod: `${goMod}\n` }]) {
      assert.equal(changedBinaries(changed).length, 4, JSON.stringify(changed));
    }
  });

  it("keeps a file's name apart from its content", () => {
    const moved = [{ path: "cmd/berth-node/main.gon", content: "ode" }, ...inputs.sources.slice(1)];
    assert.deepEqual(changedBinaries({ sources: moved }), ["berth-node"]);
  });

  it("names a toolchain by all its binaries", () => {
    const some = new Map<BinaryName, string>([
      ["pulumi", "1"],
      ["traefik", "2"],
    ]);
    assert.equal(toolchainKey(some), toolchainKey(new Map([...some].reverse())));
    assert.notEqual(toolchainKey(some), toolchainKey(new Map([...some, ["traefik", "3"]])));
  });

  it("builds what is missing, with Traefik in a run of its own for its replaced modules", () => {
    const groups = planGroups(["node", "engine", "gateway"], table, (b) => b.name === "pulumi");
    assert.deepEqual(
      groups.map((group) => [group.replaced, group.binaries.map((b) => b.name)]),
      [
        [false, ["berth-node", "berth-plugins"]],
        [true, ["traefik"]],
      ],
    );
    assert.deepEqual(
      planGroups(["gateway"], table, () => true),
      [],
    );
  });

  it("stamps each binary on its own and passes go.mod with the replacements only where they are", () => {
    const [plain, replaced] = planGroups(["engine", "gateway"], table, () => false);
    assert.ok(plain && replaced);
    const args = buildArguments(plain, { outputDir: "/out", modFile: "/m/gateway.mod" });
    assert.ok(!args.some((arg) => arg.startsWith("-modfile")));
    assert.ok(args.includes("-ldflags=./cmd/berth-plugins=-s -w"));
    assert.deepEqual(args.slice(-4), [
      "-o",
      "/out/",
      "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      "./cmd/berth-plugins",
    ]);
    assert.ok(
      buildArguments(replaced, { outputDir: "/out", modFile: "/m/gateway.mod" }).includes("-modfile=/m/gateway.mod"),
    );
    assert.ok(listStaleArguments(replaced, "/m/gateway.mod").includes("-modfile=/m/gateway.mod"));
    assert.throws(() => buildArguments(replaced, { outputDir: "/out" }), /needs a modFile/u);
  });
});
