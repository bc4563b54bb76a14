import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/random.ts";
import type { ToldOfClients } from "../../wire/reply_checks.ts";
import {
  askLoadAgainMs,
  askLoadMs,
  loadChangeMin,
  shareMax,
  shareTolerance,
  shareWeightMin,
} from "./limits.ts";
import type { Member } from "./member.ts";
import { OwnLoad } from "./own_load.ts";

/**
 * The share of this client's calls that each server of its subset gets.
 *
 * A server that weighs four times as much is in the subsets of twice as many clients, and each of
 * these gives it twice as many calls: to count the whole weight once more would be too much.
 *
 * Clients choose their servers independently, so by chance some servers have twice as many clients
 * as others of their weight, or busier ones. Each client tells its servers how many calls it would
 * give each if it gave all as many. A server tells the sum, and gets calls in inverse proportion.
 * Then all servers get what they weigh from all their clients together. What clients tell does not
 * depend on shares, so nothing can swing.
 */
export class Shares {
  readonly #clock: Clock;
  readonly #random: Random;
  /** What all clients of a server would give it if they shared alike; `undefined`: not told. */
  readonly #known = new Map<Member, ToldOfClients | undefined>();
  readonly #own = new OwnLoad();
  /** Of {@link #own}, what was told of it last. */
  #told = 0;
  #askAtMs = 0;
  #isNew = false;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** The average weight with shares; 0 while no shares are known. */
  weightOfOne = 0;

  /**
   * Asks the servers if they are due: those that are given calls, and those of other zones, which
   * are given calls only if there are none of the first. All at one time, since what they say is
   * compared, and changes with time. Returns whether shares have changed.
   *
   * @param sent the number of this client's calls so far
   */
  tick(near: readonly Member[], far: readonly Member[], sent: number): boolean {
    const nowMs = this.#clock.now();
    this.#own.count(sent, nowMs);
    const load = this.#own.ofEach(near.length > 0 ? near.length : far.length);
    const isChanged = load > this.#told * loadChangeMin || load * loadChangeMin < this.#told;
    const isDue = isChanged || nowMs >= this.#askAtMs;
    if (isDue) {
      this.#told = load;
      this.#askAtMs = nowMs + (isChanged ? askLoadAgainMs : askLoadMs) * (0.5 + this.#random());
    }
    const farLoad = near.length > 0 ? 1 : load;
    for (const endpoint of near) this.#askIf(isDue, endpoint, load, isChanged);
    for (const endpoint of far) this.#askIf(isDue, endpoint, farLoad, isChanged);
    if (!this.#isNew) return false;
    this.#isNew = false;
    this.#apply();
    return true;
  }

  /** Forgets all shares. Only weights count again. */
  forget(): void {
    for (const endpoint of this.#known.keys()) if (!endpoint.isClosed) endpoint.share = 1;
    this.#known.clear();
    this.weightOfOne = 0;
  }

  /** Asks a server that is due, or that was not asked yet. */
  #askIf(isDue: boolean, endpoint: Member, own: number, isChanged: boolean): void {
    if (!this.#known.has(endpoint)) {
      this.#known.set(endpoint, undefined);
      this.#isNew = true;
    } else if (!isDue) return;
    endpoint.askLoad(own, (told) => {
      // Other clients whose loads have changed at the same time have not told theirs yet.
      const isEarly = isChanged && this.#known.get(endpoint) !== undefined;
      if (isEarly || !this.#known.has(endpoint)) return;
      this.#known.set(endpoint, told);
      this.#isNew = true;
    });
  }

  #apply(): void {
    // Loads and connections are no measures of each other.
    const means = { load: new Mean(), connections: new Mean() };
    const roots = new Mean();
    const weights = new Mean();
    for (const [endpoint, told] of this.#known) {
      const { weight } = endpoint.instance;
      if (endpoint.isClosed) this.#known.delete(endpoint);
      else if (weight >= shareWeightMin) {
        weights.add(weight);
        roots.add(Math.sqrt(weight));
        if (told !== undefined) means[told.kind].add(told.n / weight);
      }
    }
    const shares = new Mean();
    for (const [endpoint, told] of this.#known) {
      const { weight } = endpoint.instance;
      if (weight < shareWeightMin) {
        endpoint.share = 1;
        continue;
      }
      // A server that does not tell counts as an average one of its weight.
      const ratio = told === undefined
        ? Math.sqrt(weight) / roots.value
        : means[told.kind].value / (told.n / weight);
      const bounded = Math.min(Math.max(ratio, 1 / shareMax), shareMax);
      const rounded = Math.abs(bounded - 1) < shareTolerance ? 1 : bounded;
      endpoint.share = rounded * weights.value / weight;
      shares.add(rounded);
    }
    this.weightOfOne = weights.value * shares.value;
  }
}

/** The mean of some numbers; of none 0. */
class Mean {
  #sum = 0;
  #count = 0;

  get value(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }

  add(one: number): void {
    this.#sum += one;
    this.#count++;
  }
}
