/** Patterns of names, in which `*` stands for any text: `alice`, `win-*`, `report.*`. */

/** Says whether a name fits. */
export type Matcher = (name: string) => boolean;

/**
 * One matcher of many patterns: a name fits if it fits one of them.
 *
 * Written out instead of turned into a regular expression: a pattern with many asterisks would make
 * one that takes for ever.
 */
export function matcherOf(patterns: readonly string[]): Matcher {
  const parts = patterns.map((pattern) => pattern.split("*"));
  return (name) => parts.some((pattern) => fits(pattern, name));
}

/** Whether the pieces of a pattern stand in a name in this order, the outer ones at its ends. */
function fits([first = "", ...rest]: readonly string[], name: string): boolean {
  const last = rest.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  // The earliest place is as good as any: it leaves the most for the pieces to come.
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return name.length - last.length >= at && name.endsWith(last);
}
