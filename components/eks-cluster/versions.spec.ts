import assert from "node:assert/strict";
import { isImageByDigest } from "../../config/image";
import { KUBERNETES_VERSIONS, VERSIONS, isKubernetesVersion } from "./versions";

describe("Versions that go together", () => {
  it("are those of Kubernetes in standard support, oldest first", () => {
    assert.deepEqual(KUBERNETES_VERSIONS, ["1.35", "1.36"]);
    assert.ok(!isKubernetesVersion("1.4") && !isKubernetesVersion("toString"));
  });

  it("end in the order in which they began", () => {
    const ends = Object.values(VERSIONS).map(({ standardSupportEnds }) => standardSupportEnds);
    assert.deepEqual(ends, [...ends].sort());
    for (const end of ends) assert.match(end, /^20\d\d-[01]\d-[0-3]\d$/);
  });

  for (const version of KUBERNETES_VERSIONS) {
    it(`are builds of EKS, and of ${version} where they have to be`, () => {
      const { addons, clusterAutoscaler, nodeRelease } = VERSIONS[version];
      for (const build of Object.values(addons)) assert.match(build, /^v\d+\.\d+\.\d+-eksbuild\.\d+$/);
      assert.ok(addons["kube-proxy"].startsWith(`v${version}.`));
      assert.ok(isImageByDigest(clusterAutoscaler));
      assert.ok(clusterAutoscaler.includes(`:v${version}.`));
      assert.match(nodeRelease, new RegExp(`^${version.replace(".", "\\.")}\\.\\d+-\\d{8}$`));
    });
  }
});
