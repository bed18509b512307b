import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { record } from "../test/support/mocks";
import program from ".";

/** The config of a committed example, without the namespace of its keys. */
function example(name: string): Record<string, unknown> {
  const text = readFileSync(join(__dirname, "..", name), "utf8");
  const { config } = parse(text) as { config: Record<string, unknown> };
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace(/^berth:/, ""), value]));
}

describe("the example stack configs", () => {
  it("work as they are, one on the other", async () => {
    const platform = await record(program, { stack: "platform", config: example("Pulumi.platform.example.yaml") });
    const stacks = {
      "organization/berth/platform": platform.result as Record<string, unknown>,
      "organization/berth/pr-shop-7": {},
    };
    const pr = await record(program, { stack: "pr-shop-7", config: example("Pulumi.pr.example.yaml"), stacks });
    const { url } = pr.result as { url: pulumi.Output<string> };
    assert.equal(await new Promise((resolve) => void url.apply(resolve)), "https://shop-pr-7.preview.example.com");
    assert.equal(pr.ofType("kubernetes:apps/v1:StatefulSet").length, 1);
  });
});
