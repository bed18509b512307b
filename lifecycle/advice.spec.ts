import assert from "node:assert/strict";
import { adviceOn } from "./advice";

describe("advice on a container's last words", () => {
  for (const words of [
    "chown: changing ownership of '/data': Operation not permitted",
    "Error: EACCES: permission denied, open '/app/cache/1'",
    'PermissionError: [Errno 13] Permission denied: "/app/log"',
    "su-exec: setgroups: Operation not permitted",
    "ERROR: this script must be run as root",
  ]) {
    it(`says how to do without root: ${words}`, () => {
      assert.match(adviceOn(words).join("\n"), /expect root.*USER 1000.*chown=1000:1000/);
    });
  }

  it("says where it may write", () => {
    assert.match(adviceOn("mkdir: cannot create directory '/app/x': Read-only file system").join("\n"), /writableDirs/);
    assert.match(adviceOn("Error: EROFS: read-only file system, mkdir '/app/x'").join("\n"), /writableDirs/);
  });

  it("says nothing of other troubles", () => {
    assert.deepEqual(adviceOn("Error: listen EADDRINUSE: address already in use :::3000"), []);
    assert.deepEqual(adviceOn("the root of the problem is a permission table that is missing"), []);
  });
});
