/** Calls that were made from this browser before, kept over reloads. */

const key = "rpc.history";
const callsMax = 50;

/** What is kept, once it has been read: the first look at it waits for the browser's disk. */
let known;

// Another page of this gateway has made a call.
addEventListener("storage", () => known = undefined);

/** The latest calls, each `{ method, params }` with the parameters as JSON text. */
export function remembered() {
  try {
    known ??= (JSON.parse(localStorage.getItem(key)) ?? [])
      .filter(({ params }) => typeof params === "string");
  } catch {
    known = [];
  }
  return known;
}

/** Puts a call before the others, once. */
export function remember(method, params) {
  const others = remembered().filter((one) => one.method !== method || one.params !== params);
  known = [{ method, params }, ...others].slice(0, callsMax);
  try {
    localStorage.setItem(key, JSON.stringify(known));
  } catch { /* Full, or not allowed: it is a convenience. */ }
}
