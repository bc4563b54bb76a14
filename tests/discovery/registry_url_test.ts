import assert from "node:assert/strict";
import {
  formatRegistryUrl,
  parseRegistryUrl,
  withoutLogin,
  withoutPassword,
} from "../../src/discovery/registry_url.ts";

Deno.test("parseRegistryUrl() reads every form", () => {
  const cases: [string, ReturnType<typeof parseRegistryUrl>][] = [
    ["local:", { kind: "local" }],
    ["local:/some/dir", { kind: "local", directory: "/some/dir" }],
    ["local:C:\\some\\dir", { kind: "local", directory: "C:\\some\\dir" }],
    ["static:a:1,[::1]:65535, b-c.d:2", {
      kind: "static",
      endpoints: [
        { host: "a", port: 1 },
        { host: "::1", port: 65_535 },
        { host: "b-c.d", port: 2 },
      ],
    }],
    ["zookeeper://h", { kind: "zookeeper", servers: [{ host: "h", port: 2181 }], chroot: "" }],
    ["zookeeper://h/", { kind: "zookeeper", servers: [{ host: "h", port: 2181 }], chroot: "" }],
    ["zookeeper://h:1,[fe80::1]:2/prod/eu?sessionTimeoutMs=4000", {
      kind: "zookeeper",
      servers: [{ host: "h", port: 1 }, { host: "fe80::1", port: 2 }],
      chroot: "/prod/eu",
      sessionTimeoutMs: 4_000,
    }],
    ["zookeeper://me%3A:p@ss:w%2Frd@h", {
      kind: "zookeeper",
      servers: [{ host: "h", port: 2181 }],
      chroot: "",
      login: { user: "me:", password: "p@ss:w/rd" },
    }],
  ];
  for (const [text, url] of cases) assert.deepEqual(parseRegistryUrl(text), url, text);
});

