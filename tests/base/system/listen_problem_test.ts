import assert from "node:assert/strict";
import { listenProblem } from "../../../src/base/system/listen_problem.ts";

Deno.test("an address that cannot be listened on is told with what to choose in its place", () => {
  const cases: [error: Error, host: string, told: RegExp][] = [
    [new Deno.errors.AddrInUse("x"), "127.0.0.1", /^the port is in use; choose another one/],
    [new Deno.errors.AddrNotAvailable("x"), "192.0.2.1", /^this machine has no such address/],
    [new Deno.errors.PermissionDenied("x"), "127.0.0.1", /^ports below 1024 need more rights/],
    [new Error("Invalid argument"), "fe80::1", /needs its interface .* such as fe80::1%eth0$/],
    [new Error("Invalid argument"), "fe80::1%eth9", /^Invalid argument$/],
    [new Error("failed to lookup address information"), "nohost", /^"nohost" is neither/],
    [errorOf("EADDRINUSE"), "127.0.0.1", /^the port is in use; choose another one/],
    [errorOf("EINVAL"), "192.0.2.1", /^this machine has no such address/],
    [errorOf("EINVAL"), "fe80::1", /needs its interface .* such as fe80::1%eth0$/],
    [errorOf("EACCES"), "127.0.0.1", /^ports below 1024 need more rights/],
    [errorOf("ENOTFOUND"), "nohost", /^"nohost" is neither/],
  ];
  for (const [error, host, told] of cases) {
    assert.match(listenProblem(error, { host, port: 80 }, true, "linux"), told);
  }
});

Deno.test("a port that the system gives to nobody is told as such, and not as one of few rights", () => {
  const place = { host: "127.0.0.1", port: 50_051 };
  for (const error of [new Deno.errors.PermissionDenied("Access denied"), errorOf("EACCES")]) {
    assert.match(
      listenProblem(error, place, false, "windows"),
      /^Windows keeps this port for another use; choose another one \(.*netsh .*excludedportrange/,
    );
    assert.match(listenProblem(error, { ...place, port: 80 }, true, "windows"), /0 for any that/);
    assert.equal(listenProblem(error, place, true, "linux"), error.message);
  }
});

/** As Node's net has them. */
function errorOf(code: string): Error {
  return Object.assign(new Error(`listen ${code}`), { code });
}
