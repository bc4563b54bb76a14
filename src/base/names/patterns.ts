/** Patterns of names, in which `*` stands for any text: `alice`, `win-*`, `report.*`. */

/** Whether a name fits. */
export type Matcher = (name: string) => boolean;

/**
 * One matcher for many patterns: a name fits if it fits one of them.
 *
 * No regular expression: one made of a pattern with many asterisks could take exponential time.
 */
export function matcherOf(patterns: readonly string[]): Matcher {
  const parts = patterns.map((pattern) => pattern.split("*"));
  return (name) => parts.some((pattern) => fits(pattern, name));
}

/** As {@link matcherOf}, for names of callers, which are compared without regard to case. */
export function callerMatcherOf(patterns: readonly string[]): Matcher {
  const fitsAny = matcherOf(patterns.map((pattern) => pattern.toLowerCase()));
  return (name) => fitsAny(name.toLowerCase());
}

/** Whether any caller's name can fit a pattern: names have no blanks, quotes or commas. */
export function isCallerPattern(pattern: string): boolean {
  return /^[\w.*-]+$/.test(pattern);
}

/** Whether a name has the pieces of a pattern in this order, the outer ones at its ends. */
function fits([first = "", ...rest]: readonly string[], name: string): boolean {
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  // The earliest place is the best one: it leaves most of the name to the later pieces.
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
