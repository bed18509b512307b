import assert from "node:assert/strict";
import { parseConnections, parseHosts } from "./egress-log";

describe("the log of refused ways out", () => {
  const agent = [
    {
      time: "2026-01-02T03:04:05.6Z",
      namespace: "shop-pr-7",
      pod: "app-1",
      from: "10.90.0.5",
      to: "198.51.100.10",
      port: 443,
      protocol: "TCP",
      leftOut: 12,
    },
    {
      time: "2026-01-02T03:04:06Z",
      namespace: "shop-pr-77",
      pod: "app-1",
      from: "10.90.0.6",
      to: "198.51.100.10",
      protocol: "other",
    },
    {
      time: "2026-01-02T03:04:07Z",
      namespace: "shop-pr-7",
      pod: "app-1",
      from: "10.90.0.5",
      to: "10.90.0.6",
      toPod: "shop-pr-77/app-1",
      port: 5432,
      protocol: "TCP",
    },
  ].map((line) => JSON.stringify(line));

  it("has an environment's own connections, with pod, destination and time, and no neighbour's", () => {
    assert.deepEqual(parseConnections(agent.join("\n"), "shop-pr-7"), [
      {
        time: "2026-01-02T03:04:05.6Z",
        by: "policies",
        pod: "app-1",
        to: "198.51.100.10",
        port: 443,
        protocol: "TCP",
        leftOut: 12,
      },
      {
        time: "2026-01-02T03:04:07Z",
        by: "policies",
        pod: "app-1",
        to: "10.90.0.6",
        toPod: "shop-pr-77/app-1",
        port: 5432,
        protocol: "TCP",
      },
    ]);
  });

  it("bears a torn line, and one that speaks of the namespace without being of it", () => {
    const foreign = JSON.stringify({ namespace: "other", toPod: '"namespace":"shop-pr-7"', pod: "p", to: "a" });
    assert.deepEqual(parseConnections([agent[0]?.slice(0, 60), foreign, ""].join("\n"), "shop-pr-7"), []);
  });

  const pods = new Map([["10.90.0.5", "app-1"]]);
  const hosts = (...lines: string[]) => parseHosts(lines.join("\n"), (address) => pods.get(address));

  it("has hosts that the proxy refused, in requests and in greetings, and none that passed", () => {
    assert.deepEqual(
      hosts(
        "1767323045.250 10.90.0.5 TCP_DENIED/403 GET other.example:8080 - -",
        "1767323046.000 10.90.0.9 NONE_NONE/200 CONNECT other.example:8443 other.example terminate",
        "1767323047.000 10.90.0.5 NONE_NONE/200 CONNECT api.example.com:443 evil.example terminate",
        "1767323048.000 10.90.0.5 TCP_TUNNEL/200 CONNECT api.example.com:443 api.example.com splice",
        "1767323049.000 10.90.0.5 TCP_MISS/200 GET api.example.com:80 - -",
      ),
      [
        {
          time: "2026-01-02T03:04:05.250Z",
          by: "proxy",
          pod: "app-1",
          to: "other.example",
          port: 8080,
          protocol: "GET",
        },
        {
          time: "2026-01-02T03:04:06.000Z",
          by: "proxy",
          pod: "10.90.0.9",
          to: "other.example",
          port: 8443,
          protocol: "CONNECT",
        },
        {
          time: "2026-01-02T03:04:07.000Z",
          by: "proxy",
          pod: "app-1",
          to: "api.example.com",
          port: 443,
          protocol: "CONNECT",
          greeting: "evil.example",
        },
      ],
    );
  });

  it("takes nothing from what is not a line of the proxy's", () => {
    assert.deepEqual(hosts("", "2026/01/02 03:04:05| Starting Squid Cache", "x".repeat(10_000)), []);
  });
});
