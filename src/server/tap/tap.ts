import type { Clock, Timer } from "../../base/clock.ts";
import { RpcError } from "../../base/errors.ts";
import { tapEventsMax, tapTextMax, tapWindowMs } from "../../base/limits.ts";
import { type Matcher, matcherOf } from "../../base/names/patterns.ts";
import type { ItemSink } from "../../procedures/stream_run.ts";
import type { TapEvent, TapParams } from "../../wire/reports/tap.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import { cut } from "./brief_json.ts";

/** A call that somebody wants to hear of. */
export interface HeardCall {
  readonly caller: string | undefined;
  readonly from: string;
  readonly method: string;
  /** Its parameters as JSON, of so many characters at the most. */
  briefParams(lengthMax: number): string;
  /** How long ago it was read, in milliseconds. It takes a look at the clock. */
  ageMs(): number;
}

/** What a {@link Tap} tells, where to, and until when. */
interface TapOptions {
  readonly params: TapParams;
  readonly sink: ItemSink;
  /** On the clock's scale. */
  readonly deadlineAtMs: number;
  readonly clock: Clock;
  /** It is over, for that reason. Called once. */
  readonly ended: (error: RpcError) => void;
}

/** Somebody who listens. What there is no room for is counted, and never waited for. */
export class Tap implements TaskHandle {
  readonly #options: TapOptions;
  readonly #isAbout: Matcher | undefined;
  /** Whether a call's end decides if it is told. */
  readonly #isChoosy: boolean;
  readonly #deadline: Timer;
  #credit: number;
  /** A timer instead of a look at the clock, which each call would pay for. */
  readonly #window: Timer;
  /** Events that may be told in this window. */
  #room = tapEventsMax;
  #missed = 0;
  #isOver = false;

  constructor(options: TapOptions) {
    const { params: { methods, failed, slowMs }, sink, clock, deadlineAtMs } = options;
    this.#options = options;
    this.#isAbout = methods === undefined ? undefined : matcherOf(methods);
    this.#isChoosy = failed === true || slowMs !== undefined;
    this.#credit = sink.credit;
    this.#window = clock.every(tapWindowMs, () => this.#room = tapEventsMax);
    this.#deadline = clock.after(deadlineAtMs - clock.now(), () => {
      this.end(new RpcError("DeadlineExceeded", "The time to listen for is over"));
    });
  }

  /** Says that the calls from here on are heard. */
  begin(): void {
    this.#credit--;
    this.#options.sink.items([null]);
  }

  /**
   * Whether it may want to hear of a call that begins: then of its end too. Where that does not
   * matter most calls under high load are left out here, before they cost anything.
   */
  wants(method: string): boolean {
    if (this.#isAbout !== undefined && !this.#isAbout(method)) return false;
    return this.#isChoosy || this.#hasRoom();
  }

  /** Hears of the end of a call that it wants. */
  hear(call: HeardCall, error: RpcError | undefined): void {
    const { params: { failed, slowMs = 0 }, clock, sink } = this.#options;
    if (this.#isOver || (failed && error === undefined)) return;
    const ageMs = call.ageMs();
    if (ageMs < slowMs) return;
    if (this.#isChoosy && !this.#hasRoom()) return;
    if (this.#credit <= 0) return void this.#missed++;
    const event: TapEvent = {
      atMs: Math.round(clock.wallTimeMs() - ageMs),
      caller: call.caller ?? null,
      from: call.from,
      method: call.method,
      params: call.briefParams(tapTextMax),
      outcome: error?.name ?? "ok",
      ...(error === undefined ? {} : { message: cut(error.message, tapTextMax) }),
      ms: Number(ageMs.toFixed(3)),
      missed: this.#missed,
    };
    this.#missed = 0;
    this.#credit--;
    sink.items([event]);
  }

  more(n: number): void {
    this.#credit += n;
  }

  cancel(): void {
    this.end(new RpcError("Cancelled", "Nobody listens any more"));
  }

  /** Tells nothing more, and why. */
  end(error: RpcError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#window.cancel();
    this.#deadline.cancel();
    this.#options.ended(error);
  }

  /** Takes the room for one event, or counts it as missed. */
  #hasRoom(): boolean {
    if (this.#room === 0) {
      this.#missed++;
      return false;
    }
    this.#room--;
    return true;
  }
}
