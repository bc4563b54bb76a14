/** Reads single key presses from a terminal. */

/** A key: its character, or a name for a key without one. */
export type Key =
  | "up"
  | "down"
  | "page up"
  | "page down"
  | "enter"
  | "escape"
  | "backspace"
  | "ctrl-c"
  | (string & Record<never, never>);

const names: Readonly<Record<string, Key>> = {
  "\x1b[A": "up",
  "\x1bOA": "up",
  "\x1b[B": "down",
  "\x1bOB": "down",
  "\x1b[5~": "page up",
  "\x1b[6~": "page down",
  "\r": "enter",
  "\n": "enter",
  "\x1b": "escape",
  "\x7f": "backspace",
  "\b": "backspace",
  "\x03": "ctrl-c",
};

/** A sequence that a terminal sends for one key, or one character. */
// deno-lint-ignore no-control-regex
const sequence = /\x1b\[[0-9;]*[A-Za-z~]|\x1bO[A-Z]|[^]/gu;

/** What a terminal sent at once, as keys. Unknown sequences are left out. */
export function keysOf(text: string): Key[] {
  return (text.match(sequence) ?? []).flatMap((part) => {
    const name = names[part];
    if (name !== undefined) return [name];
    // deno-lint-ignore no-control-regex
    return /^[\x00-\x1f]/.test(part) ? [] : [part];
  });
}

/** Whether single keys can be read: stdin is a terminal. */
export function hasKeys(): boolean {
  return Deno.stdin.isTerminal();
}

/**
 * Reads keys from the terminal as they are pressed, without echo. Ctrl-C and Ctrl-Z remain signals
 * where the system has these.
 */
export class Keyboard {
  readonly #take: (key: Key) => void;
  #isClosed = false;

  constructor(take: (key: Key) => void) {
    this.#take = take;
    this.enter();
    void this.#read();
  }

  /** Switches the terminal to single keys. */
  enter(): void {
    if (!this.#isClosed) this.#setRaw(true);
  }

  /** Restores the terminal. */
  leave(): void {
    this.#setRaw(false);
  }

  /** {@link leave}, for good. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.leave();
  }

  #setRaw(isRaw: boolean): void {
    try {
      Deno.stdin.setRaw(isRaw, { cbreak: isRaw && Deno.build.os !== "windows" });
    } catch {
      // The terminal has gone.
    }
  }

  async #read(): Promise<void> {
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(256);
    while (!this.#isClosed) {
      const length = await Deno.stdin.read(bytes).catch(() => null);
      if (length === null || this.#isClosed) return;
      for (const key of keysOf(decoder.decode(bytes.subarray(0, length), { stream: true }))) {
        this.#take(key);
      }
    }
  }
}
