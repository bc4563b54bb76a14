/** Where a call can be, as far as its caller's share goes. */
type PlaceName = "nowhere" | "queue" | "worker";

/** What one caller has of a scheduler. */
export class Share<Call> {
  readonly #changed: (share: Share<Call>) => void;
  /** Calls in workers, the one that was given last at the end. */
  readonly begun = new Set<Call>();
  #queued = 0;

  /** @param changed called whenever its calls begin or cease to wait, or to be in workers */
  constructor(changed: (share: Share<Call>) => void) {
    this.#changed = changed;
  }

  /** Calls that wait. */
  get queued(): number {
    return this.#queued;
  }

  /** One of its calls has another place now. */
  moved(call: Call, from: PlaceName, to: PlaceName): void {
    const hadQueued = this.#queued > 0;
    const hadBegun = this.begun.size > 0;
    if (from === "worker") this.begun.delete(call);
    else if (from === "queue") this.#queued--;
    if (to === "worker") this.begun.add(call);
    else if (to === "queue") this.#queued++;
    const { queued, begun } = this;
    if (queued > 0 !== hadQueued || begun.size > 0 !== hadBegun) this.#changed(this);
  }
}
