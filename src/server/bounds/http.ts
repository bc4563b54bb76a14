import { RpcError } from "../../base/errors.ts";
import { encodeError } from "../../wire/codec.ts";

/**
 * What an HTTP client sends first, in case something in it is no plain text: any of these is no
 * JSON, and no browser can leave them out.
 */
const httpLine = /^(?:\S+ \S+ HTTP\/\d|(?:host|origin|user-agent|content-type):)/i;

const body = "This is no HTTP server: it speaks JSON-RPC over TCP, one message on each line. " +
  "Use rpc call, or let rpc gateway answer HTTP in front of it.\n";

/** What an HTTP client is answered, so that a browser and curl show a sentence. */
export const httpAnswer = [
  "HTTP/1.1 400 Bad Request",
  "Content-Type: text/plain; charset=utf-8",
  `Content-Length: ${body.length}`,
  "Connection: close",
  "",
  body,
].join("\r\n");

/**
 * Whether a line that is no JSON comes from an HTTP client. A web page can have a browser send any
 * lines to any port without asking the user, but only after such a line. So nothing that follows
 * one may be run.
 */
export function isHttp(line: string): boolean {
  return httpLine.test(line);
}

/** What a TLS client is answered. It shows it to nobody, but whoever looks at the wire reads it. */
export const tlsAnswer: string = encodeError(
  null,
  new RpcError("ParseError", "This server does not speak TLS: it was started without keys"),
);

/**
 * Whether a connection begins with this byte as TLS does, and no message. A page of a stranger may
 * have chosen what stands in a browser's greeting: its own server has handed out a "session" that
 * the browser shows to whoever has the name by now.
 */
export function isTls(firstByte: number | undefined): boolean {
  return firstByte === 0x16;
}
