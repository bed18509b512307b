import assert from "node:assert/strict";
import pc from "picocolors";
import type { PreviewResult } from "../lifecycle/preview";
import type { Receipt } from "../lifecycle/receipt";
import type { LifeRecord } from "../lifecycle/records";
import type { RotateResult } from "../lifecycle/rotate";
import {
  age,
  changesText,
  renderDeploy,
  renderHistory,
  renderList,
  renderPreview,
  renderReceipt,
  renderRotate,
  seconds,
  table,
} from "./render";

const plain = pc.createColors(false);
const now = Date.parse("2026-01-02T00:00:00Z");

const receipt: Receipt = {
  version: 1,
  environment: "shop-pr-1",
  time: "2026-01-02T00:00:00Z",
  cluster: "https://10.89.0.2:6443",
  had: [{ urn: "u", type: "t", id: "i" }],
  removedByLabel: [],
  typesChecked: 50,
  unavailable: [],
  notListed: [],
  left: [],
};

describe("rendering", () => {
  it("shows of a preview each object, what would be lost and what would be refused", () => {
    const result: PreviewResult = {
      environment: "shop-pr-1",
      isNew: false,
      trust: "fork",
      changes: [
        { op: "update", object: "Deployment shop-pr-1/app", fields: ["spec.a", "spec.b"] },
        { op: "delete", object: "PersistentVolumeClaim shop-pr-1/redis-data", fields: [] },
      ],
      unchanged: 3,
      losses: [{ engine: "redis", path: "databases.redis", message: "it is deleted" }],
      refusals: [],
    };
    assert.equal(
      renderPreview(result, plain),
      [
        "shop-pr-1 would change: 1 updated, 1 deleted, 3 unchanged (trust fork)",
        "  ~ Deployment shop-pr-1/app  spec.a, spec.b",
        "  - PersistentVolumeClaim shop-pr-1/redis-data",
        "data loss: databases.redis: it is deleted. A deploy needs --allow-data-loss.",
      ].join("\n"),
    );
    const refusals = [
      { engine: "redis", path: "databases.redis.storage", message: "no", fix: "Set it to 1Gi." },
    ] as const;
    assert.equal(
      renderPreview({ ...result, changes: [], unchanged: 0, losses: [], refusals }, plain),
      "shop-pr-1 would stay as it is\nrefused: databases.redis.storage: no.\n  fix: Set it to 1Gi.",
    );
  });

  it("says which databases have new passwords", () => {
    const result = {
      environment: "shop-pr-1",
      databases: ["postgresql", "redis"] as const,
      at: "2026-01-01T00:00:00.000Z",
      outcome: "done" as const,
      changes: { update: 3, same: 20 },
      durations: { total: 12 },
    };
    assert.equal(
      renderRotate(result, plain),
      "✔ shop-pr-1 has new passwords for postgresql, redis (12.0 s; 3 updated, 20 unchanged)",
    );
  });

  it("says of a change which advisory rules it breaks, or that nobody asked them", () => {
    const result = {
      environment: "shop-pr-1",
      databases: ["redis"] as const,
      at: "2026-01-01T00:00:00.000Z",
      outcome: "done" as const,
      changes: { update: 1 },
      durations: { total: 1 },
    };
    const judged = { packs: ["berth@0.1.0"], mandatory: [], advisory: ["expiry-set"], undecided: [], configured: [] };
    const second = (policies: RotateResult["policies"]) => renderRotate({ ...result, policies }, plain).split("\n")[1];
    assert.equal(second(judged), "  policies: advisory ones are broken: expiry-set");
    assert.equal(second({ ...judged, advisory: [] }), undefined);
    assert.equal(second({ leftOut: "an outage" }), "  policies: left out (an outage)");
  });

  it("lines columns up, without trailing blanks", () => {
    assert.equal(
      table(
        ["A", "LONGER"],
        [
          ["first", "1"],
          ["x", "22"],
        ],
        [1],
      ),
      "A      LONGER\nfirst       1\nx          22",
    );
  });

  it("writes time spans for people", () => {
    assert.deepEqual([0.04, 12.34, 99.94, 125, 3600].map(seconds), [
      "0.0 s",
      "12.3 s",
      "99.9 s",
      "2 min 05 s",
      "60 min 00 s",
    ]);
  });

  it("writes ages for people", () => {
    const ages = ["2026-01-01T23:59:30Z", "2026-01-01T23:50:00Z", "2026-01-01T20:00:00Z", "2025-12-29T00:00:00Z", ""];
    assert.deepEqual(
      ages.map((time) => age(time, now)),
      ["30s", "10m", "4h", "4d", "-"],
    );
  });

  it("counts changes in words", () => {
    assert.equal(changesText({ create: 2, same: 3, delete: 1 }), "2 created, 1 deleted, 3 unchanged");
    assert.equal(changesText({}), "nothing changed");
  });

  it("tells where a deployed environment is", () => {
    const text = renderDeploy(
      {
        environment: "shop-pr-1",
        namespace: "shop-pr-1",
        url: "https://shop-pr-1.berth.localhost:8443",
        serviceUrls: { api: "https://shop-pr-1-api.berth.localhost:8443" },
        access: "public",
        trust: "internal",
        commit: "abc",
        image: "x@sha256:1",
        generation: 2,
        databases: ["postgresql"],
        outcome: "done",
        changes: { create: 20 },
        durations: { total: 7.25 },
      },
      plain,
    );
    assert.equal(
      text,
      "✔ shop-pr-1 is ready (7.3 s; 20 created)\n  https://shop-pr-1.berth.localhost:8443\n  https://shop-pr-1-api.berth.localhost:8443 (api)\n  commit abc, generation 2, trust internal, databases: postgresql",
    );
  });

  it("ends a clean receipt with nothing left", () => {
    assert.equal(renderReceipt(receipt, plain).at(-1), "0 resources left");
  });

  it("lists what a receipt found, and what it could not ask", () => {
    const left = [
      { side: "cluster", kind: "PersistentVolume", name: "pv-1", where: "/api/v1/persistentvolumes/pv-1" },
    ] as const;
    const lines = renderReceipt({ ...receipt, left, unavailable: ["metrics.k8s.io/v1beta1"] }, plain);
    assert.deepEqual(lines.slice(1), [
      "not answered by: metrics.k8s.io/v1beta1 (nothing is known of their objects)",
      "PersistentVolume pv-1",
      "1 resource left",
    ]);
  });

  it("says what a receipt had no right to list, and what that means", () => {
    const why = "no right";
    const notListed = [
      { type: "secrets", namespaced: true, why },
      { type: "nodes.example.com", namespaced: false, why },
    ];
    assert.deepEqual(renderReceipt({ ...receipt, notListed }, plain).slice(1), [
      "not listed, for want of rights: secrets (their namespace is gone, and all in it)",
      "not listed, for want of rights: nodes.example.com (they are in no namespace, and deployers make none)",
      "0 resources left",
    ]);
    const left = [{ side: "cluster", kind: "Namespace", name: "shop-pr-1", where: "w" }] as const;
    assert.match(renderReceipt({ ...receipt, notListed, left }, plain)[1] ?? "", /\(nothing is known of them\)/);
  });

  it("lists environments, or says that there are none", () => {
    assert.equal(renderList([], plain, now), "no environments");
    const text = renderList(
      [
        {
          environment: "shop-pr-1",
          project: "shop",
          pr: 1,
          state: "ready",
          commit: "0123456789abcdef",
          owner: "",
          trust: "internal",
          url: "http://x",
          serviceUrls: {},
          created: "2026-01-01T23:00:00Z",
          expires: "2026-01-03T00:00:00Z",
          sleeps: "",
          podsReady: 2,
          pods: 2,
        },
      ],
      plain,
      now,
    );
    assert.equal(text.split("\n")[1], "shop-pr-1    ready  2/2   0123456789ab  -      60m  in 24h   http://x");
  });

  const record: LifeRecord = {
    version: 1,
    id: "1",
    time: "2026-01-01T10:00:00.123Z",
    verb: "deploy",
    environment: "shop-pr-1",
    project: "shop",
    pr: 1,
    who: "alice",
    outcome: "failed",
    exitCode: 3,
    error: { message: "did not become ready\nits last lines: …" },
    durations: { total: 30 },
  };

  it("shortens a history's errors to one line", () => {
    const text = renderHistory([record], plain);
    assert.match(
      text.split("\n")[1] ?? "",
      /^2026-01-01T10:00:00Z +shop-pr-1 +deploy +failed +30\.0 s +- +alice +did not become ready$/,
    );
  });

  it("shows in a history who left the rules out, and why", () => {
    const done: LifeRecord = { ...record, outcome: "done", exitCode: 0, policies: { leftOut: "an outage" } };
    const [, line] = renderHistory([{ ...done, error: undefined }], plain).split("\n");
    assert.match(line ?? "", /alice +without policies: an outage$/);
  });
});
