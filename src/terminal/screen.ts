import { onSuspend, type Suspension, type TerminalState } from "./interrupt.ts";
import { type ScreenSize, terminalSize } from "./size.ts";
import { ellipsized } from "./width.ts";

/** A terminal as {@link Screen} needs it. */
interface ScreenDevice {
  size(): ScreenSize;
  write(text: string): void;
}

/** To the second page, without a cursor. */
const entering = "\x1b[?1049h\x1b[?25l\x1b[2J";

/** Back to the first page, as it was. */
const leaving = "\x1b[?25h\x1b[?1049l";

/**
 * The whole terminal, drawn again and again: on its second page, as editors do it, so that what
 * stood there before comes back at the end, and so that a new size costs no more than the next
 * drawing.
 */
export class Screen {
  readonly #device: ScreenDevice;
  readonly #leave = () => this.close();
  readonly #suspension: Suspension;
  readonly #keyboard: TerminalState | undefined;
  #lines: readonly string[] = [];
  #isOpen = true;

  /**
   * Takes the terminal over. Also an exit from anywhere gives it back.
   *
   * @param keyboard is left and entered with it, while another program has the terminal
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

  /** Shows these lines, cut where the terminal ends. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen) return;
    this.#lines = lines;
    const { columns, rows } = this.size;
    const shown = lines.slice(0, rows).map((line) => `${ellipsized(line, columns)}\x1b[K`);
    this.#device.write(`\x1b[H${shown.join("\r\n")}\x1b[J`);
  }

  /** Gives the terminal back as it was. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    globalThis.removeEventListener("unload", this.#leave);
    this.#suspension.release();
    this.#keyboard?.leave();
    this.#device.write(leaving);
  }
}

const encoder = new TextEncoder();

const stdoutDevice: ScreenDevice = {
  size: () => terminalSize(),
  write: (text) => void Deno.stdout.writeSync(encoder.encode(text)),
};

/** A bar of a share from 0 to 1, a number of columns wide. */
export function barOf(share: number, columns: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * columns);
  return "█".repeat(full) + "░".repeat(Math.max(0, columns - full));
}

const sparks = "▁▂▃▄▅▆▇█";

/** Numbers from 0 up as a row of little bars, the greatest at full height. */
export function sparklineOf(values: readonly number[]): string {
  const max = Math.max(...values, Number.MIN_VALUE);
  return values.map((value) => sparks[Math.round((value / max) * (sparks.length - 1))]).join("");
}
