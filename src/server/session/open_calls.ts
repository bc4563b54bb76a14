import { Bag } from "../../base/values/bag.ts";
import type { SessionLimits } from "../bounds/session_limits.ts";
import type { RequestBytes, RequestShare } from "../bounds/request_bytes.ts";
import type { Shared } from "../bounds/shared.ts";
import type { SessionCall } from "./session_call.ts";
import { StreamSessionCall } from "./stream_session_call.ts";
import type { Id } from "../../wire/message.ts";

interface Waiter {
  readonly callsMax: number;
  resolve(): void;
}

/** The open calls of one connection, and the bytes of their requests. */
export class OpenCalls {
  readonly #limits: SessionLimits;
  readonly #requests: RequestBytes;
  readonly #share: RequestShare;
  readonly #all = new Bag<SessionCall>();
  readonly #streams = new Set<StreamSessionCall>();
  /** Bytes of their requests. */
  #bytes = 0;
  #waiters: Waiter[] = [];

  /** @param key identifies the caller: the same for all its connections */
  constructor(limits: SessionLimits, { requests }: Pick<Shared, "requests">, key: object) {
    this.#limits = limits;
    this.#requests = requests;
    this.#share = requests.shareOf(key);
  }

  get size(): number {
    return this.#all.size;
  }

  get streams(): ReadonlySet<StreamSessionCall> {
    return this.#streams;
  }

  /** Iterates over a copy, since a call may end during the loop. */
  [Symbol.iterator](): Iterator<SessionCall> {
    return this.#all.all().values();
  }

  /** Whether the bound on their number, or on their bytes, is reached. */
  get isCrowded(): boolean {
    return this.#all.size >= this.#limits.inFlightMax ||
      this.#bytes >= this.#limits.requestBytesMax;
  }

  /**
   * Whether another stream may begin. Streams wait for credit from the client, which is not read
   * while there are too many calls. So some calls must not be streams: those end by themselves.
   */
  hasRoomForStream(bytes: number): boolean {
    const { inFlightMax, requestBytesMax } = this.#limits;
    const streamBytes = this.#streams.values().reduce((sum, stream) => sum + stream.bytes, bytes);
    return this.#streams.size < Math.floor(inFlightMax / 2) && streamBytes <= requestBytesMax / 2;
  }

  /** Whether another call may begin, given what all connections have under way. */
  hasRoomFor(bytes: number): boolean {
    return this.#requests.hasRoom(this.#share, bytes);
  }

  add(call: SessionCall): void {
    this.#all.add(call);
    this.#bytes += call.bytes;
    this.#requests.add(this.#share, call.bytes);
    if (call instanceof StreamSessionCall) this.#streams.add(call);
  }

  remove(call: SessionCall): void {
    if (this.#all.delete(call)) {
      this.#bytes -= call.bytes;
      this.#requests.add(this.#share, -call.bytes);
    }
    if (this.#streams.size > 0) this.#streams.delete(call as StreamSessionCall);
    if (this.#waiters.length === 0) return;
    const due = this.#waiters.filter(({ callsMax }) => this.#hasAtMost(callsMax));
    this.#waiters = this.#waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve();
  }

  /** Cancels the calls with an id. */
  cancel(id: Id): void {
    // A linear search: there are not many calls, and few are cancelled.
    for (const call of this) if (call.id === id) call.cancel();
  }

  /** Grants items to the streams with an id. */
  more(id: Id, n: number): void {
    for (const stream of [...this.#streams]) {
      if (stream.id === id) stream.more(n);
    }
  }

  /** Cancels the streams that wait for credit, where none can come: see the method of each. */
  cancelStarved(): void {
    for (const stream of [...this.#streams]) stream.cancelIfStarved();
  }

  /** Resolves when at most so many calls are open, and their bytes are at most half the bound. */
  atMost(callsMax: number): Promise<void> {
    if (this.#hasAtMost(callsMax)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ callsMax, resolve }));
  }

  #hasAtMost(callsMax: number): boolean {
    return this.#all.size <= callsMax && this.#bytes <= this.#limits.requestBytesMax / 2;
  }
}
