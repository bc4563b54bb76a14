import { type Clock, systemClock, type Timer } from "../base/clock.ts";
import { isScreen, writeWhole } from "./stdout.ts";
import { rounded } from "./figure_text.ts";
import { barOf } from "./screen.ts";
import { erasing, linesAbove } from "./lines_above.ts";
import { type ScreenSize, terminalSize } from "./size.ts";
import { displayWidth, fitted } from "./width.ts";

/** How far some work has come. */
export interface ProgressState {
  /** Calls that have ended, failed ones included. */
  readonly done: number;
  readonly failed: number;
}

/** Where the bar is drawn. */
export interface ProgressTerminal {
  readonly isTTY: boolean;
  /** In characters, now. */
  readonly size: ScreenSize;
  write(text: string): void;
}

/** What a {@link Progress} shows. */
interface ProgressOptions {
  /** Called ten times a second while the bar is shown. */
  readonly state: () => ProgressState;
  /** Calls to be made. @default unknown: no bar and no time left, only the count and the rate */
  readonly total?: number | undefined;
  /** When the work ends at the latest, in milliseconds from now. @default no such time */
  readonly durationMs?: number | undefined;
  /** Whether results are printed on the same terminal, above the bar. @default false */
  readonly isBesideOutput?: boolean;
  /** @default stderr */
  readonly terminal?: ProgressTerminal;
  /** @default the machine's */
  readonly clock?: Clock;
}

/** Work that ends sooner needs no bar. */
const showAfterMs = 700;

/** How often it is drawn: as fast as an eye follows numbers. */
const redrawMs = 100;

/** The rate is measured over about this time. */
const rateWindowMs = 3_000;

const barWidthMax = 40;
const barWidthMin = 10;

/**
 * A bar on stderr with what is done, the rate, and the time left: on terminals only, and only when
 * the work takes a while.
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #clock: Clock;
  readonly #terminal: ProgressTerminal;
  readonly #startedAtMs: number;
  readonly #samples: { readonly atMs: number; readonly done: number }[] = [];
  #timer: Timer | undefined;
  #isShown = false;
  /** Whether results are being written: a bar drawn now would end up in the middle of one. */
  #isHeld = false;
  /** The line as it was drawn last. */
  #line = "";

  /** The bar appears after {@link showAfterMs}, unless {@link stop} comes first. */
  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#terminal = options.terminal ?? stderrTerminal;
    this.#startedAtMs = this.#clock.now();
    this.#samples.push({ atMs: this.#startedAtMs, done: 0 });
    if (!this.#terminal.isTTY) return;
    this.#timer = this.#clock.after(showAfterMs, () => {
      this.#isShown = true;
      this.#draw();
      this.#timer = this.#clock.every(redrawMs, () => this.#draw());
    });
  }

  /** Erases the bar, prints something, and draws the bar below it. */
  beside(print: () => void): void {
    this.#erase();
    print();
    this.#draw();
  }

  /**
   * What to write for these results, which are whole lines. If they go to the bar's terminal, it
   * includes the bar: drawn between two writes, the bar would hardly be seen.
   */
  above(results: string): string {
    if (!this.#options.isBesideOutput) return results;
    this.#isHeld = true;
    return this.#isShown ? linesAbove(results, this.#line, this.#terminal.size) : results;
  }

  /** The last results are written: the bar may be drawn by itself again. */
  written(): void {
    this.#isHeld = false;
  }

  /** Takes the bar off the screen for good. */
  stop(): void {
    this.#timer?.cancel();
    this.#erase();
    this.#isShown = false;
  }

  #erase(): void {
    if (this.#isShown) this.#write(erasing);
  }

  #draw(): void {
    if (!this.#isShown) return;
    this.#line = this.#newLine();
    if (!this.#isHeld) this.#write(this.#line);
  }

  /** A terminal that has been closed, while the work goes on without it, ends no work. */
  #write(text: string): void {
    try {
      this.#terminal.write(text);
    } catch {
      this.#timer?.cancel();
      this.#isShown = false;
    }
  }

  #newLine(): string {
    // The last column stays free, since filling it may move the cursor to the next line.
    const room = this.#terminal.size.columns - 1;
    const { share, text } = this.#now();
    const barWidth = Math.min(barWidthMax, room - displayWidth(text) - 1);
    const bar = share === undefined || barWidth < barWidthMin ? "" : `${barOf(share, barWidth)} `;
    return `\r${fitted(bar + text, room)}\x1b[K`;
  }

  /** The share of the work that is done, and the text beside the bar. */
  #now(): { readonly share: number | undefined; readonly text: string } {
    const { state, total, durationMs } = this.#options;
    const nowMs = this.#clock.now();
    const { done, failed } = state();
    const rate = this.#rate(nowMs, done);
    const elapsedMs = nowMs - this.#startedAtMs;
    const shares = [
      ...(total === undefined ? [] : [total === 0 ? 1 : done / total]),
      ...(durationMs === undefined ? [] : [elapsedMs / durationMs]),
    ];
    const share = shares.length === 0 ? undefined : Math.min(1, Math.max(...shares));
    const lefts = [
      ...(total === undefined || rate === 0 ? [] : [1_000 * (total - done) / rate]),
      ...(durationMs === undefined ? [] : [durationMs - elapsedMs]),
    ];
    const parts = [
      ...(share === undefined ? [] : [`${Math.floor(100 * share)} %`]),
      total === undefined ? `${done} calls` : `${done}/${total}`,
      `${rounded(rate)}/s`,
      lefts.length === 0
        ? `${durationText(elapsedMs)} so far`
        : `${durationText(Math.max(0, Math.min(...lefts)))} left`,
      ...(failed === 0 ? [] : [`${failed} failed`]),
    ];
    return { share, text: parts.join("  ") };
  }

  #rate(atMs: number, done: number): number {
    this.#samples.push({ atMs, done });
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? atMs) < atMs - rateWindowMs) {
      this.#samples.shift();
    }
    const first = this.#samples[0];
    if (first === undefined || first.atMs === atMs) return 0;
    return 1_000 * (done - first.done) / (atMs - first.atMs);
  }
}

/** `12 s`, `3:05`, `1:02:03`. */
function durationText(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const two = (number: number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}

const stderrTerminal: ProgressTerminal = {
  get isTTY() {
    return isScreen(Deno.stderr);
  },
  get size() {
    return terminalSize();
  },
  write: (text) => writeWhole(Deno.stderr, text),
};
