import type { Clock } from "../../../base/clock.ts";
import type { AcceptedSocket, AcceptedSockets } from "../../../base/system/accepted_sockets.ts";
import type { SilentDrop } from "./silent_drop.ts";
import {
  watchAlertMs,
  watchAnswerMs,
  watchBriefMs,
  watchKeptMax,
  watchKeptMs,
  watchLookMs,
  watchPauseMs,
} from "../../limits.ts";
import { SlowReads } from "./slow_reads.ts";

/** What {@link Watch} needs. */
interface WatchOptions {
  readonly sockets: Pick<AcceptedSockets, "descriptorsNow" | "at" | "readBytes">;
  readonly silent: Pick<SilentDrop, "drop">;
  /** The port that connections come to. */
  readonly port: number;
  /** What may be read of a connection before the program has a turn. */
  readonly bytesMax: number;
  /** The main thread's time. */
  readonly usedMs: () => number;
  /** Asks the main thread for a sign. */
  readonly ask: () => void;
  /** Waits for so long, or until it is stopped. */
  readonly pause: (ms: number) => void;
  /** Waits for a sign for so long. Returns whether there was one since the last question. */
  readonly wait: (ms: number) => boolean;
  readonly isStopped: () => boolean;
  readonly dropped: (peer: string) => void;
  readonly clock: Pick<Clock, "now">;
}

/** A connection that was dropped. */
interface Kept {
  readonly peer: string;
  readonly untilMs: number;
  readonly reset: () => void;
}

/** A busy thread has at least so much of the time. */
const busyShare = 0.25;

/** How much of the time connections may be listed. */
const listShare = 0.1;

/**
 * Watches the main thread from another one. While it is busy, and gives no sign of life, those
 * connections are dropped that keep it so.
 */
export class Watch {
  readonly #options: WatchOptions;
  /** When those that were dropped are to be reset, the first one first. */
  readonly #kept: Kept[] = [];
  #sockets: readonly AcceptedSocket[] = [];
  #nextListMs = -Infinity;
  #alertUntilMs = -Infinity;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Returns when it is stopped. */
  run(): void {
    const { usedMs, clock, pause, wait, isStopped, ask } = this.#options;
    while (!isStopped()) {
      const [beforeMs, beforeUsedMs] = [clock.now(), usedMs()];
      const isAlert = beforeMs < this.#alertUntilMs;
      pause(isAlert ? watchBriefMs : watchPauseMs);
      this.#resetKept();
      const isBusy = usedMs() - beforeUsedMs > busyShare * (clock.now() - beforeMs);
      if (!isBusy || isStopped()) continue;
      ask();
      if (!wait(isAlert ? watchBriefMs : watchAnswerMs)) this.#look();
    }
    for (const { reset } of this.#kept) reset();
  }

  /** Looks at connections until there is a sign. */
  #look(): void {
    const { usedMs, bytesMax, wait, isStopped } = this.#options;
    const reads = new SlowReads(bytesMax);
    this.#nextListMs = -Infinity;
    let seenMs = usedMs();
    reads.look(0, this.#read());
    while (!wait(watchLookMs) && !isStopped()) {
      const nowMs = usedMs();
      if (nowMs - seenMs < watchLookMs) continue;
      const peer = reads.look(nowMs - seenMs, this.#read());
      seenMs = nowMs;
      if (peer === undefined) continue;
      this.#drop(peer);
      reads.forget(peer);
    }
  }

  /** What was read of each connection. */
  #read(): ReadonlyMap<string, number> {
    const { sockets, port, clock } = this.#options;
    const startMs = clock.now();
    if (startMs >= this.#nextListMs) {
      const kept = new Set(this.#kept.map(({ peer }) => peer));
      this.#sockets = sockets.descriptorsNow().map((one) => sockets.at(one, port))
        .filter((one) => one !== undefined && !kept.has(one.peer)) as AcceptedSocket[];
      const nowMs = clock.now();
      this.#nextListMs = nowMs + (nowMs - startMs) / listShare;
    }
    return new Map(
      this.#sockets.map(({ peer, descriptor }) => [peer, sockets.readBytes(descriptor) ?? 0]),
    );
  }

  #drop(peer: string): void {
    const { silent, port, dropped, clock } = this.#options;
    const socket = this.#sockets.find((one) => one.peer === peer);
    const reset = socket && silent.drop(socket, port);
    if (socket === undefined || reset === undefined) return;
    const nowMs = clock.now();
    this.#nextListMs = -Infinity;
    this.#alertUntilMs = nowMs + watchAlertMs;
    this.#kept.push({ peer, untilMs: nowMs + watchKeptMs, reset });
    this.#resetKept();
    dropped(peer);
  }

  #resetKept(): void {
    const nowMs = this.#options.clock.now();
    for (let [first] = this.#kept; first !== undefined; [first] = this.#kept) {
      if (first.untilMs > nowMs && this.#kept.length <= watchKeptMax) return;
      this.#kept.shift();
      first.reset();
    }
  }
}
