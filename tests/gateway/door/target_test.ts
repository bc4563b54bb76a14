import assert from "node:assert/strict";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";
import { targetOf } from "../../../src/gateway/door/target.ts";

/**
 * The name that a request is taken to be for, as the runtime hands it over; or the status of its
 * refusal.
 *
 * @param target a host, or one with a path
 */
function nameOf(target: string, headers: Record<string, string> = {}): string {
  try {
    const url = `http://${target}${target.includes("/") ? "" : "/call/x"}`;
    return targetOf({ url, headers: new Headers(headers) }).hostname;
  } catch (error) {
    assert.ok(error instanceof HttpProblem);
    return String(error.status);
  }
}

Deno.test("a request is for the name that it says, written as names and addresses are", () => {
  for (const name of ["127.0.0.1", "localhost", "a-b.example", "my_host", "[::1]", "localhost."]) {
    assert.equal(nameOf(name), name);
    assert.equal(nameOf(`${name}:8080`), name);
  }
  assert.equal(nameOf("LocalHost:1"), "localhost");
  assert.equal(nameOf("[0:0:0:0:0:0:0:1]"), "[::1]");
});

Deno.test("what would have to be guessed is no name", () => {
  for (
    const name of [
      ...["", "a@127.0.0.1", "a:b@localhost", "127.0.0.1:80:80", "[::1", "::1", "127.1", "0x7f.1"],
      ...["2130706433", "0177.0.0.1", "127.0.0.1.", "127.0.0.256", "%6cocalhost", "local\thost"],
      ...["[fe80::1%eth0]", "[fe80::1%25eth0]", "localhost:", "localhost:99999", "localhost\\x"],
      ...["localhost?x", "localhost#x", "\uff11\uff12\uff17.0.0.1", ".localhost", "a b", "a,b"],
    ]
  ) assert.equal(nameOf(name), "400", name);
});

Deno.test("a path that means another one is refused, since a proxy may have read it as it is", () => {
  const pathOf = (path: string) => {
    const authority = "127.0.0.1";
    return nameOf(`${authority}${path}`).replace(authority, "taken");
  };
  for (
    const path of [
      ...["/call/../mcp", "/call/%2e%2E/mcp", "/call/.%2e/mcp", "/call/..", "/./mcp", "/call/.?x"],
      ...["/call\\..\\mcp", "/call\\x"],
    ]
  ) assert.equal(pathOf(path), "400", path);
  for (const path of ["", "/", "/call/a..b", "/call/...", "/call/.a", "/x?y=/../z", "/%2f"]) {
    assert.equal(pathOf(path), "taken", path);
  }
});

Deno.test("a request whose header Host says another name than its target, or two, is refused", () => {
  assert.equal(nameOf("127.0.0.1:80", { host: "127.0.0.1:80" }), "127.0.0.1");
  for (const host of ["evil.example", "127.0.0.1:80, 127.0.0.1:80", "127.0.0.1", ""]) {
    assert.equal(nameOf("127.0.0.1:80", { host }), "400", host);
  }
});
