import assert from "node:assert/strict";
import { openServerHint } from "../../../src/cli/doctor/open_server.ts";

Deno.test("a server without keys on this machine has to start anew, one elsewhere to join", () => {
  const own = ["192.168.0.211"];
  for (const host of ["127.0.0.1", "::1", "192.168.0.211"]) {
    assert.match(openServerHint(host, own), /^start it anew/, host);
  }
  assert.match(openServerHint("192.168.0.212", own), /^let its machine join the cluster/);
});
