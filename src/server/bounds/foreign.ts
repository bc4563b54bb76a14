/**
 * Recognizes other protocols by their first bytes. Such a peer is told so and disconnected, before
 * anything that it sends is taken for a message.
 */

import { RpcError } from "../../base/errors.ts";
import { encodeError } from "../../wire/codec.ts";
import { type AnyLine, decoder } from "../../wire/lines.ts";
import { ShortRequest } from "../../wire/short_lines.ts";
import { httpAnswer, isHttp } from "./http.ts";

/** How much of a line is enough to recognize its protocol, in characters or bytes. */
const beginningLength = 256;

/**
 * The beginnings of other protocols' first lines. Text that a person types matches none of them,
 * because it does not end in CR.
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

/** The answer to a TLS client, for people who look at the wire: the client does not show it. */
const tlsAnswer = encodeError(
  null,
  new RpcError("ParseError", "This server does not speak TLS: it was started without keys"),
);

/** How a header of the PROXY protocol in bytes begins, which is how no other protocol does. */
const proxyHeader = new TextEncoder().encode("\r\n\r\n\0\r\nQUIT\n");

/**
 * The answer if a connection's first bytes cannot be text; `undefined` if they may be a message.
 *
 * This must come before any message is read: a hostile web page can choose part of a browser's TLS
 * greeting, since its server hands out the "session" that the browser later sends to any server
 * which has taken over the name.
 */
export function answerToBytes(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  if (first === 0x16) return tlsAnswer;
  // Its addresses need not be UTF-8, and may hold line ends.
  if (proxyHeader.every((byte, at) => byte === bytes[at])) return answerTo("the PROXY protocol");
  // SSL 2 and memcached's binary protocol begin with 0x80, which no character does. Two NULs are
  // the beginning of a length, as in PostgreSQL's protocol; a single one may be a faulty line.
  return first === 0x80 || (first === 0 && second === 0)
    ? answerTo("a protocol of bytes")
    : undefined;
}

/** The same for the first line, or for what has arrived of it. */
function answerToBeginning(line: string): string | undefined {
  if (line.startsWith("{") || line.startsWith("[")) return undefined;
  if (isHttp(line)) return httpAnswer;
  const beginning = line.slice(0, beginningLength);
  if (binary.test(beginning)) return answerTo("a protocol of bytes");
  const [name] = protocols.find(([, pattern]) => pattern.test(beginning)) ?? [];
  return name === undefined ? undefined : answerTo(name);
}

/**
 * The same for the first line as it came, or for what has arrived of it. Long lines are judged once
 * more when they are parsed.
 */
export function answerToLine(
  line: ShortRequest | AnyLine | undefined,
  partial: Uint8Array,
): string | undefined {
  if (line instanceof RpcError || line instanceof ShortRequest) return undefined;
  if (typeof line === "string") return answerToBeginning(line);
  const bytes = line?.bytes ?? partial;
  return answerToBeginning(decoder.decode(bytes.subarray(0, beginningLength)));
}

const keysWanted = encodeError(
  null,
  new RpcError(
    "Unavailable",
    "You have reached a server of rpc; it speaks TLS, since it wants keys: rpc keys join, or if " +
      "there are some, no --insecure",
  ),
);

/** What is answered to first bytes where TLS is expected, and these begin none. */
export function answerToPlain(bytes: Uint8Array): string {
  const [line = ""] = new TextDecoder().decode(bytes.subarray(0, beginningLength)).split("\n", 1);
  return answerToBytes(bytes) ?? answerToBeginning(line) ?? keysWanted;
}

function answerTo(protocol: string): string {
  const message = `This server speaks JSON-RPC over TCP, one message on each line, and not ` +
    `${protocol}: use rpc call`;
  return encodeError(null, new RpcError("ParseError", message));
}