Deno.test("parseRegistryUrl() says what is wrong, and what the forms are", () => {
  const cases: [string, RegExp][] = [
    ["", /it names no kind of registry/],
    ["10.0.0.1:2181", /it names no kind of registry/],
    ["consul:10.0.0.1", /"consul" is no kind of registry/],
    ["static:", /"" is no host:port/],
    ["static:a:1,,b:2", /"" is no host:port/],
    ["static:a", /"a" lacks a port/],
    ["static:a:0", /the port of "a:0" is not from 1 to 65535/],
    ["static:a:65536", /the port of "a:65536" is not from 1 to 65535/],
    ["static:::1:80", /"::1:80" is no host:port/],
    ["static:[127.%1]:2", /"\[127.%1\]:2" is no host:port/],
    ["zookeeper:h:2181", /hosts must follow zookeeper:\/\//],
    ["zookeeper://", /"" is no host:port/],
    ["zookeeper://h:2181//x", /"\/\/x" is no path/],
    ["zookeeper://h:2181/a/../b", /is no path/],
    ["zookeepers://h:2281/\t?", /is no path/],
    ["zookeeper://h/a\u0085b", /is no path/],
    ["zookeeper://h/a ?", /is no path/],
    ["zookeeper://h/\u{1f600}", /is no path/],
    ["zookeeper://h/a\ufff0", /is no path/],
    ["zookeeper://me@h", /the login before @ must be user:password/],
    ["zookeeper://me:50%@h", /write % as %25/],
    ["zookeeper://h?timeout=1", /"timeout" is no setting; there is sessionTimeoutMs/],
    ["zookeeper://h?sessionTimeoutMs=soon", /sessionTimeoutMs must be a whole number from 100 to/],
    ["zookeeper://h?sessionTimeoutMs=10", /sessionTimeoutMs must be a whole number from 100 to/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseRegistryUrl(text), (error: Error) => {
      assert.equal(error.name, "InvalidParams");
      assert.match(error.message, message, text);
      for (const form of ["local:/some/dir", "static:host:port", "zookeeper://[login@]host"]) {
        assert.ok(error.message.includes(form), error.message);
      }
      return true;
    });
  }
});

Deno.test("formatRegistryUrl() gives the canonical text, never the password", () => {
  const cases: [string, string][] = [
    ["local:", "local:"],
    ["local:/some/dir", "local:/some/dir"],
    ["static:a:1, [::1]:2", "static:a:1,[::1]:2"],
    ["zookeeper://h,[::1]/", "zookeeper://h:2181,[::1]:2181"],
    ["zookeeper://h:1/x/?sessionTimeoutMs=04000", "zookeeper://h:1/x?sessionTimeoutMs=4000"],
    ["zookeeper://me:secret@h", "zookeeper://me:***@h:2181"],
  ];
  for (const [text, canonical] of cases) {
    assert.equal(formatRegistryUrl(parseRegistryUrl(text)), canonical);
  }
});

Deno.test("no message of parseRegistryUrl() repeats a password", () => {
  for (const rest of ["h:0", "h//x", "h?x=1", "h:x", ""]) {
    assert.throws(
      () => parseRegistryUrl(`zookeeper://me:secret@${rest}`),
      (error: Error) => !error.message.includes("secret"),
    );
  }
  for (
    const start of [
      ...["zookeeper:me:", "zookeper://me:", "me:", "zookeeper://", "zookeeper://me:%"],
      ...[
        "static:me:",
        "static:",
        "static:me:x,",
        "ZooKeeper://me:",
        "zookeeper://h/a?x=",
        "static://me:",
      ],
    ]
  ) {
    assert.throws(
      () => parseRegistryUrl(`${start}secret@h`),
      (error: Error) => !error.message.includes("secret"),
    );
  }
});

Deno.test("no message of parseRegistryUrl() repeats a password whose @ was forgotten", () => {
  for (const rest of ["", "/x", ",h:2181", "?x=1", ":2181/x"]) {
    const url = `zookeeper://h:2181,me:1secret${rest}`;
    assert.throws(() => parseRegistryUrl(url), (error: Error) => !error.message.includes("secret"));
  }
});

Deno.test("an IPv6 address with the interface that it is reached by is an address", () => {
  assert.deepEqual(parseRegistryUrl("static:[fe80::1%eth0]:6666"), {
    kind: "static",
    endpoints: [{ host: "fe80::1%eth0", port: 6666 }],
  });
  assert.equal(
    formatRegistryUrl(parseRegistryUrl("zookeeper://[fe80::1%2]:2181")),
    "zookeeper://[fe80::1%2]:2181",
  );
  assert.throws(() => parseRegistryUrl("static:[fe80::1%]:6666"));
});

Deno.test("a URL is shown without its password, and handed on without its login", () => {
  const cases = [
    ["zookeeper://me:p@w:x@h:2181/a", "zookeeper://me:***@h:2181/a", "zookeeper://h:2181/a"],
    [" zookeepers://me:pw@h", " zookeepers://me:***@h", " zookeepers://h"],
    ["zookeeper://me:pw@", "zookeeper://me:***@", "zookeeper://"],
    ["zookeeper://h:2181", "zookeeper://h:2181", "zookeeper://h:2181"],
    ["local:/home/me/a@b", "local:/home/me/a@b", "local:/home/me/a@b"],
    ["local:/home/me/a:b@c", "local:/home/me/a:b@c", "local:/home/me/a:b@c"],
    ["zookeeper://me:pw/x", "zookeeper://me:***/x", "zookeeper://me:pw/x"],
    ["zookeeper://h:21,[::1]:2,fe80::1", "zookeeper://h:21,[::1]:2,fe80::1"],
    ["me:p@w@h:2181", "me:***@h:2181", "h:2181"],
    ["static:me:pw@h:1,h:2", "static:me:***@h:1,h:2", "static:h:1,h:2"],
    ["static:h:1,h:2", "static:h:1,h:2"],
  ] as const;
  for (const [url, shown, handedOn = url] of cases) {
    assert.equal(withoutPassword(url), shown);
    assert.equal(withoutLogin(url), handedOn);
  }
});
