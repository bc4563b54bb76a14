import { Waiters } from "../../base/waiters.ts";
import type { Job, JobSource } from "./job.ts";

/** How calls are made. */
interface LoadOptions {
  readonly source: JobSource;
  /** Calls under way at once. */
  readonly concurrency: number;
  /** Whether another call may begin. It is checked again whenever one has ended. */
  readonly hasRoom: () => boolean;
  /** Whether no more calls are wanted. */
  readonly isOver: () => boolean;
}

/**
 * Makes the calls of a source, and resolves when all that were begun have ended.
 *
 * A call that cannot begin when it is due, because too many are under way, begins late, and its job
 * tells how late. So the time counts that a slow server makes calls wait before they are sent.
 * (Otherwise a server that stalls would delay the very calls that would show it, which is called
 * coordinated omission.)
 *
 * @param make resolves when the next call may begin in its place; must not reject
 * @throws {Error} rejects if the source cannot be read, when the calls under way have ended
 */
export async function makeCalls(
  { source, concurrency, hasRoom, isOver }: LoadOptions,
  make: (job: Job) => Promise<void>,
): Promise<void> {
  let underWay = 0;
  const ends = new Waiters();
  const ended = () => {
    underWay--;
    ends.wake();
  };
  try {
    while (!isOver()) {
      if (underWay >= concurrency || !hasRoom()) {
        await ends.wait();
        continue;
      }
      const job = source.take();
      if (job !== undefined) {
        underWay++;
        void make(job).then(ended);
      } else if (source.isEnded) break;
      else await source.more();
    }
  } finally {
    while (underWay > 0) await ends.wait();
  }
}
