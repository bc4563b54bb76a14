import type { Clock, Timer } from "../../base/clock.ts";
import { Failure } from "../../base/errors.ts";
import { tapEventsMax, tapLookCalls, tapTextMax, tapWindowMs } from "../limits.ts";
import { type Matcher, matcherOf } from "../../base/names/patterns.ts";
import type { ItemSink } from "../../procedures/stream_run.ts";
import type { TapItem, TapParams } from "../../wire/reports/tap.ts";
import type { TaskHandle } from "../../workers/pool/task.ts";
import { cut } from "./brief_json.ts";

/** A call that a listener wants to hear of. */
export interface HeardCall {
  readonly caller: string | undefined;
  readonly from: string;
  readonly method: string;
  /** When it was read, on the clock's scale. */
  readonly readAtMs: number;
  /** How it ended. */
  readonly error: Failure | undefined;
  /** Its parameters as JSON, cut to this many characters. */
  briefParams(lengthMax: number): string;
  /** Keeps its parameters until {@link letGo}. */
  hold(): void;
  letGo(): void;
}

/** The calls that a {@link Tap} reports, where to, and until when. */
interface TapOptions {
  readonly params: TapParams;
  readonly sink: ItemSink;
  /** On the clock's scale. */
  readonly deadlineAtMs: number;
  readonly clock: Clock;
  /** Called once, when the tap ends, with the reason. */
  readonly ended: (error: Failure) => void;
}

/** A listener. Calls for which there is no room are only counted: nothing waits for it. */
export class Tap implements TaskHandle {
  readonly #options: TapOptions;
  readonly #isAbout: Matcher | undefined;
  /** Whether only a call's end decides if it is reported. */
  readonly #isChoosy: boolean;
  readonly #deadline: Timer;
  #credit: number;
  /** A timer, because a look at the clock would cost each call more. */
  readonly #window: Timer;
  /** Events that may still be reported in this window. */
  #room = tapEventsMax;
  #missed = 0;
  /** Calls that ended in this turn of the event loop and are judged by their duration. */
  #ended: HeardCall[] = [];
  /** Whether the rest of them will be judged at the end of the turn. */
  #willJudge = false;
  /** Whether nothing was reported since the window began. */
  #isQuiet = false;
  #isOver = false;

  constructor(options: TapOptions) {
    const { params: { methods, failed, slowMs = 0 }, sink, clock, deadlineAtMs } = options;
    this.#options = options;
    this.#isAbout = methods === undefined ? undefined : matcherOf(methods);
    this.#isChoosy = failed === true || slowMs > 0;
    this.#credit = sink.credit;
    this.#window = clock.every(tapWindowMs, () => this.#nextWindow());
    this.#deadline = clock.after(deadlineAtMs - clock.now(), () => {
      this.end(new Failure("DeadlineExceeded", "The time to listen for is over"));
    });
  }

  /** Tells the listener that calls are reported from here on. */
  begin(): void {
    this.#credit--;
    this.#options.sink.items([null]);
  }

  /**
   * Whether it may want to hear of a call that begins. Unless the end of the call matters, most
   * calls under high load are left out here, before they cost anything.
   */
  wants(method: string): boolean {
    if (this.#isAbout !== undefined && !this.#isAbout(method)) return false;
    return this.#isChoosy || this.#hasRoom();
  }

  /**
   * Takes the end of a call that it wants.
   *
   * A look at the clock takes longer than all the rest. So calls that end in the same turn, whose
   * answers leave together, are judged by one look.
   */
  hear(call: HeardCall): void {
    const { params: { failed, slowMs = 0 }, clock } = this.#options;
    if (this.#isOver || (failed && call.error === undefined)) return;
    if (slowMs === 0) {
      if (!this.#isChoosy || this.#hasRoom()) this.#tellCall(call, clock.now());
      return;
    }
    call.hold();
    const count = this.#ended.push(call);
    if (count === tapLookCalls) this.#judge();
    else if (!this.#willJudge) {
      this.#willJudge = true;
      queueMicrotask(this.#judgeRest);
    }
  }

  more(n: number): void {
    this.#credit += n;
  }

  cancel(): void {
    this.end(new Failure("Cancelled", "Nobody listens any more"));
  }

  /** Ends the tap, with the reason. */
  end(error: Failure): void {
    if (this.#isOver) return;
    this.#judge();
    this.#isOver = true;
    this.#window.cancel();
    this.#deadline.cancel();
    this.#options.ended(error);
  }

  readonly #judgeRest = (): void => {
    this.#willJudge = false;
    this.#judge();
  };

  /** Reports the ended calls that took long enough. */
  #judge(): void {
    const { params: { slowMs = 0 }, clock } = this.#options;
    const calls = this.#ended;
    if (calls.length === 0) return;
    this.#ended = [];
    const nowMs = clock.now();
    for (const call of calls) {
      if (nowMs - call.readAtMs >= slowMs && this.#hasRoom()) this.#tellCall(call, nowMs);
      call.letGo();
    }
  }

  #tellCall(call: HeardCall, nowMs: number): void {
    if (this.#credit <= 0) return void this.#missed++;
    const { caller, from, method, error } = call;
    const ageMs = nowMs - call.readAtMs;
    this.#tell({
      atMs: Math.round(this.#options.clock.wallTimeMs() - ageMs),
      caller: caller ?? null,
      from,
      method,
      params: call.briefParams(tapTextMax),
      outcome: error?.name ?? "ok",
      ...(error === undefined ? {} : { message: cut(error.message, tapTextMax) }),
      ms: Number(ageMs.toFixed(3)),
      missed: this.#missed,
    });
  }

  /** Reports the number of missed calls by itself if no call was reported in a whole window. */
  #nextWindow(): void {
    this.#room = tapEventsMax;
    const { params: { counts } } = this.#options;
    if (counts && this.#isQuiet && this.#missed > 0 && this.#credit > 0) {
      this.#tell({ missed: this.#missed });
    }
    this.#isQuiet = true;
  }

  #tell(item: TapItem): void {
    this.#missed = 0;
    this.#isQuiet = false;
    this.#credit--;
    this.#options.sink.items([item]);
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
