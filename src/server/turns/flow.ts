import {
  bytesBetweenBriefPauses,
  bytesBetweenPauses,
  type LongWork,
} from "../../base/system/give_way.ts";
import { turnAwaitedBytesMax, turnReadBytes, turnReadBytesLong } from "./limits.ts";
import type { Turns } from "./turns.ts";

/** What is read from, as a connection. */
interface Source {
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * Counts the bytes of long messages that all connections together read, check and write in a turn,
 * and makes them take turns past a step. The system copies such bytes while no clock of ours runs,
 * and for all connections at once: what one of them may move does not bound what hundreds do.
 */
export class Flow {
  readonly #turns: Turns;
  #round = 0;
  #movedBytes = 0;
  /** Bytes that reads under way may bring, at worst all of them at once. */
  #awaitedBytes = 0;

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** Bytes in a step. */
  get stepBytes(): number {
    return this.#turns.isBrief ? bytesBetweenBriefPauses : bytesBetweenPauses;
  }

  /** Steps in which a caller's long messages are checked, or written. */
  stepsOf(caller: object): LongWork {
    return new Steps(this, caller);
  }

  /** Counts so many bytes. Resolves in the caller's next turn; `undefined` if the step goes on. */
  after(caller: object, bytes: number): Promise<void> | undefined {
    this.#moved(bytes);
    return this.#beforeNext(caller);
  }

  /**
   * Reads a part of a long message, as soon as the step goes on.
   *
   * @param begins called then: until now it was not for the peer that was waited
   * @returns how many bytes, or `null` at the end of the stream
   */
  async read(
    caller: object,
    source: Source,
    room: Uint8Array,
    begins: () => void = () => {},
  ): Promise<number | null> {
    const turn = this.#beforeNext(caller);
    if (turn !== undefined) await turn;
    begins();
    const part = room.subarray(0, this.#partBytes);
    this.#awaitedBytes += part.length;
    try {
      const length = await source.read(part);
      this.#moved(length ?? 0);
      return length;
    } finally {
      this.#awaitedBytes -= part.length;
    }
  }

  get #partBytes(): number {
    if (this.#awaitedBytes >= turnAwaitedBytesMax) return turnReadBytes;
    return this.#turns.isBrief ? turnReadBytesLong : Infinity;
  }

  #moved(bytes: number): void {
    this.#turns.moved(bytes);
    const { round } = this.#turns;
    if (round !== this.#round) this.#movedBytes = 0;
    this.#round = round;
    this.#movedBytes += bytes;
  }

  #beforeNext(caller: object): Promise<void> | undefined {
    const isOver = this.#round === this.#turns.round && this.#movedBytes >= this.stepBytes;
    return isOver ? this.#turns.next(caller, "begun") : undefined;
  }
}

class Steps implements LongWork {
  readonly #flow: Flow;
  readonly #caller: object;

  constructor(flow: Flow, caller: object) {
    this.#flow = flow;
    this.#caller = caller;
  }

  get stepBytes(): number {
    return this.#flow.stepBytes;
  }

  after(bytes: number): Promise<void> | undefined {
    return this.#flow.after(this.#caller, bytes);
  }
}
