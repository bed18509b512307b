import assert from "node:assert/strict";

import { debianSources, downloadOptions, osReleaseField } from "./apt";

const stanza = (suites: string, components = "main"): string =>
  `Types: deb\nURIs: http://mirror.example/debian\nSuites: ${suites}\nComponents: ${components}\nSigned-By: /usr/share/keyrings/a.gpg`;

describe("debianSources", () => {
  it("takes the release with its updates and security suites from deb822 files", () => {
    const content = `${stanza("bookworm bookworm-updates")}\n\n${stanza("bookworm-security")}\n`;
    assert.deepEqual(debianSources([{ name: "debian.sources", content }], "bookworm"), [
      { format: "sources", content },
    ]);
  });

  it("takes one-line entries, with options or without", () => {
    const lines = [
      "# deb http://mirror.example/debian bookworm main",
      "deb http://mirror.example/debian bookworm main contrib",
      "deb [arch=amd64 signed-by=/x.gpg] http://mirror.example/security bookworm-security main",
      "deb-src http://mirror.example/debian bookworm main",
    ];
    assert.deepEqual(debianSources([{ name: "sources.list", content: lines.join("\n") }], "bookworm"), [
      { format: "list", content: `${lines[1] ?? ""}\n${lines[2] ?? ""}\n` },
    ]);
  });

  const others: [string, string, string][] = [
    ["another release", "a.sources", stanza("trixie")],
    ["a backports suite", "a.sources", stanza("bookworm-backports")],
    ["a third-party suite", "a.sources", stanza("nodistro")],
    ["a third-party component", "a.sources", stanza("bookworm", "stable")],
    ["sources of packages", "a.sources", stanza("bookworm").replace("deb", "deb-src")],
    ["what is switched off", "a.sources", `Enabled: no\n${stanza("bookworm")}`],
    ["a file that apt itself does not read", "a.sources.disabled", stanza("bookworm")],
    ["a third-party list", "b.list", "deb http://other.example/apt cloud-bookworm main"],
  ];
  for (const [what, name, content] of others) {
    it(`leaves out ${what}`, () => assert.deepEqual(debianSources([{ name, content }], "bookworm"), []));
  }
});

describe("downloadOptions", () => {
  it("keeps proxies, certificates and retries, and nothing that changes what is installed", () => {
    const dump = [
      'APT::Install-Recommends "1";',
      'Acquire::http::Proxy "http://proxy.example:3128/";',
      'Acquire::https::CaInfo "/etc/ca.pem";',
      'Acquire::Retries "3";',
      'Acquire::http "";',
      'DPkg::Pre-Install-Pkgs:: "/usr/sbin/x";',
    ].join("\n");
    assert.deepEqual(downloadOptions(dump), [
      'Acquire::http::Proxy "http://proxy.example:3128/"',
      'Acquire::https::CaInfo "/etc/ca.pem"',
      'Acquire::Retries "3"',
    ]);
  });
});

describe("osReleaseField", () => {
  const content = 'ID=debian\nVERSION_CODENAME=bookworm\nNAME="Debian GNU/Linux"\n';
  it("reads a plain and a quoted value", () => {
    assert.equal(osReleaseField(content, "VERSION_CODENAME"), "bookworm");
    assert.equal(osReleaseField(content, "NAME"), "Debian GNU/Linux");
  });
  it("gives undefined for what is not there", () => assert.equal(osReleaseField(content, "CODENAME"), undefined));
});
