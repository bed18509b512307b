import assert from "node:assert/strict";

import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import { autoname, InitializationError, Secret, startServer, unknown, type Provider, type RunningServer } from ".";
import { decodeAll, encodeAll, type Properties } from "./values";

const urn = "urn:pulumi:case::project::berth:a:B$thing:index/thing:Thing::one";

describe("the server of a stand-in provider", () => {
  let running: RunningServer | undefined;
  let client: ResourceProviderClient | undefined;

  afterEach(() => {
    client?.close();
    running?.stop();
    client = running = undefined;
  });

  /** Serves a provider and asks it one thing. */
  async function ask<Response>(
    provider: Partial<Provider>,
    method: "check" | "construct" | "create" | "diff" | "invoke" | "read",
    request: unknown,
  ): Promise<Response> {
    running = await startServer({ name: "thing", version: "1.2.3", ...provider });
    client = new ResourceProviderClient(`127.0.0.1:${running.port}`, credentials.createInsecure());
    const calls = client as unknown as Record<
      typeof method,
      (request: unknown, answer: (error: ServiceError | null, response: Response) => void) => void
    >;
    return new Promise((resolve, reject) => {
      calls[method](request, (error, response) => {
        if (error) reject(error);
        else resolve(response);
      });
    });
  }

  it("passes secrets and unknowns on, and names the resource", async () => {
    const request = new proto.CreateRequest();
    request.setUrn(urn);
    request.setPreview(true);
    request.setProperties(struct({ password: new Secret("x") }));
    const response = await ask<proto.CreateResponse>(
      {
        create: ({ type, name, inputs, preview }) => ({
          id: `${type} ${name} ${preview}`,
          outputs: { ...inputs, arn: unknown },
        }),
      },
      "create",
      request,
    );
    assert.equal(response.getId(), "thing:index/thing:Thing one true");
    assert.deepEqual(decodeAll(response.getProperties()?.toJavaScript() ?? {}), {
      password: new Secret("x"),
      arn: unknown,
    });
  });

  it("reports what check refuses by property", async () => {
    const request = new proto.CheckRequest();
    request.setUrn(urn);
    request.setNews(struct({ a: 1 }));
    const response = await ask<proto.CheckResponse>(
      { check: ({ news }) => ({ inputs: news, failures: [{ property: "a", reason: "is 1" }] }) },
      "check",
      request,
    );
    assert.deepEqual(
      response.getFailuresList().map((failure) => failure.toObject()),
      [{ property: "a", reason: "is 1" }],
    );
  });

  it("says per property what changes and what needs a new resource", async () => {
    const request = new proto.DiffRequest();
    request.setUrn(urn);
    const response = await ask<proto.DiffResponse>(
      {
        diff: () => ({
          changes: { "a[0].b": { kind: "update", replace: true }, tags: { kind: "add" } },
          deleteBeforeReplace: true,
        }),
      },
      "diff",
      request,
    );
    assert.equal(response.getChanges(), proto.DiffResponse.DiffChanges.DIFF_SOME);
    assert.deepEqual(response.getReplacesList(), ["a"]);
    assert.deepEqual(response.getDiffsList(), ["a", "tags"]);
    assert.equal(response.getDeletebeforereplace(), true);
    const { Kind } = proto.PropertyDiff;
    assert.deepEqual(
      [...response.getDetaileddiffMap().entries()].map(([path, diff]) => [path, diff.getKind()]),
      [
        ["a[0].b", Kind.UPDATE_REPLACE],
        ["tags", Kind.ADD],
      ],
    );
  });

  it("answers that a resource is gone with an empty id", async () => {
    const response = await ask<proto.ReadResponse>({ read: () => null }, "read", new proto.ReadRequest());
    assert.equal(response.getId(), "");
  });

  it("tells a half-made resource from one that was never made", async () => {
    const error = await ask<proto.CreateResponse>(
      {
        create: () => {
          throw new InitializationError("i-1", { state: "degraded" }, ["no address is left"]);
        },
      },
      "create",
      new proto.CreateRequest(),
    ).then(
      () => assert.fail("it was made"),
      (thrown: unknown) => thrown as ServiceError,
    );
    assert.equal(error.details, "no address is left");
    assert.equal(error.metadata.get("grpc-status-details-bin").length, 1);
  });

  for (const [method, request, message] of [
    [
      "create",
      withUrn(new proto.CreateRequest()),
      "the stand-in provider thing has no resource type thing:index/thing:Thing",
    ],
    ["invoke", withToken(new proto.InvokeRequest()), "the stand-in provider thing has no function thing:index:f"],
    ["construct", withType(new proto.ConstructRequest()), "the stand-in provider thing has no component thing:index:C"],
  ] as const) {
    it(`fails by name on what it does not have: ${method}`, async () => {
      await assert.rejects(ask({}, method, request), (error: ServiceError) => error.details === message);
    });
  }

  it("makes names from the seed, short enough for the API", () => {
    const randomSeed = new Uint8Array([1, 2, 3]);
    const name = autoname({ name: "cluster-logs", randomSeed });
    assert.match(name, /^cluster-logs-[0-9a-f]{7}$/);
    assert.equal(autoname({ name: "cluster-logs", randomSeed }), name);
    assert.equal(autoname({ name: "x".repeat(80), randomSeed }, 64).length, 64);
    assert.throws(
      () => autoname({ name: "a", randomSeed, autonaming: { proposedName: "", mode: "disable" } }),
      /a name is required for "a"/,
    );
  });
});

function struct(properties: Properties): Struct {
  return Struct.fromJavaScript(encodeAll(properties) as Parameters<typeof Struct.fromJavaScript>[0]);
}

function withUrn(request: proto.CreateRequest): proto.CreateRequest {
  request.setUrn(urn);
  return request;
}

function withToken(request: proto.InvokeRequest): proto.InvokeRequest {
  request.setTok("thing:index:f");
  return request;
}

function withType(request: proto.ConstructRequest): proto.ConstructRequest {
  request.setType("thing:index:C");
  return request;
}
