import { onSuspend, type Suspension, type TerminalState } from "./interrupt.ts";
import { type ScreenSize, terminalSize } from "./size.ts";
import { writeWhole } from "./stdout.ts";
import { ellipsized } from "./width.ts";

/** A terminal as {@link Screen} needs it. */
interface ScreenDevice {
  size(): ScreenSize;
  write(text: string): void;
}

/** Switches to the terminal's second page and hides the cursor. */
const entering = "\x1b[?1049h\x1b[?25l\x1b[2J";

/** Switches back to the first page, which is unchanged. */
const leaving = "\x1b[?25h\x1b[?1049l";

/**
 * Draws on the whole terminal, again and again. It uses the second page, as editors do, so that the
 * previous text comes back at the end.
 */
export class Screen {
  readonly #device: ScreenDevice;
  readonly #leave = () => this.close();
  readonly #suspension: Suspension;
  readonly #keyboard: TerminalState | undefined;
  #lines: readonly string[] = [];
  #isOpen = true;

  /**
   * Takes the terminal over. Any exit of the process restores it.
   *
   * @param keyboard restored and changed together with the screen
   */
  constructor(device: ScreenDevice = stdoutDevice, keyboard?: TerminalState) {
    this.#device = device;
    this.#keyboard = keyboard;
    globalThis.addEventListener("unload", this.#leave);
    this.#suspension = onSuspend({
      leave: () => {
        keyboard?.leave();
        this.#device.write(leaving);
      },
      enter: () => {
        keyboard?.enter();
        this.#device.write(entering);
        this.draw(this.#lines);
      },
    });
    device.write(entering);
  }

  get size(): ScreenSize {
    return this.#device.size();
  }

  /** Shows these lines, cut to the size of the terminal. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#lines = lines;
    const { columns, rows } = this.size;
    const shown = lines.slice(0, rows).map((line) => `${ellipsized(line, columns)}\x1b[K`);
    this.#device.write(`\x1b[H${shown.join("\r\n")}\x1b[J`);
  }

  /** Restores the terminal, if there still is one. It never throws. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    globalThis.removeEventListener("unload", this.#leave);
    this.#suspension.release();
    attempt(() => this.#keyboard?.leave());
    attempt(() => this.#device.write(leaving));
  }
}

/** A terminal that is gone needs nothing, and must not hide why the program ends. */
function attempt(restore: () => void): void {
  try {
    restore();
  } catch {
    // There is nobody to tell.
  }
}

const stdoutDevice: ScreenDevice = {
  size: () => terminalSize(),
  write: (text) => writeWhole(Deno.stdout, text),
};

/** A bar for a share from 0 to 1, so many columns wide. */
export function barOf(share: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return "█".repeat(full) + "░".repeat(Math.max(0, columns - full));
}

const sparks = "▁▂▃▄▅▆▇█";

/** A sparkline of numbers from 0 up: the greatest has the full height. */
export function sparklineOf(values: readonly number[]): string {
  const max = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => sparks[Math.round((value / max) * (sparks.length - 1))]).join("");
}
