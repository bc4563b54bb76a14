import assert from "node:assert/strict";
import { Access } from "../../../src/gateway/door/access.ts";
import { HttpProblem } from "../../../src/gateway/door/problem.ts";

const token = "a-token-of-some-length";

function access(options: Partial<ConstructorParameters<typeof Access>[0]> = {}): Access {
  return new Access({ token, hosts: ["gw.example"], origins: [], secure: false, ...options });
}

function statusOf(look: () => void): number | undefined {
  try {
    look();
    return undefined;
  } catch (error) {
    assert.ok(error instanceof HttpProblem);
    return error.status;
  }
}

Deno.test("a name that was made to lead here is refused, and an address or our own name is not", () => {
  const at = (url: string) => statusOf(() => access().checkPlace(new URL(url), new Headers()));
  for (
    const name of ["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "192.168.0.7", "gw.example"]
  ) {
    assert.equal(at(`http://${name}/`), undefined, name);
  }
  for (const name of ["evil.example", "127.0.0.1.nip.io", "gw.example.evil.example", "evil"]) {
    assert.equal(at(`http://${name}/`), 421, name);
  }
});

Deno.test("a page of another origin, scheme or port is refused", () => {
  const from = (origin: string, options = {}) =>
    statusOf(() =>
      access(options).checkPlace(new URL("http://localhost:8080/"), new Headers({ origin }))
    );
  assert.equal(from("http://localhost:8080"), undefined);
  for (
    const origin of ["http://localhost:3000", "https://localhost:8080", "null", "http://x", ""]
  ) {
    assert.equal(from(origin), 403, origin);
  }
  assert.equal(from("https://x.example", { origins: ["https://x.example"] }), undefined);
});

Deno.test("who is refused for an origin is told the flag only where the flag takes it", () => {
  const refusal = (origin: string) => {
    const headers = new Headers({ origin });
    try {
      access().checkPlace(new URL("http://localhost:8080/"), headers);
    } catch (error) {
      assert.ok(error instanceof HttpProblem);
      return error.message;
    }
    return assert.fail("It was not refused");
  };
  assert.match(refusal("https://x.example"), /--allow-origin https:\/\/x\.example$/);
  for (const origin of ["null", "file://", "", "a b", "https://x.example, https://y.example"]) {
    assert.doesNotMatch(refusal(origin), /--allow-origin/, origin);
  }
});

Deno.test("what a page of elsewhere fetches as a picture or a script is refused, and a link is not", () => {
  const by = (site: string, mode: string) =>
    statusOf(() =>
      access().checkPlace(
        new URL("http://localhost:8080/metrics"),
        new Headers({ "sec-fetch-site": site, "sec-fetch-mode": mode }),
      )
    );
  assert.equal(by("same-origin", "no-cors"), undefined);
  assert.equal(by("none", "navigate"), undefined);
  assert.equal(by("cross-site", "navigate"), undefined);
  assert.equal(by("same-site", "no-cors"), 403);
  assert.equal(by("cross-site", "no-cors"), 403);
  assert.equal(by("cross-site", "websocket"), 403);
});

Deno.test("the token counts from the header, the cookie of this port, and a WebSocket's protocol", () => {
  const by = (headers: Record<string, string>) =>
    statusOf(() => access().checkToken(new Headers(headers), new URL("http://localhost:8080/")));
  assert.equal(by({ authorization: `Bearer ${token}` }), undefined);
  assert.equal(by({ cookie: `a=b; rpc_gateway_8080=${token}` }), undefined);
  assert.equal(by({ "sec-websocket-protocol": `rpc, bearer.${token}` }), undefined);
  for (
    const headers of [
      {},
      { authorization: token },
      { authorization: `Bearer ${token.slice(1)}` },
      { authorization: `Bearer ${token}${token}` },
      { authorization: `Bearer ${token.toUpperCase()}` },
      { authorization: `Bearer ${token.slice(0, -1)}` },
      { authorization: "Bearer " },
      { authorization: `Basic ${token}` },
      { cookie: `rpc_gateway_8081=${token}` },
      { "sec-websocket-protocol": token },
    ] as Record<string, string>[]
  ) assert.equal(by(headers), 401, JSON.stringify(headers));
});

Deno.test("the page's cookie is only for TLS where that is spoken here, or by a proxy at that host", () => {
  const isSecure = (host: string, options: Parameters<typeof access>[0]) =>
    access(options).cookieFor(new URL(`http://${host}/`))?.endsWith("; Secure");
  const origins = ["https://rpc.example", "https://other.example:8443", "http://plain.example"];
  assert.equal(isSecure("localhost:8080", { secure: true }), true);
  assert.equal(isSecure("rpc.example", { origins }), true);
  assert.equal(isSecure("other.example:8443", { origins }), true);
  for (const host of ["localhost:8080", "rpc.example:8080", "other.example", "plain.example"]) {
    assert.equal(isSecure(host, { origins }), false, host);
  }
});

Deno.test("the page's cookie goes to no other path of a proxy's host than the gateway's", () => {
  const pathOf = (publicUrl: string | undefined, host: string) => {
    const cookie = access({ publicUrl }).cookieFor(new URL(`http://${host}/session`));
    return /; Path=([^;]*)/.exec(cookie ?? "")?.[1];
  };
  assert.equal(pathOf("https://rpc.example/a/rpc", "rpc.example"), "/a/rpc/");
  assert.equal(pathOf("https://rpc.example:8443/rpc", "rpc.example:8443"), "/rpc/");
  assert.equal(pathOf("https://rpc.example", "rpc.example"), "/");
  assert.equal(pathOf("https://rpc.example/rpc", "localhost:8080"), "/");
  assert.equal(pathOf(undefined, "rpc.example"), "/");
});

Deno.test("only a page of an allowed origin may read an answer, and without a token all may ask", () => {
  const readers = ["https://x.example", "https://y.example", "null", "", null].map((origin) =>
    access({ origins: ["https://x.example"] })
      .corsHeaders(origin)?.["access-control-allow-origin"]
  );
  assert.deepEqual(readers, ["https://x.example", undefined, undefined, undefined, undefined]);
  const open = access({ token: undefined });
  const url = new URL("http://localhost:8080/");
  assert.equal(statusOf(() => open.checkToken(new Headers(), url)), undefined);
  assert.equal(open.cookieFor(url), undefined);
});
