/** The size of a terminal in characters. */
export interface ScreenSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a terminal has had since there were any. */
const usual: ScreenSize = { columns: 80, rows: 24 };

/**
 * The size of the terminal now; one that does not know its own, or says that it has none, is the
 * usual.
 */
export function terminalSize(ask: () => ScreenSize = Deno.consoleSize): ScreenSize {
  try {
    const { columns, rows } = ask();
    return { columns: columns || usual.columns, rows: rows || usual.rows };
  } catch {
    return usual;
  }
}

/** How wide a line of stdout may be: as wide as the terminal, or without end where it is none. */
export function lineWidth(): number {
  return Deno.stdout.isTerminal() ? terminalSize().columns : Infinity;
}
