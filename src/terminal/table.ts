import Table from "cli-table3";

/**
 * Longest cell, in UTF-16 code units: each row has the width of the longest, and a server's signature or
 * error may have a megabyte.
 */
const cellLengthMax = 300;

/** Lays out rows under a head, wide characters included, with two spaces between columns and no rules. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: [...head],
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
    chars: Object.fromEntries(borders.map((name) => [name, ""])),
  });
  for (const row of rows) table.push(row.map(cut));
  return table.toString().replaceAll(/ +$/gm, "");
}

function cut(cell: string): string {
  return cell.length > cellLengthMax ? `${cell.slice(0, cellLengthMax)}...` : cell;
}

const borders = [
  "top",
  "top-mid",
  "top-left",
  "top-right",
  "bottom",
  "bottom-mid",
  "bottom-left",
  "bottom-right",
  "left",
  "left-mid",
  "mid",
  "mid-mid",
  "right",
  "right-mid",
  "middle",
] as const;
