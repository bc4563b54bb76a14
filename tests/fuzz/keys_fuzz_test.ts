/** What comes to a machine before it knows from whom, and what somebody has put among its keys. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { CommandError } from "../../src/base/command_error.ts";
import { RpcError } from "../../src/base/errors.ts";
import {
  createMember,
  createRequest,
  openAuthority,
  signRequest,
} from "../../src/keys/authority.ts";
import { formatBundle, parseBundle } from "../../src/keys/bundle.ts";
import { readCertificate } from "../../src/keys/certificate.ts";
import { dateText } from "../../src/keys/expiry.ts";
import { readJsonLine } from "../../src/keys/join/lines.ts";
import { createToken, findToken, formatToken } from "../../src/keys/join/token.ts";
import { keysOf } from "../../src/keys/keys.ts";
import { machineRights, parseRights, rightsOfUris } from "../../src/keys/rights.ts";
import { greet } from "../../src/wire/greeting.ts";
import * as fc from "../support/fast_check.ts";
import { TestCluster } from "../support/test_pki.ts";
import { bytesNear, jsonNear, textNear } from "./arbitraries.ts";
import { fuzz, mayThrow } from "./fuzz.ts";

const cluster = await TestCluster.create();
const authority = await openAuthority(cluster.ca);
const member = await createMember(authority, { name: "bob", rights: machineRights }, Date.now());
const { request } = await createRequest("bob");
await cluster[Symbol.asyncDispose]();

const subject = { name: "bob", rights: machineRights };

const derOf = (pem: string) =>
  Uint8Array.fromBase64(pem.replaceAll(/-----[A-Z ]+-----/g, "").replaceAll(/\s/g, ""));
const pemOf = (label: string, der: Uint8Array) =>
  `-----BEGIN ${label}-----\n${der.toBase64()}\n-----END ${label}-----\n`;

const token = formatToken(createToken("0123456789abcdef0123"));

fuzz("a token is one or none", textNear(token, `the token is ${token}.`), (text) => {
  const read = findToken(text);
  if (read !== undefined) assert.deepEqual(findToken(formatToken(read)), read);
});

const certificates = fc.oneof(
  bytesNear(new X509Certificate(member.certificate).raw).map((der) => pemOf("CERTIFICATE", der)),
  textNear(member.certificate),
);

fuzz("a certificate is read or refused", certificates, (pem) => {
  const read = mayThrow(Error, () => readCertificate(pem));
  if (read === undefined) return;
  assert.ok(dateText(read.validFromMs) !== "" && dateText(read.validToMs) !== "");
  assert.ok(!read.name.includes("\n"));
});

const whole = { ...member, authority: cluster.ca.certificate };

fuzz(
  "keys are whole or refused, whichever of their texts is spoilt",
  fc.tuple(
    fc.constantFrom("authority", "certificate", "privateKey"),
    fc.oneof(
      certificates,
      textNear(formatBundle(whole), member.privateKey),
      bytesNear(derOf(member.privateKey)).map((der) => pemOf("PRIVATE KEY", der)),
    ),
  ),
  ([spoilt, text]) => {
    const keys = mayThrow(CommandError, () => keysOf("there", { ...whole, [spoilt]: text }));
    if (keys !== undefined) assert.equal(keysOf("there", keys).own.name, keys.own.name);
  },
  undefined,
  1_000,
);

fuzz(
  "a bundle of keys is one or none",
  textNear(formatBundle(whole)),
  (text) => void mayThrow(CommandError, () => parseBundle("a file", text)),
  undefined,
  1_000,
);

fuzz(
  "a request for a certificate gives a sound one or none",
  fc.oneof(
    textNear(request),
    bytesNear(derOf(request)).map((der) => pemOf("CERTIFICATE REQUEST", der)),
  ),
  async (text) => {
    let certificate: string;
    try {
      certificate = await signRequest(authority, text, subject, Date.now());
    } catch (error) {
      assert.ok(error instanceof Error);
      return;
    }
    assert.equal(readCertificate(certificate).name, "bob");
  },
  undefined,
  500,
);

/** A connection on which these bytes come, and then nothing. */
function connectionOf(bytes: Uint8Array): Deno.Conn {
  let left = bytes;
  return {
    read(buffer: Uint8Array) {
      if (left.length === 0) return Promise.resolve(null);
      const part = left.subarray(0, buffer.length);
      left = left.subarray(part.length);
      buffer.set(part);
      return Promise.resolve(part.length);
    },
    write: (written: Uint8Array) => Promise.resolve(written.length),
    close() {},
  } as unknown as Deno.Conn;
}

const asked = { name: "bob", request, proof: "x".repeat(43) };

fuzz(
  "the line of a join is one or none",
  fc.oneof(
    bytesNear(`${JSON.stringify(asked)}\n`),
    jsonNear(asked).map((json) => new TextEncoder().encode(`${json}\n`)),
  ),
  async (bytes) => {
    try {
      const read = await readJsonLine(connectionOf(bytes));
      assert.ok(typeof read === "object" && read !== null && !Array.isArray(read));
    } catch (error) {
      assert.ok(error instanceof Error && !(error instanceof assert.AssertionError), `${error}`);
    }
  },
);

const welcome = {
  jsonrpc: "2.0",
  id: "hello",
  result: { server: "alpha", caller: "bob", rights: "read,call:*" },
};
const refusal = { jsonrpc: "2.0", id: "hello", error: { code: -32_005, message: "no" } };

fuzz(
  "a greeting is answered with texts, or refused",
  fc.oneof(
    bytesNear(`{"jsonrpc":"2.0","method":"x"}\n${JSON.stringify(welcome)}\nrest`),
    jsonNear(welcome, refusal).map((json) => new TextEncoder().encode(`${json}\n`)),
  ),
  async (bytes) => {
    try {
      const greeted = await greet(connectionOf(bytes), { service: "rpc" });
      assert.ok(Object.values(greeted.welcome).every((text) => typeof text === "string"));
    } catch (error) {
      assert.ok(error instanceof RpcError, `${error}`);
    }
  },
);

fuzz(
  "rights are read or refused, and those of a certificate never throw",
  textNear("call:img.*,serve,admin,read", "urn:rpc:right:call:*,urn:rpc:right:serve"),
  (text) => {
    mayThrow(RpcError, () => parseRights(text));
    rightsOfUris(text.split(","));
  },
);
