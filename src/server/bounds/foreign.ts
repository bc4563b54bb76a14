/**
 * What begins as another protocol does. Whoever speaks it is told so and left, before anything that
 * it sends is taken for a message, and before it waits for an answer of a kind that never comes.
 */

import { RpcError } from "../../base/errors.ts";
import { encodeError } from "../../wire/codec.ts";
import { httpAnswer, isHttp } from "./http.ts";

/** So much of a line says what it is, in characters or bytes. */
export const beginningLength = 256;

/**
 * First lines, or what has come of one, of protocols that somebody may have meant by the port. What
 * a person may type is none of them: it ends in no CR.
 */
const protocols: readonly (readonly [string, RegExp])[] = [
  ["SSH", /^SSH-\d/],
  ["the PROXY protocol", /^(?:PROXY (?:TCP[46]|UNKNOWN)\b|\0\r$)/],
  ["Redis", /^(?:[*$]\d+|PING|QUIT|INFO|HELLO(?: .*)?|AUTH .*|CLIENT .*|COMMAND(?: .*)?)\r$/i],
  [
    "memcached",
    /^(?:gets? \S.*|(?:set|add|replace|append|prepend|cas) \S+ \d+ -?\d+ \d+.*|m[adegns] \S.*|stats.*|version)\r$/,
  ],
  ["SMTP", /^(?:EHLO|HELO) .*\r$/i],
  ["ZooKeeper", /^(?:ruok|stat|srvr|mntr|conf|isro|envi|cons)$/],
  ["another protocol", /^[\w-]+ \S+ [A-Z]+\/\d/],
];

// deno-lint-ignore no-control-regex -- it is what no text begins with
const binary = /^[\x01-\x08\x0b\x0c\x0e-\x1f]/;

/** What a TLS client is answered. It shows it to nobody, but whoever looks at the wire reads it. */
const tlsAnswer = encodeError(
  null,
  new RpcError("ParseError", "This server does not speak TLS: it was started without keys"),
);

/**
 * What is answered where a connection's first bytes are those of no text; `undefined`: they may be
 * a message's. A page of a stranger may have chosen what stands in a browser's greeting of TLS: its
 * own server has handed out a "session" that the browser shows to whoever has the name by now.
 */
export function answerToBytes(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (first === 0x16) return tlsAnswer;
  // The first begins a greeting of SSL 2, and memcached's messages in bytes: no character does. Two
  // NULs are most of a length, such as PostgreSQL's; one may be a fault in a line.
  return first === 0x80 || (first === 0 && second === 0)
    ? answerTo("a protocol of bytes")
    : undefined;
}

/** The same for the first line, or for as much as has come of it. */
export function answerToBeginning(line: string): string | undefined {
  if (line.startsWith("{") || line.startsWith("[")) return undefined;
  if (isHttp(line)) return httpAnswer;
  const beginning = line.slice(0, beginningLength);
  if (binary.test(beginning)) return answerTo("a protocol of bytes");
  const [name] = protocols.find(([, pattern]) => pattern.test(beginning)) ?? [];
  return name === undefined ? undefined : answerTo(name);
}

function answerTo(protocol: string): string {
  const message = `This server speaks JSON-RPC over TCP, one message on each line, and not ` +
    `${protocol}: use rpc call`;
  return encodeError(null, new RpcError("ParseError", message));
}
