import { CallQueue, type Queued } from "./call_queue.ts";

/** The places of a call that count for its caller's share. */
type PlaceName = "nowhere" | "queue" | "worker";

/** The calls of one caller in a scheduler. */
export class Share<Call extends Queued<Call>> {
  readonly #changed: (share: Share<Call>) => void;
  /**
   * Calls in workers, the newest last. Linked, and not in a `Set`, which would keep calls in memory
   * that have ended (see `Bag`).
   */
  readonly begun: CallQueue<Call> = new CallQueue();
  #queued = 0;

  /** @param changed called when it begins or ceases to have waiting calls, or calls in workers */
  constructor(changed: (share: Share<Call>) => void) {
    this.#changed = changed;
  }

  /** Number of waiting calls. */
  get queued(): number {
    return this.#queued;
  }

  /** Notes that a call has moved. */
  moved(call: Call, from: PlaceName, to: PlaceName): void {
    const hadQueued = this.#queued > 0;
    const hadBegun = this.begun.size > 0;
    if (from === "worker") this.begun.remove(call);
    else if (from === "queue") this.#queued--;
    if (to === "worker") this.begun.push(call);
    else if (to === "queue") this.#queued++;
    const { queued, begun } = this;
    if (queued > 0 !== hadQueued || begun.size > 0 !== hadBegun) this.#changed(this);
  }
}
