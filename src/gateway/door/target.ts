import { HttpProblem } from "./problem.ts";

/** A host as clients write it, and a port: nothing that a URL's parser would make one of. */
const authorityForm = /^(\[[\da-f:.]+\]|\w[\w.-]*)(?::\d{1,5})?$/i;

/**
 * Where a request leads. What is no plain name or address is refused, though it may mean one:
 * whoever stands before us (a proxy, a filter) may have taken it for another.
 *
 * @throws {HttpProblem} 400: it says no name, several, or one that has to be guessed
 */
export function targetOf({ url: text, headers }: Pick<Request, "url" | "headers">): URL {
  const start = text.indexOf("//") + 2;
  const end = text.indexOf("/", start);
  const authority = end === -1 ? text.slice(start) : text.slice(start, end);
  // HTTP/2 has none as a rule; two of them are one with a comma.
  const said = headers.get("host");
  if (said !== null && said !== authority) throw unreadable();
  const url = parsed(text);
  if (authority !== lastGood) {
    const [, host] = authorityForm.exec(authority) ?? [];
    // `127.1` and `0x7f.1` are addresses to some, and names to others.
    if (host?.startsWith("[") !== true && host?.toLowerCase() !== url.hostname) throw unreadable();
    lastGood = authority;
  }
  return url;
}

/** Nearly all requests are for one name, which need not be looked at again. */
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
