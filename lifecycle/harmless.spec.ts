import assert from "node:assert/strict";
import { harmless } from "./harmless";

describe("the words of a program that nobody vouches for", () => {
  it("move no terminal and turn no writing around", () => {
    assert.equal(harmless("\u001b[32mok\u001b[0m\tdone\r\nnext"), "ok\tdone\nnext");
    assert.equal(harmless("a\u001b[2Jb\u001b[1;1Hc\u0008\u0007\u009b2Jd\re\u202ef"), "abc??d?e?f");
  });

  it("are no commands to GitHub's runner", () => {
    for (const [words, shown] of [
      ["::add-mask::a", ": :add-mask::a"],
      ["  ::error file=x::y", "  : :error file=x::y"],
      ["\u001b[0m::notice::z", ": :notice::z"],
      ["fine\n\t::stop-commands::q", "fine\n\t: :stop-commands::q"],
      ["text ##[group]g", "text # #[group]g"],
    ] as const)
      assert.equal(harmless(words), shown);
  });

  it("stay as they are otherwise", () => {
    for (const words of ["GET /a::b 200", "at Foo::bar() ## [x]", "grüße 👋 日本", ""])
      assert.equal(harmless(words), words);
  });
});
