import assert from "node:assert/strict";
import pc from "picocolors";
import type { Refusal } from "../lifecycle/egress-log";
import { renderEgressLog, renderLogs } from "./logs";

const plain = pc.createColors(false);

describe("logs of an environment", () => {
  const refusals: Refusal[] = [
    { time: "2026-01-02T03:04:05.678Z", by: "policies", pod: "app-1", to: "198.51.100.10", port: 443, protocol: "TCP" },
    {
      time: "2026-01-02T03:04:06Z",
      by: "policies",
      pod: "app-1",
      to: "10.90.0.6",
      toPod: "blog-pr-1/app-0",
      protocol: "other",
    },
    {
      time: "2026-01-02T03:04:07Z",
      by: "proxy",
      pod: "app-1",
      to: "api.example.com",
      port: 443,
      protocol: "CONNECT",
      greeting: "evil\u001b[2J.example",
    },
    {
      time: "2026-01-02T03:04:08Z",
      by: "policies",
      pod: "app-1",
      to: "198.51.100.11",
      port: 1,
      protocol: "UDP",
      leftOut: 40,
    },
  ];

  it("show refused ways out with time, pod, destination and who refused, without characters that move a terminal", () => {
    assert.equal(
      renderEgressLog({ environment: "shop-pr-7", refusals }, plain),
      [
        "TIME                  POD    TO                                            PORT  PROTOCOL  REFUSED BY",
        "2026-01-02T03:04:05Z  app-1  198.51.100.10                                  443  TCP       network policies",
        "2026-01-02T03:04:06Z  app-1  10.90.0.6 (blog-pr-1/app-0)                      -  other     network policies",
        "2026-01-02T03:04:07Z  app-1  api.example.com (greeting: evil?[2J.example)   443  CONNECT   egress proxy",
        "2026-01-02T03:04:08Z  app-1  198.51.100.11                                    1  UDP       network policies (and 40 more before)",
      ].join("\n"),
    );
  });

  it("say that nothing was refused, and what cannot be known here", () => {
    assert.equal(
      renderEgressLog({ environment: "shop-pr-7", refusals: [] }, plain),
      "shop-pr-7: no way out was refused",
    );
    assert.equal(
      renderEgressLog({ environment: "shop-pr-7", refusals: [], remark: "elsewhere" }, plain),
      "shop-pr-7: no refused way out is known\nelsewhere",
    );
  });

  it("show what each pod has printed under its name", () => {
    assert.equal(
      renderLogs(
        [
          { pod: "app-1", part: "app", lines: ["one", "two"] },
          { pod: "api-1", part: "api", lines: [] },
        ],
        plain,
      ),
      "== app-1\none\ntwo\n== api-1",
    );
    assert.equal(renderLogs([], plain), "no pods");
    const hostile = { pod: "app-1", part: "app", lines: ["\u001b[2J::error::gone", "##[group]x"] };
    assert.equal(renderLogs([hostile], plain), "== app-1\n: :error::gone\n# #[group]x");
  });
});
