import { HttpProblem } from "./problem.ts";

/** A host in plain form, and a port: nothing that a URL parser would have to normalize. */
const authorityForm = /^(\[[\da-f:.]+\]|\w[\w.-]*)(?::\d{1,5})?$/i;

/** What a URL parser turns into another path: the segments `.` and `..`, and backslashes. */
const unplainPath = /\\|\/(?:\.|%2e){1,2}(?:\/|$)/i;

/**
 * The URL of a request. A host that is not a plain name or address is refused, even if it means
 * one, and so is a path that means another one: a proxy or a filter before us may have understood
 * it differently, such as one that lets only `/call/` pass.
 *
 * @throws {HttpProblem} 400: there is no host, there are several, or it or the path is ambiguous
 */
export function targetOf({ url: text, headers }: Pick<Request, "url" | "headers">): URL {
  const start = text.indexOf("//") + 2;
  const end = text.indexOf("/", start);
  const authority = end === -1 ? text.slice(start) : text.slice(start, end);
  // HTTP/2 usually has no such header. Two headers are joined by a comma.
  const said = headers.get("host");
  if (said !== null && said !== authority) throw unreadable();
  const url = parsed(text);
  if (authority !== lastGood) {
    const [, host] = authorityForm.exec(authority) ?? [];
    // `127.1` and `0x7f.1` are addresses to some programs, and names to others.
    if (host?.startsWith("[") !== true && host?.toLowerCase() !== url.hostname) throw unreadable();
    lastGood = authority;
  }
  const query = end === -1 ? -1 : text.indexOf("?", end);
  const path = end === -1 ? "" : text.slice(end, query === -1 ? undefined : query);
  if (unplainPath.test(path)) {
    const problem =
      "Cannot read the path: write it without backslashes, and without . and .. in it";
    throw new HttpProblem(400, "InvalidRequest", problem);
  }
  return url;
}

/**
 * The last good host: nearly all requests are for the same one, which need not be checked again.
 */
let lastGood: string | undefined;

function parsed(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw unreadable();
  }
}

function unreadable(): HttpProblem {
  return new HttpProblem(400, "InvalidRequest", "Cannot read the header Host");
}
