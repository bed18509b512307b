import assert from "node:assert/strict";
import { BerthError, ExitCode } from "./errors";
import type { Kube } from "./kube";
import { assertPreviewSecrets } from "./preview-secrets";

/** Knows one namespace with these labels, and nothing else. */
function kubeWith(labels?: Record<string, string>): Pick<Kube, "find"> {
  return {
    find: <T>(path: string) => {
      assert.equal(path, "/api/v1/namespaces/previews");
      return Promise.resolve(labels && ({ metadata: { name: "previews", labels } } as T));
    },
  };
}

describe("a namespace of preview secrets", () => {
  const previewSecrets = { shop: { namespace: "previews", secrets: ["stripe"], configMaps: [] } };
  const check = (labels?: Record<string, string>) => assertPreviewSecrets(kubeWith(labels), { previewSecrets });

  it("is accepted with its owner's mark", () => check({ "berth.dev/preview-secrets": "shop" }));

  for (const [what, labels, message, fix] of [
    [
      "that does not exist",
      undefined,
      /previews of previewSecrets\.shop does not exist/,
      /kubectl create namespace previews; kubectl label/,
    ],
    [
      "without the mark",
      {},
      /lacks the label berth\.dev\/preview-secrets/,
      /kubectl label namespace previews berth\.dev\/preview-secrets=shop/,
    ],
    ["of another project", { "berth.dev/preview-secrets": "books" }, /is marked for project books/, /name another one/],
  ] as const) {
    it(`${what} is refused, with the fix`, () =>
      assert.rejects(check(labels), (error) => {
        assert.ok(error instanceof BerthError);
        assert.equal(error.exitCode, ExitCode.prerequisite);
        assert.match(error.message, message);
        assert.match(error.fix, fix);
        return true;
      }));
  }
});
