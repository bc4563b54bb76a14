import { formerConnectionsMax, sideConnectionPauseMs } from "../../base/limits.ts";
import type { Clock } from "../../base/clock.ts";
import type { Link } from "./link.ts";

/**
 * The links that an endpoint has beside the one in use: a next one, tried while that one is silent
 * or because its certificates end soon, and former ones, each as long as calls wait for answers on
 * it: some may run for hours, and more outages may come meanwhile.
 *
 * TCP finds out that the way to a server is there again only when it sends the next time, and it
 * waits twice as long each time. A new connection is answered at once.
 */
export class SideLinks {
  readonly #connect: () => Link;
  readonly #clock: Clock;
  #next: Link | undefined;
  readonly #former = new Set<Link>();
  /** Before this no link is tried: the last one was made for nothing, or has just come into use. */
  #pauseToMs = 0;

  /** @param connect makes a link to the same server */
  constructor(connect: () => Link, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Tries a next link in place of a silent one, or hurries it, unless there were too many. */
  hurry(nowMs: number): boolean {
    if (this.#next !== undefined) return this.#next.hurry(nowMs);
    if (nowMs < this.#pauseToMs || this.#former.size >= formerConnectionsMax) return false;
    this.#next = this.#connect();
    return true;
  }

  /** Tries a next link in place of one that is good for a while yet. */
  renew(): void {
    if (this.#next !== undefined || this.#clock.now() < this.#pauseToMs) return;
    this.#pause();
    this.#next = this.#connect();
  }

  /** The link in use is good, or the next one is not. */
  dropNext(): void {
    const next = this.takeNext();
    if (next === undefined) return;
    this.#pause();
    next.close();
  }

  /** The next link has come into use in the place of this one. */
  replaced(link: Link): void {
    this.takeNext();
    this.#pause();
    this.retire(link);
  }

  #pause(): void {
    this.#pauseToMs = this.#clock.now() + sideConnectionPauseMs;
  }

  /** Looks after former links. Called every `heartbeatTickMs`. */
  tick(): void {
    for (const link of this.#former) {
      link.tick(true);
      if (!link.isIdle) continue;
      this.#former.delete(link);
      link.close();
    }
  }

  isNext(link: Link): boolean {
    return link === this.#next;
  }

  /** Takes the next link out of here, whether it is ready or not. */
  takeNext(): Link | undefined {
    const next = this.#next;
    this.#next = undefined;
    return next;
  }

  /** Whether no call is under way on the former links. */
  get areIdle(): boolean {
    return [...this.#former].every((link) => link.isIdle);
  }

  /** Keeps a link that is not used any more until its calls have ended. */
  retire(link: Link): void {
    this.#former.add(link);
  }

  /** Forgets a link that has ended. Returns whether it was here. */
  delete(link: Link): boolean {
    if (link !== this.#next) return this.#former.delete(link);
    this.#next = undefined;
    return true;
  }

  /** Closes all. Calls under way fail as Cancelled. */
  close(): void {
    this.takeNext()?.close();
    for (const link of this.#former) link.close();
    this.#former.clear();
  }
}
