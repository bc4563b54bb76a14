/** Where lines go: `write` takes some of the bytes and says how many, as `Deno.Conn` does. */
export interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

const encoder = new TextEncoder();

const noBytes = new Uint8Array(0);

/**
 * From so many characters on a burst begins to leave while it still grows: the peer then works on its
 * first half while the second is made, where otherwise the two would take turns.
 */
const earlyWriteLength = 2_048;

/**
 * Turns lines into few writes: all that is ready together leaves in one, which is some six times the
 * rate of a write a line. The flush is put off by microtasks for as long as lines keep coming in
 * them, until there is enough to begin with, so that a single line never waits for company.
 */
export class Outbox {
  readonly #sink: Sink;
  readonly #onError: (error: unknown) => void;
  #text = "";
  #buffer = noBytes;
  #state: "idle" | "scheduled" | "writing" | "closed" = "idle";
  #lengthSeen = 0;
  #unwrittenBytes = 0;
  #bytesWritten = 0;
  #waiters: (() => void)[] = [];

  /** @param onError called once, when a write fails; nothing is written any more after that */
  constructor(sink: Sink, onError: (error: unknown) => void) {
    this.#sink = sink;
    this.#onError = onError;
  }

  /** What waits to be written: about one byte a character, the write under way included. */
  get pendingBytes(): number {
    return this.#text.length + this.#unwrittenBytes;
  }

  /** All that was ever written, to see whether a peer takes anything. */
  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  /** Takes a line, LF included. After a failure or {@link close} it is dropped. */
  push(line: string): void {
    if (this.#state === "closed") return;
    this.#text += line;
    if (this.#state === "idle") {
      this.#state = "scheduled";
      this.#lengthSeen = this.#text.length;
      queueMicrotask(this.#flushWhenQuiet);
    } else if (this.#state === "scheduled" && this.#text.length >= earlyWriteLength) {
      void this.#write();
    }
  }

  /** Resolves when nothing waits to be written, or when nothing ever will be. */
  drained(): Promise<void> {
    if (this.#state === "idle" || this.#state === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** Drops what waits, and all that comes. */
  close(): void {
    this.#state = "closed";
    this.#text = "";
    this.#unwrittenBytes = 0;
    this.#settleWaiters();
  }

  readonly #flushWhenQuiet = (): void => {
    if (this.#state !== "scheduled") return;
    if (this.#text.length !== this.#lengthSeen) {
      this.#lengthSeen = this.#text.length;
      queueMicrotask(this.#flushWhenQuiet);
      return;
    }
    void this.#write();
  };

  async #write(): Promise<void> {
    this.#state = "writing";
    try {
      while (this.#text !== "") {
        const bytes = this.#encode();
        this.#unwrittenBytes = bytes.length;
        while (this.#unwrittenBytes > 0) {
          const written = await this.#sink.write(
            bytes.subarray(bytes.length - this.#unwrittenBytes),
          );
          if (this.#isClosed()) return;
          this.#unwrittenBytes -= written;
          this.#bytesWritten += written;
        }
      }
      this.#state = "idle";
      this.#settleWaiters();
    } catch (error) {
      if (this.#isClosed()) return;
      this.close();
      this.#onError(error);
    }
  }

  /** A method of its own because the state changes while `#write` waits, which the compiler cannot see. */
  #isClosed(): boolean {
    return this.#state === "closed";
  }

  #encode(): Uint8Array {
    const text = this.#text;
    this.#text = "";
    const bytesMax = text.length * 3;
    if (this.#buffer.length < bytesMax) {
      // A large burst gets a buffer of its own, so that an idle connection does not keep one.
      if (text.length > 64 * 1024) return encoder.encode(text);
      this.#buffer = new Uint8Array(Math.max(bytesMax, this.#buffer.length * 2));
    }
    const { written } = encoder.encodeInto(text, this.#buffer);
    return this.#buffer.subarray(0, written);
  }

  #settleWaiters(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) waiter();
  }
}
