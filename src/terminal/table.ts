import { displayWidth, fitted, padded } from "./width.ts";

/** What stands between two columns. */
const gap = "  ";

/**
 * Widest cell: each row has the width of the widest, and a server's signature or error may have a
 * megabyte.
 */
const cellWidthMax = 300;

/**
 * Lays rows out in columns, wide characters included, with two spaces between them: a line each.
 */
export function columnLines(rows: readonly (readonly string[])[], indent = ""): string[] {
  const cells = rows.map((row) => row.map(cut));
  const widths: number[] = [];
  for (const row of cells) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    }
  }
  return cells.map((row) => {
    const all = row.map((cell, column) => padded(cell, widths[column] ?? 0));
    return (indent + all.join(gap)).trimEnd();
  });
}

/** Rows under a head, in columns. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return columnLines([head, ...rows]).join("\n");
}

function cut(cell: string): string {
  // Fewer characters than that take no more columns, and need no measuring.
  if (cell.length * 2 <= cellWidthMax || displayWidth(cell) <= cellWidthMax) return cell;
  return `${fitted(cell, cellWidthMax)}...`;
}
