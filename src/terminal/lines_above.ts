import type { ScreenSize } from "./size.ts";

/** Characters that take one column on every terminal. */
const plain = /^[\x20-\x7e]*$/;

/** Erases the line that the cursor is in. */
export const erasing = "\r\x1b[K";

/**
 * Writes lines above a bar, which is the terminal's last line and has the cursor. A whole bar is
 * visible at every moment, even on a slow terminal: the new bar is drawn below the old one before
 * the lines replace that.
 *
 * @param text whole lines, each with its LF
 */
export function linesAbove(text: string, bar: string, size: ScreenSize): string {
  const lines = text.split("\n").slice(0, -1);
  // The old bar has to stay on the screen while the new one is drawn.
  const rowsMax = size.rows - 2;
  let written = "";
  for (let start = 0; start < lines.length;) {
    let end = start;
    let rows = 0;
    for (; end < lines.length; end++) {
      const more = rowsOf(lines[end] ?? "", size.columns);
      if (rows + more > rowsMax) break;
      rows += more;
    }
    if (end === start) {
      // It takes an unknown number of rows, or too many.
      written += `${erasing}${lines[end++]}\n${bar}`;
    } else {
      const group = lines.slice(start, end).join("\n");
      written += `${"\n".repeat(rows)}${bar}\x1b[${rows}A${erasing}${group}\n`;
    }
    start = end;
  }
  return written;
}

/**
 * The rows that a line takes; `Infinity` where terminals differ: for wide and joined characters,
 * and for lines that exactly fill their last row.
 */
function rowsOf(line: string, columns: number): number {
  if (line === "") return 1;
  if (line.length % columns === 0 || !plain.test(line)) return Infinity;
  return Math.ceil(line.length / columns);
}
