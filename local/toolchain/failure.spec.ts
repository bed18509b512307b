import assert from "node:assert/strict";

import { explainFailure, shellCommand } from "./failure";

function explain(...lines: string[]): ReturnType<typeof explainFailure> {
  return explainFailure({ binaries: ["traefik"], lines, command: "(cd /x && go build)" });
}

describe("local/toolchain/failure", () => {
  it("shows the compiler's last lines and the command that shows all", () => {
    const error = explain(...Array.from({ length: 40 }, (_, i) => `line ${i}`));
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /^Building traefik failed:\nline 25\n/u);
    assert.ok(error.message.endsWith("line 39"));
    assert.equal(error.fix, "See all of it with: (cd /x && go build)");
  });

  it("recognises a full disk, lacking memory and a network that is not there", () => {
    const disk = explain("ok", "write /tmp/x: no space left on device");
    assert.match(disk.message, /a disk is full: write \/tmp\/x/u);
    assert.match(disk.fix, /go clean -cache/u);

    const memory = explain("k8s.io/api: compile: signal: killed");
    assert.match(memory.message, /memory ran out/u);

    const network = explain('go: example.com/x@v1.0.0: Get "https://mirror/x": dial tcp: lookup mirror: no such host');
    assert.match(network.message, /cannot be downloaded: go: example\.com/u);
    assert.match(network.fix, /GOPROXY/u);
    for (const error of [disk, memory, network]) assert.equal(error.exitCode, 7);
  });

  it("says so when Go was silent", () => {
    assert.match(explain().message, /Go said nothing$/u);
  });

  it("quotes what a shell would take apart", () => {
    assert.equal(
      shellCommand("/a b", ["go", "build", "-ldflags=./x=-s -w", "it's"]),
      `(cd '/a b' && CGO_ENABLED=0 go build '-ldflags=./x=-s -w' 'it'\\''s')`,
    );
  });
});
