/**
 * How much room a text takes on a terminal, where some characters take two columns and some none.
 */

import measure from "fast-string-truncated-width";

/** A sequence that sets colours, which is all that is let through to a terminal. */
// deno-lint-ignore no-control-regex
const colour = /\x1b\[[\d;]*m/;

/** Whatever else could move the cursor or worse: a name from a registry may hold anything. */
// deno-lint-ignore no-control-regex
const control = /(\x1b\[[\d;]*m)|[\x00-\x1f\x7f-\x9f]/g;

/** The columns that a text takes; colours take none. */
export function displayWidth(text: string): number {
  return measure(text).width;
}

/**
 * The text, or as much of it as fits; control characters are left out, colours are kept and ended.
 */
export function fitted(text: string, columns: number): string {
  const line = text.replaceAll(control, "$1");
  let limit = columns;
  while (true) {
    const { index, truncated } = measure(line, { limit, ellipsis: "" });
    const shown = truncated ? line.slice(0, index) : line;
    // What is neither Latin nor wide, such as an arrow, is not counted where what follows is cut.
    const over = displayWidth(shown) - columns;
    if (over <= 0 || limit <= 0) {
      return truncated && colour.test(shown) ? `${shown}\x1b[0m` : shown;
    }
    limit -= over;
  }
}

/** As {@link fitted}, with an ellipsis where something was cut off. */
export function ellipsized(text: string, columns: number): string {
  const line = text.replaceAll(control, "$1");
  if (displayWidth(line) <= columns) return line;
  return columns < 1 ? "" : `${fitted(line, columns - 1)}…`;
}

/** The text with spaces behind it, up to a width. */
export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - displayWidth(text)));
}

/** The text in lines that fit, broken at spaces; all but the first begin with `indent` spaces. */
export function wrapped(text: string, columns: number, indent: number): string {
  const [first = "", ...words] = text.split(" ");
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    if (displayWidth(line) + 1 + displayWidth(word) <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = " ".repeat(indent) + word;
    }
  }
  return [...lines, line].join("\n");
}
