import type { ScreenSize } from "./size.ts";

/** What takes a column a character, whatever the terminal. */
const plain = /^[\x20-\x7e]*$/;

/** Takes away the line that the cursor is in. */
export const erasing = "\r\x1b[K";

/**
 * Lines above a bar, which is the last line of the terminal's text and has the cursor. At every
 * moment a whole bar can be seen, however slowly the terminal takes this in: the new one is drawn
 * below the old one, and only then do lines take the place of that.
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
      // How much room it takes cannot be told, or is too much.
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
 * The rows that a line takes; `Infinity` where terminals differ: in wide and joined characters, and
 * in where a line goes on that has filled its last row.
 */
function rowsOf(line: string, columns: number): number {
  if (line === "") return 1;
  if (line.length % columns === 0 || !plain.test(line)) return Infinity;
  return Math.ceil(line.length / columns);
}
