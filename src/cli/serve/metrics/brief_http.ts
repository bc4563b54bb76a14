/** As much of HTTP as is needed to answer who asks for metrics: one request on a connection. */

import { metricsRequestBytesMax } from "../../limits.ts";

/** An answer. */
export interface HttpAnswer {
  readonly status: keyof typeof phrases;
  /** @default plain text */
  readonly type?: string;
  readonly body: string;
}

/** The head of a request. */
interface HttpRequest {
  readonly method: string;
  /** Where it is sent to: under the name that its header `Host` has, if there is one. */
  readonly url: URL;
}

const phrases = {
  200: "OK",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

const plainText = "text/plain; charset=utf-8";

const headEnd = /\r?\n\r?\n/;
const requestLine = /^([A-Z]+) (\/\S*|http:\/\/\S+) HTTP\/1\.[01]$/;
const absoluteForm = /^http:\/\/([^/?#\\]*)(.*)$/;
const hostLine = /^host:[ \t]*(.*?)[ \t]*$/i;
/** A host in plain form, and a port: nothing that a URL's parser would take for something else. */
const plainHost = /^(?:\[[\da-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i;

/** An answer, after which the connection ends. @param method of a request, if it was one */
export function encodeAnswer({ status, type = plainText, body }: HttpAnswer, method?: string) {
  const bytes = new TextEncoder().encode(body);
  const head = [
    `HTTP/1.1 ${status} ${phrases[status]}`,
    `Content-Type: ${type}`,
    `Content-Length: ${bytes.length}`,
    "Connection: close",
    "\r\n",
  ].join("\r\n");
  return new TextEncoder().encode(method === "HEAD" ? head : head + body);
}

/**
 * Reads a request's head. `undefined`: it is none, or too long.
 *
 * @param own the `host:port` of a request that names none
 */
export async function readRequest(
  source: { read(buffer: Uint8Array): Promise<number | null> },
  own: string,
): Promise<HttpRequest | undefined> {
  const buffer = new Uint8Array(metricsRequestBytesMax);
  // Each byte is a character.
  const decoder = new TextDecoder("latin1");
  let head = "";
  while (!headEnd.test(head)) {
    const room = buffer.subarray(head.length);
    const bytes = room.length === 0 ? null : await source.read(room);
    if (bytes === null) return undefined;
    head += decoder.decode(room.subarray(0, bytes));
  }
  return requestOf(head.slice(0, head.search(headEnd)).split(/\r?\n/), own);
}

function requestOf([first = "", ...lines]: readonly string[], own: string) {
  const [, method, target = ""] = requestLine.exec(first) ?? [];
  const hosts = lines.flatMap((line) => hostLine.exec(line)?.slice(1) ?? []);
  // A request that names a whole URL names its host there.
  const [, host = hosts[0] ?? own, path = target] = absoluteForm.exec(target) ?? [];
  if (method === undefined || hosts.length > 1 || !plainHost.test(host)) return undefined;
  const url = URL.parse(`http://${host}${path}`);
  return url === null ? undefined : { method, url };
}
