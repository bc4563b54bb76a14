/**
 * The first line of an HTTP client. No such line is JSON, and no browser can avoid sending one.
 */
const httpLine =
  /^[ \t]*[\w!#$%&'*+.^`|~-]+[ \t][^\n]*[ \t]HTTP\/\d|^(?:host|origin|user-agent|content-type):/i;

/** A request of HTTP 0.9, a line of two words, or an incomplete request. */
const oldHttpLine = /^[ \t]*[a-z]+[ \t]+(?:\/|\*(?=\s*$)|[a-z][a-z\d+.-]*:\/\/)\S*\s*$/i;

const body = "This is no HTTP server: it speaks JSON-RPC over TCP, one message on each line. " +
  "Use rpc call, or let rpc gateway answer HTTP in front of it.\n";

/** The answer to an HTTP client: browsers and curl show its sentence. */
export const httpAnswer = [
  "HTTP/1.1 400 Bad Request",
  "Content-Type: text/plain; charset=utf-8",
  `Content-Length: ${body.length}`,
  "Connection: close",
  "",
  body,
].join("\r\n");

/**
 * Whether a line that is not JSON comes from an HTTP client. A web page can make a browser send any
 * lines to any port, but only after such a line. So nothing after it may be run.
 */
export function isHttp(line: string): boolean {
  return httpLine.test(line) || oldHttpLine.test(line);
}
