/** The size of a terminal in characters. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** The traditional size of a terminal. */
const usual: ScreenSize = { columns: 80, rows: 24 };

/** The current size of the terminal, or the usual one if the terminal does not tell. */
export function terminalSize(ask: () => ScreenSize = Deno.consoleSize): ScreenSize {
  try {
    const { columns, rows } = ask();
    return { columns: columns || usual.columns, rows: rows || usual.rows };
  } catch {
    return usual;
  }
}

/** How wide a line of stdout may be: the terminal's width, or infinite if it is no terminal. */
export function lineWidth(): number {
  return Deno.stdout.isTerminal() ? terminalSize().columns : Infinity;
}
