import assert from "node:assert/strict";
import fc from "fast-check";
import { MAX_CALLBACK_URLS, brokerUrl, planCallbacks, validateCallbacks } from "./callbacks";

const DOMAIN = "preview.example.com";
const urls = (count: number) =>
  Array.from({ length: count }, (_, index) => `https://app-${index}.example.com/callback`);

describe("callback URLs", () => {
  it("may be ten, the broker's among them", () => {
    assert.deepEqual(validateCallbacks({ callbackUrls: urls(10) }), []);
    assert.deepEqual(validateCallbacks({ domain: DOMAIN, callbackUrls: urls(9) }), []);
  });

  it("may not be more, however many there are", () => {
    assert.deepEqual(validateCallbacks({ domain: DOMAIN, callbackUrls: urls(10) }), [
      {
        propertyPath: "callbackUrls",
        reason:
          "11 URLs, the broker's among them; accepted: at most 10, as many as a GitHub App takes. Register the broker " +
          "https://auth.preview.example.com/callback instead of URLs of environments: it validates state and sends the browser on to the environment.",
      },
    ]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.boolean(), (count, hasDomain) => {
        const args = { ...(hasDomain ? { domain: DOMAIN } : {}), callbackUrls: urls(count) };
        const { callbackUrls } = planCallbacks(args);
        assert.equal(validateCallbacks(args).length, callbackUrls.length > MAX_CALLBACK_URLS ? 1 : 0);
      }),
    );
  });

  it("count the broker once when it is written down too", () => {
    assert.deepEqual(planCallbacks({ domain: DOMAIN, callbackUrls: [brokerUrl(DOMAIN)] }), {
      callbackUrls: [brokerUrl(DOMAIN)],
      broker: brokerUrl(DOMAIN),
    });
    assert.deepEqual(validateCallbacks({ domain: DOMAIN, callbackUrls: [brokerUrl(DOMAIN), ...urls(9)] }), []);
  });

  it("may be on this machine, for development", () => {
    assert.deepEqual(validateCallbacks({ callbackUrls: ["http://localhost:3000/callback", "http://[::1]/x"] }), []);
  });

  it("are whole https URLs, each once", () => {
    const accepted = "an https URL without wildcard and fragment, or http on localhost";
    const wrong = [
      "http://shop.example.com/callback",
      "https://*.preview.example.com/callback",
      "https://shop.example.com/callback#done",
      "https://user:pass@shop.example.com/",
      "shop.example.com/callback",
      "",
    ];
    const given = ["https://shop.example.com/callback", ...wrong, "https://shop.example.com/callback"];
    assert.deepEqual(validateCallbacks({ domain: "Preview.example.com/", callbackUrls: given }), [
      {
        propertyPath: "domain",
        reason:
          '"Preview.example.com/"; accepted: a domain name such as preview.example.com. Write it in lower case, without scheme and path.',
      },
      ...wrong.map((url, index) => ({
        propertyPath: `callbackUrls[${index + 1}]`,
        reason: `"${url}"; accepted: ${accepted}. Write the whole URL that the app answers at.`,
      })),
      {
        propertyPath: "callbackUrls[7]",
        reason: '"https://shop.example.com/callback" is there twice; accepted: each URL once. Remove one of them.',
      },
    ]);
  });
});
