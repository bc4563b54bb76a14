/** Calls that were made from this browser before, kept over reloads. */

const key = "rpc.history";
const callsMax = 50;

/** The latest calls, each `{ method, params }` with the parameters as JSON text. */
export function remembered() {
  try {
    const all = JSON.parse(localStorage.getItem(key)) ?? [];
    return all.filter(({ params }) => typeof params === "string");
  } catch {
    return [];
  }
}

/** Puts a call before the others, once. */
export function remember(method, params) {
  const others = remembered().filter((one) => one.method !== method || one.params !== params);
  try {
    const all = [{ method, params }, ...others].slice(0, callsMax);
    localStorage.setItem(key, JSON.stringify(all));
  } catch { /* Full, or not allowed: it is a convenience. */ }
}
