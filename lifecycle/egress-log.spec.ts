import assert from "node:assert/strict";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConnections, parseHosts, readConnections, readHosts } from "./egress-log";
import { KubeError } from "./kube";

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

  describe("of the agent", () => {
    let folder: string;
    let path: string;
    const line = (port: number) => `${JSON.stringify({ ...JSON.parse(agent[0] ?? ""), port })}\n`;
    const ports = async (...[read]: [read?: (file: string) => Promise<string>]) => {
      const { refusals, remarks } = await readConnections(path, "shop-pr-7", read);
      return [refusals.map(({ port }) => port), remarks.length];
    };
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "berth-egress-"));
      path = join(folder, "egress-denied.log");
    });
    afterEach(() => {
      rmSync(folder, { recursive: true });
    });

    it("is empty before anything was refused", async () => {
      assert.deepEqual(await ports(), [[], 0]);
      path = join(folder, "none", "egress-denied.log");
      assert.deepEqual(await ports(), [[], 0]);
    });

    it("is read with its older pieces, the oldest first, and with no other file", async () => {
      writeFileSync(path, line(3));
      writeFileSync(join(folder, "egress-denied-2026-01-02T03-04-05.000.log"), line(2));
      writeFileSync(join(folder, "egress-denied-2026-01-01T03-04-05.000.log"), line(1));
      writeFileSync(join(folder, "other-2026.log"), line(9));
      assert.deepEqual(await ports(), [[1, 2, 3], 0]);
    });

    it("loses nothing when it is cut while it is read", async () => {
      writeFileSync(path, line(1));
      let isCut = false;
      const read = async (file: string) => {
        if (!isCut) {
          isCut = true;
          renameSync(path, join(folder, "egress-denied-2026-01-02T03-04-05.000.log"));
          writeFileSync(path, line(2));
        }
        return readFile(file, "utf8");
      };
      assert.deepEqual(await ports(read), [[1, 2], 0]);
    });

    it("says that it is missing when it cannot be read, or not as fast as it is cut", async () => {
      const refusing = () => Promise.reject(Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" }));
      const { refusals, remarks } = await readConnections(path, "shop-pr-7", refusing);
      assert.deepEqual(
        [refusals, remarks],
        [[], ["connections that network policies refuse are missing: EACCES: permission denied"]],
      );
      let cuts = 0;
      const cutting = () => {
        writeFileSync(join(folder, `egress-denied-${++cuts}.log`), "");
        return Promise.resolve("");
      };
      assert.deepEqual(await ports(cutting), [[], 1]);
    });
  });

  describe("of the proxy", () => {
    const proxy = { metadata: { name: "egress-proxy-1", labels: { "berth.dev/component": "egress-proxy" } } };
    const refused = "1767323045.250 10.90.0.5 TCP_DENIED/403 GET other.example:8080 - -";
    const readFrom = (text: () => Promise<string>) => {
      const get = () =>
        Promise.resolve({ items: [proxy, { metadata: { name: "app-1" }, status: { podIP: "10.90.0.5" } }] });
      return readHosts({ get, text } as unknown as Parameters<typeof readHosts>[0], "shop-pr-7");
    };

    it("is empty while it starts and once it is gone", async () => {
      const waiting = 'container "egress-proxy" in pod "egress-proxy-1" is waiting to start: ContainerCreating';
      for (const error of [new KubeError(400, "BadRequest", waiting), new KubeError(404, "NotFound", "not found")])
        assert.deepEqual(await readFrom(() => Promise.reject(error)), { refusals: [], remarks: [] });
      const { refusals } = await readFrom(() => Promise.resolve(refused));
      assert.deepEqual(
        refusals.map(({ pod, to }) => [pod, to]),
        [["app-1", "other.example"]],
      );
    });

    it("says that it is missing when it cannot be read", async () => {
      for (const error of [
        new KubeError(403, "Forbidden", "pods/log is forbidden"),
        new KubeError(400, "BadRequest", "a container name must be specified"),
        new Error("no answer in time"),
      ]) {
        const { refusals, remarks } = await readFrom(() => Promise.reject(error));
        assert.deepEqual(
          [refusals, remarks],
          [[], [`hosts that pod egress-proxy-1 refused are missing: ${error.message}`]],
        );
      }
    });
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
        "1767323050.000 10.90.0.5 TCP_MISS/403 GET api.example.com:80 - -",
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

  it("has a tunnel whose greeting names something with spaces and line ends, and takes it for one refusal", () => {
    const sni = "a b%0A1767323045.250 10.90.0.6 TCP_DENIED/403 GET forged.example:80 - -".replaceAll(" ", "%20");
    assert.deepEqual(
      hosts(`1767323047.000 10.90.0.5 NONE_NONE/200 CONNECT api.example.com:443 ${sni} terminate`).map(
        ({ pod, to, greeting }) => ({ pod, to, greeting }),
      ),
      [
        {
          pod: "app-1",
          to: "api.example.com",
          greeting: "a b\n1767323045.250 10.90.0.6 TCP_DENIED/403 GET forged.example:80 - -",
        },
      ],
    );
    assert.equal(
      hosts("1767323047.000 10.90.0.5 NONE_NONE/200 CONNECT api.example.com:443 %ff terminate")[0]?.greeting,
      "%ff",
    );
  });

  it("bears a time that is none", () => {
    assert.deepEqual(hosts("99999999999999999.000 10.90.0.5 TCP_DENIED/403 GET other.example:8080 - -"), []);
  });

  it("takes nothing from what is not a line of the proxy's", () => {
    assert.deepEqual(hosts("", "2026/01/02 03:04:05| Starting Squid Cache", "x".repeat(10_000)), []);
  });
});
