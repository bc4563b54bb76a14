/** Widths of texts on a terminal, where some characters take two columns and some none. */

import measure from "fast-string-truncated-width";

/** A sequence that sets colours: the only kind that may reach the terminal. */
// deno-lint-ignore no-control-regex
const colour = /\x1b\[[\d;]*m/;

/** All other control characters, which could move the cursor: a registry's names may hold any. */
// deno-lint-ignore no-control-regex
const control = /(\x1b\[[\d;]*m)|[\x00-\x1f\x7f-\x9f]/g;

/** The columns that a text takes; colours take none. */
export function displayWidth(text: string): number {
  return measure(text).width;
}

/**
 * As much of the text as fits. Control characters are left out; colours are kept, and ended if the
 * text is cut.
 */
export function fitted(text: string, columns: number): string {
  const line = text.replaceAll(control, "$1");
  let limit = columns;
  while (true) {
    const { index, truncated } = measure(line, { limit, ellipsis: "" });
    const shown = truncated ? line.slice(0, index) : line;
    // The library miscounts some characters, such as arrows, when it cuts: so measure again.
    const over = displayWidth(shown) - columns;
    if (over <= 0 || limit <= 0) {
      return truncated && colour.test(shown) ? `${shown}\x1b[0m` : shown;
    }
    limit -= over;
  }
}

/** As {@link fitted}, with an ellipsis if something was cut off. */
export function ellipsized(text: string, columns: number): string {
  const line = text.replaceAll(control, "$1");
  if (displayWidth(line) <= columns) return line;
  return columns < 1 ? "" : `${fitted(line, columns - 1)}…`;
}

/** The text padded with spaces to a width. */
export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

/** The text broken at spaces into lines that fit; all but the first are indented. */
export function wrapped(text: string, columns: number, indent: number): string {
  const [first = "", ...words] = text.split(" ");
  const lines: string[] = [];
  let line = first;
  // Counted on: to measure a long line for each of its words takes minutes.
  let width = displayWidth(first);
  for (const word of words) {
    const more = displayWidth(word);
    if (width + 1 + more <= columns) {
      line += ` ${word}`;
      width += 1 + more;
    } else {
      lines.push(line);
      line = " ".repeat(indent) + word;
      width = indent + more;
    }
  }
  return [...lines, line].join("\n");
}
