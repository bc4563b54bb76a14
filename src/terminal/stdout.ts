/** Characters that may wait for a slow reader. */
const pendingMax = 1024 * 1024;

/**
 * Results on their way to stdout: few large writes while there is much, at once when there is little.
 */
export class ResultWriter {
  readonly #encoder = new TextEncoder();
  #text = "";
  #writing: Promise<void> | undefined;
  #broken = false;
  readonly #beforeWrite: () => void;

  /** @param beforeWrite called before each write: to take away what stands in its place on a terminal */
  constructor(beforeWrite: () => void = () => {}) {
    this.#beforeWrite = beforeWrite;
  }

  /** Nobody reads any more, as in `rpc call ... | head`: further lines are dropped. */
  get broken(): boolean {
    return this.#broken;
  }

  /** Takes a line without its LF. */
  line(text: string): void {
    if (this.#broken) return;
    this.#text += text + "\n";
    this.#writing ??= this.#write();
  }

  /** Resolves when the reader is not far behind: at once, most of the time. */
  async keepingUp(): Promise<void> {
    while (this.#text.length > pendingMax) await this.#writing;
  }

  /** Resolves when all lines are written, or never will be. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // Whatever else is ready in this turn goes along.
    await Promise.resolve();
    try {
      while (this.#text !== "") {
        const bytes = this.#encoder.encode(this.#text);
        this.#text = "";
        this.#beforeWrite();
        for (let start = 0; start < bytes.length;) {
          start += await Deno.stdout.write(bytes.subarray(start));
        }
      }
    } catch {
      this.#broken = true;
      this.#text = "";
    } finally {
      this.#writing = undefined;
    }
  }
}
