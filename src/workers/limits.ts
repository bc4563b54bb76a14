/** The bounds of workers and their queue, beside those of all in `base/limits.ts`. */

/**
 * How long one caller may keep others from all workers. Longer than nearly all calls, which are
 * over by then, and short beside the default deadline, so that who waits is still served.
 */
export const fairWaitMs = 1_000;

/**
 * For how long after that no caller gets more than half of the workers, also while nobody waits:
 * callers that make one call after the other would wait anew for each of them.
 */
export const contestedMs = 60_000;

/**
 * Bytes that the slowest of workers reads in a millisecond, through a pipe and as JSON: one that is
 * sent a long message is given the time.
 */
export const workerReadBytesPerMs = 10_000;

/**
 * How long a worker that runs nothing may leave a call lying before it is replaced, and the call
 * goes to another: far longer than a healthy one ever takes, also where processes have to wait for
 * a core.
 */
export const overlooksMaxMs = 1_000;

/** The same once a call's time has gone by over it. */
export const overlooksPastDeadlineMaxMs = 250;

/**
 * How often a worker that writes nothing is asked whether it is alive: nobody notices a second, and
 * an idle server hardly works for it.
 */
export const heartbeatEveryMs = 1_000;

/** How long a worker may take to answer that, if it has nothing else to do and calls wait. */
export const pongTimeoutMs = 1_000;

/**
 * The same for one that goes on writing, as many times over: a hundred results of the longest fit
 * into that.
 */
export const pongTimeoutsMax = 10;

/**
 * The same for one that has no calls and that none wait for: a busy machine gives it no time for as
 * long as that, and a start would cost more of it.
 */
export const unwantedSilentMaxMs = 5_000;

/**
 * How long a worker that `--workers-min` does not keep may be idle before it is ended: a start
 * costs as much as many calls, so whoever calls once a minute finds it there.
 */
export const surplusWorkerMs = 60_000;

/** How often idle workers are looked at for that: a quarter of it more does no harm. */
export const surplusLookMs = 15_000;

/**
 * Lines that one worker may have logged in a second; the rest is counted. More is nobody's reading,
 * and each line costs the process that owns the sockets some ten microseconds.
 */
export const printedLinesPerSecondMax = 1_000;

/** Lines of a worker that are logged in one turn of the event loop: about a millisecond's worth. */
export const printedLinesAtOnce = 50;

/**
 * How long what a worker prints is left in its pipe between two reads: a worker that prints faster
 * than one pipe in this time waits, so that the server need not keep up.
 */
export const printedPauseMs = 5;

/**
 * Characters of what a worker printed in place of its first answer that are shown: enough to know
 * whose it is.
 */
export const unreadableShownMax = 200;

/**
 * A burst to a worker or from it is written once it has so many characters, even if it still grows:
 * about what 64 short calls take. A write and the read at the other end cost as much as ten of
 * these; so fewer are worth more than that the other side begins sooner.
 */
export const workerBurstLength = 8 * 1024;

/**
 * What each of a worker's two pipes takes before its writer has to wait, on Linux: four times what
 * is usual, so that long messages need few turns. A user's pipes have 64 MiB together, past which
 * every new one is made tiny: room for 128 workers.
 */
export const workerPipeBytes = 256 * 1024;
