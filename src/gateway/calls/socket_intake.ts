import type { Clock } from "../../base/clock.ts";
import { gatewaySocketStep, gatewaySocketStepMs, gatewaySocketWaitingMax } from "../limits.ts";

/** A message that has come. */
interface Message {
  readonly text: string;
  readonly begunAtMs: number;
}

/** What becomes of the messages of a socket. */
interface IntakeDeps {
  readonly clock: Pick<Clock, "now">;
  /** Resolves when the caller may take its next messages. */
  readonly turn: () => Promise<void>;
  /** Takes a message, whose time counts from `begunAtMs`. */
  readonly take: (text: string, begunAtMs: number) => void;
}

/**
 * The messages of a WebSocket, taken in turns. The runtime hands over all that has come of one
 * before it looks for others' input, and cannot be told to wait.
 */
export class SocketIntake {
  readonly #deps: IntakeDeps;
  #waiting: Message[] = [];
  #length = 0;
  /** Messages that were taken in this round of the event loop. */
  #taken = 0;
  /** When the first of them was. */
  #takenFromMs = 0;
  #isTaking = false;

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  /** Length of all messages that wait. */
  get length(): number {
    return this.#length;
  }

  /** Whether none waits. */
  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Takes a message now or in its turn. Returns `false` if too many wait. */
  add(text: string): boolean {
    if (this.#waiting.length >= gatewaySocketWaitingMax) return false;
    this.#waiting.push({ text, begunAtMs: this.#deps.clock.now() });
    this.#length += text.length;
    if (!this.#isTaking) void this.#takeAll();
    return true;
  }

  /** Forgets all that wait. */
  clear(): void {
    this.#waiting = [];
    this.#length = 0;
  }

  async #takeAll(): Promise<void> {
    this.#isTaking = true;
    const { clock, take, turn } = this.#deps;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#length -= next.text.length;
      if (++this.#taken === 1) {
        this.#takenFromMs = clock.now();
        setImmediate(() => this.#taken = 0);
      }
      take(next.text, next.begunAtMs);
      // One of them may be a batch, which takes as long as many others.
      const isOver = this.#taken >= gatewaySocketStep ||
        clock.now() - this.#takenFromMs >= gatewaySocketStepMs;
      if (isOver) await turn();
    }
    this.#isTaking = false;
  }
}
