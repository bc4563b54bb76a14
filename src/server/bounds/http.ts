/**
 * What an HTTP client sends first, in case something in it is no plain text: any of these is no
 * JSON, and no browser can leave them out.
 */
const httpLine =
  /^[ \t]*[\w!#$%&'*+.^`|~-]+[ \t][^\n]*[ \t]HTTP\/\d|^(?:host|origin|user-agent|content-type):/i;

/** A request of HTTP 0.9, which is a line of two words, or one that has not come as a whole. */
const oldHttpLine = /^[ \t]*[a-z]+[ \t]+(?:\/|\*(?=\s*$)|[a-z][a-z\d+.-]*:\/\/)\S*\s*$/i;

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
  return httpLine.test(line) || oldHttpLine.test(line);
}
