import assert from "node:assert/strict";
import { portHint } from "../../../src/cli/doctor/firewall.ts";

Deno.test("what is to be done about a port follows from what came back, if anything", () => {
  const cases: [reason: string | undefined, hint: RegExp][] = [
    ["Connection refused (os error 111)", /^nothing listens there/],
    ["Network is unreachable (os error 101)", /^this machine has no way there: check the address/],
    ["No route to host (os error 113)", /^this machine has no way there/],
    ["failed to lookup address information: Name or service not known", /check its spelling/],
    [undefined, /firewall is in between; let TCP 6666 in/],
  ];
  for (const [reason, hint] of cases) assert.match(portHint(reason, 6666), hint);
});
