import { withEncoded } from "../../base/spare_buffers.ts";
import { lineFeed } from "../../wire/lines.ts";
import type { LongLine } from "../../wire/message.ts";
import { Outbox } from "../../wire/outbox.ts";
import type { KeptAnswers } from "../kept_answers.ts";
import { keptAnswersMs, workerBurstLength } from "../limits.ts";
import type { OwnBodies } from "./own_bodies.ts";

/** A line to the server; `undefined`: nobody waits for one. */
export type Line = string | LongLine | undefined;

/** What a {@link WorkerOutput} needs. */
interface WorkerOutputOptions {
  /** Writes some of the bytes and says how many. */
  writeSync(bytes: Uint8Array): number;
  /** Where answers may be kept. @default each is written by itself */
  readonly kept: KeptAnswers | undefined;
  /** Where long bodies go. */
  readonly bodies: OwnBodies;
  /** Called when the server has gone. */
  gone(): void;
}

/** The lines of a worker. They are written synchronously. */
export class WorkerOutput {
  readonly #options: WorkerOutputOptions;
  readonly #outbox: Outbox;
  /** Whether the outbox has written only a part of a long line so far. */
  #isWithinLine = false;
  /** How many answers are kept before they are written. */
  #keptMax = 1;

  constructor(options: WorkerOutputOptions) {
    this.#options = options;
    // A long line takes several writes, and whatever else comes must not land inside of it.
    const write = (bytes: Uint8Array) => {
      this.#writeWhole(bytes);
      this.#isWithinLine = bytes.at(-1) !== lineFeed;
      return Promise.resolve(bytes.length);
    };
    this.#outbox = new Outbox({ write }, () => {}, { burstLength: workerBurstLength });
  }

  /** Writes a line soon, with others that come until then. */
  push(line: Line): void {
    if (line !== undefined) this.#outbox.push(this.#options.bodies.put(line));
  }

  /** Writes the whole line before it returns, unless it would land inside of another one. */
  writeNow(given: Line): void {
    if (given === undefined) return;
    // Lines are read from the file in the order in which they are put there.
    const line = this.#outbox.pendingBytes === 0 ? this.#options.bodies.put(given) : given;
    if (this.#isWithinLine) return this.#outbox.push(line);
    const parts = typeof line === "string" ? [line] : [line.head, line.body, line.tail];
    try {
      for (const part of parts) {
        if (typeof part === "string") withEncoded(part, (bytes) => this.#writeWhole(bytes));
        else {
          this.#writeWhole(part.bytes);
          part.letGo();
        }
      }
    } catch {
      // Stdin will end too.
      this.#options.gone();
    }
  }

  /**
   * As {@link writeNow}, but a short line may be kept where the server can read it, until
   * {@link writeKept}.
   *
   * @param isLast whether no others follow
   */
  writeOrKeep(line: Line, isLast: boolean): void {
    const { kept } = this.#options;
    // What comes alone does not tell whether the next ones are short.
    if (isLast && kept?.count === 0) this.#keptMax = 1;
    const mayKeep = typeof line === "string" && kept !== undefined && this.#keptMax > 1 &&
      !this.#isWithinLine && (!isLast || kept.count > 0);
    if (!mayKeep) return this.writeNow(line);
    if (!kept.add(line)) {
      this.writeKept();
      if (!kept.add(line)) return this.writeNow(line);
    }
    if (kept.count >= this.#keptMax) this.writeKept();
  }

  /** Writes what is kept. */
  writeKept(): void {
    try {
      this.#options.kept?.write((bytes) => this.#writeWhole(bytes));
    } catch {
      this.#options.gone();
    }
  }

  /** Writes what was pushed. Returns whether that is all, which is known after some microtasks. */
  async flush(): Promise<boolean> {
    this.#outbox.flush();
    await Promise.resolve();
    return this.#outbox.pendingBytes === 0;
  }

  /** Whether answers may be kept at all. */
  get keeps(): boolean {
    return this.#options.kept !== undefined;
  }

  /** Adapts to a number of answers that took this long: the next ones may take as long. */
  measured(count: number, elapsedMs: number): void {
    this.#keptMax = Math.floor(count * keptAnswersMs / elapsedMs);
  }

  /** A write may take only some, if a signal comes. */
  #writeWhole(bytes: Uint8Array): void {
    for (let rest = bytes; rest.length > 0;) {
      rest = rest.subarray(this.#options.writeSync(rest));
    }
  }
}
