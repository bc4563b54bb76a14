import assert from "node:assert/strict";
import { portHint } from "../../../src/cli/doctor/firewall.ts";

Deno.test("what is to be done about a port follows from what came back, if anything", () => {
  const cases: [reason: string | undefined, hint: RegExp][] = [
    ["Connection refused (os error 111)", /^nothing listens there/],
    ["Network is unreachable (os error 101)", /^this machine has no way there: check the address/],
    ["connect ENETUNREACH 10.9.9.9:6666", /^this machine has no way there/],
    ["No route to host (os error 113)", /^is the machine up, at this .*let TCP 6666 in/],
    ["connect EHOSTUNREACH 10.9.9.9:6666", /^is the machine up, at this .*let TCP 6666 in/],
    ["connect ETIMEDOUT 10.9.9.9:6666", /firewall is in between/],
    ["getaddrinfo ENOTFOUND server-b", /check its spelling/],
    ["failed to lookup address information: Name or service not known", /check its spelling/],
    ['its certificate, of "b", has expired on 2027-12-30 (there: rpc keys renew)', /keys show/],
    ["this machine's clock says 2026-11-26: is the clock wrong?", /clocks of both/],
    ["it does not speak TLS: it runs without keys", /^compare/],
    [undefined, /firewall is in between; let TCP 6666 in/],
  ];
  for (const [reason, hint] of cases) assert.match(portHint(reason, 6666), hint);
});
