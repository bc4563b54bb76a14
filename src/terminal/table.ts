import { painted } from "./stdout.ts";
import { lineWidth } from "./size.ts";
import { displayWidth, ellipsized, padded } from "./width.ts";

/** The space between two columns. */
const gap = "  ";

/**
 * Widest cell. All rows are padded to the widest one, and a server's signature or error may have a
 * megabyte.
 */
const cellWidthMax = 300;

/** A column of a table, and what happens to it if the table does not fit. */
export interface TableColumn<Row> {
  readonly head: string;
  readonly cell: (row: Row) => string;
  /** The width to which it may be cut, if that is enough to make room. @default it is not cut */
  readonly cutTo?: number;
  /** Columns with the greatest number are left out first. @default it stays */
  readonly dispensable?: number;
}

/** Lays rows out in columns, also with wide characters. Returns one line for each row. */
export function columnLines(rows: readonly (readonly string[])[], indent = ""): string[] {
  const cells = rows.map((row) => row.map(cut));
  const widths = widthsOf(cells);
  return cells.map((row) => {
    const all = row.map((cell, column) => padded(cell, widths[column] ?? 0));
    return (indent + all.join(gap)).trimEnd();
  });
}

/**
 * Rows under a head, no line wider than `width`. Columns are cut if that is enough, or else left
 * out; lines that are still too wide end with an ellipsis.
 */
export function tableLines<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  width = Infinity,
): string[] {
  let all = columns.map((column) => ({
    column,
    cells: [column.head, ...rows.map(column.cell)].map(cut),
  }));
  while (true) {
    const widths = all.map(({ cells }) => widthOf(cells));
    const tooMuch = sum(widths) + gap.length * (all.length - 1) - width;
    const spare = all.map(({ column }, i) => spareOf(column, widths[i] ?? 0));
    const most = Math.max(0, ...all.map(({ column }) => column.dispensable ?? 0));
    if (tooMuch <= 0 || sum(spare) >= tooMuch || most === 0) {
      const limits = withoutExcess(widths, spare, tooMuch);
      const lines = [undefined, ...rows].map((_, line) =>
        all.map(({ cells }, i) => ellipsized(cells[line] ?? "", limits[i] ?? 0))
      );
      return columnLines(lines).map((line) => ellipsized(line, width));
    }
    all = all.filter(({ column }) => (column.dispensable ?? 0) < most);
  }
}

/** A table for stdout, as wide as that allows, with a bold head on a terminal. */
export function printedTable<Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
): string {
  const [head = "", ...lines] = tableLines(columns, rows, lineWidth());
  return [painted("bold", head), ...lines].join("\n");
}

/** How much may be cut off a column. */
function spareOf<Row>({ cutTo }: TableColumn<Row>, width: number): number {
  return cutTo === undefined ? 0 : Math.max(0, width - cutTo);
}

/** Widths whose sum is smaller by `tooMuch`: each gives in proportion to what it can spare. */
function withoutExcess(
  widths: readonly number[],
  spare: readonly number[],
  tooMuch: number,
): number[] {
  let left = Math.max(0, tooMuch);
  let spareLeft = sum(spare);
  return widths.map((width, i) => {
    const own = spare[i] ?? 0;
    const off = spareLeft === 0 ? 0 : Math.min(own, Math.ceil(left * own / spareLeft));
    left -= off;
    spareLeft -= own;
    return width - off;
  });
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, displayWidth(cell));
    }
  }
  return widths;
}

function widthOf(cells: readonly string[]): number {
  return cells.reduce((most, cell) => Math.max(most, displayWidth(cell)), 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function cut(cell: string): string {
  // So few characters cannot be too wide, at two columns each, and need no measuring.
  return cell.length * 2 <= cellWidthMax ? cell : ellipsized(cell, cellWidthMax);
}
