/** The bounds of workers and their queue. Those of the whole program are in `base/limits.ts`. */

import { messageMaxLeast } from "../base/limits.ts";

/**
 * How long one caller may occupy all workers while others wait: longer than nearly all calls, and
 * short beside the default deadline, so that those who wait are still served.
 */
export const fairWaitMs = 1_000;

/**
 * How long after that no caller gets more than half of the workers, even while nobody waits:
 * otherwise callers that make one call at a time would have to wait for each.
 */
export const contestedMs = 60_000;

/**
 * How long a call waits, at most, while no worker can be started: longer than a shortage of a
 * moment, and short beside the default deadline, so that another server can still run the call.
 */
export const unservedWaitMs = 2_000;

/**
 * By how many steps a worker's priority is lower than its server's: as many as `nice` takes unless
 * it is told otherwise. Where both want one core the worker gets a tenth of it, and the server
 * hardly ever waits for a slice of the worker's, of one to three milliseconds. With fewer steps it
 * does so for one call in a hundred.
 */
export const workerNiceness = 10;

/** Bytes that the slowest worker reads and parses in a millisecond: long messages get the time. */
export const workerReadBytesPerMs = 10_000;

/**
 * How long an idle worker may leave a call untouched before it is replaced, and the call goes to
 * another one: far longer than a healthy worker takes, even if it has to wait for a core.
 */
export const overlooksMaxMs = 1_000;

/** The same after a call's deadline has passed in that way. */
export const overlooksPastDeadlineMaxMs = 250;

/** A deadline that is noticed this late tells that this process was held up. */
export const heldUpMs = 500;

/**
 * Calls are medium up to this average. A worker that waits for its next one until the server has
 * passed an answer on is idle for some tenths of a millisecond: much of a medium call, and no more
 * than a percent of a longer one.
 */
export const mediumCallMs = 25;

/**
 * For how long a call may run before the one behind it goes to another worker, if medium ones were
 * expected: twice as long, so that they hardly ever go back, which costs as much as it saves.
 */
export const aheadPatienceMs: number = 2 * mediumCallMs;

/**
 * How long a worker may take from its start to its first answer: a user's code may open a model or
 * a database first.
 */
export const spawnTimeoutMsDefault = 60_000;

/** Most `io` calls in one worker: they mostly wait, and each takes memory there. */
export const ioCallsPerWorkerMaxDefault = 256;

/** How often a silent worker is pinged: often enough for users, at little cost for idle servers. */
export const heartbeatEveryMs = 1_000;

/** How long an idle worker may take to answer that while calls wait. */
export const pongTimeoutMs = 1_000;

/** The same for a worker that keeps writing, as a multiple: the longest results fit into that. */
export const pongTimeoutsMax = 10;

/**
 * The same for an idle worker while no calls wait: a busy machine may give it no time for so long,
 * and a restart would only cost more.
 */
export const unwantedSilentMaxMs = 5_000;

/** So much of the processor's time is far more than an answer takes, or the beginning of a call. */
export const heldUpUsedMs = 100;

/** How long a worker that waits for a core is waited for, whatever waits for it. */
export const heldUpMaxMs = 30_000;

/**
 * How long a worker beyond `--workers-min` may be idle before it is ended: a start costs as much as
 * many calls, so it stays for clients that call once a minute.
 */
export const surplusWorkerMs = 60_000;

/** How often idle workers are checked for that. */
export const surplusLookMs = 15_000;

/**
 * Most lines of one worker that are logged in a second; the rest is only counted. Each line costs
 * the process that owns the sockets some ten microseconds.
 */
export const printedLinesPerSecondMax = 1_000;

/** Lines of a worker that are logged in one turn of the event loop: about a millisecond. */
export const printedLinesAtOnce = 50;

/**
 * The pause between two reads of a worker's output: a worker that fills its pipe faster than that
 * has to wait, so that the server need not keep up.
 */
export const printedPauseMs = 5;

/** Characters that are shown of what a worker printed in place of its first answer. */
export const unreadableShownMax = 200;

/**
 * A burst to a worker or from it is written once it has so many characters, even if it still grows:
 * about what is read at once. A write and the read at the other end cost as much as ten short
 * calls, and on one core a change of processes, so fewer writes are worth a later beginning there.
 */
export const workerBurstLength = 64 * 1024;

/**
 * Size of each of a worker's two pipes on Linux: four times the default, so that long messages need
 * few turns. A user's pipes may have 64 MiB together, and further ones become tiny: that is room
 * for 128 workers.
 */
export const workerPipeBytes = 256 * 1024;

/**
 * Bytes that a line may have beyond the bound on messages between a server and its worker, for what
 * stands around parameters and results there: another id, the deadline, the caller and the trace.
 */
export const addedToMessageBytesMax = 4 * 1024;

/** Bytes of short answers that a worker may keep to write them at once. */
export const keptAnswersBytesMax = 8 * 1024;

/**
 * How long it may keep one, if further calls take as long as the last ones: so short that nobody
 * notices, and long enough for the calls for which a write each would be a third of their time.
 */
export const keptAnswersMs = 0.2;

/**
 * Shorter lines go through the worker's pipe. What a longer one costs beside its bytes is less than
 * the memory that a pipe takes for it.
 */
export const bodyBytesMin = 4 * 1024;

/** The same where the file cannot be mapped, and costs system calls. */
export const unmappedBodyBytesMin = 32 * 1024;

/**
 * Bodies of this length and more are copied by another thread of the server. To ask for that takes
 * a twentieth of a millisecond, and copying so much takes longer.
 */
export const bodyBytesApart = 512 * 1024;

/**
 * Size of each of the two rings of a worker's file of bodies: three of the longest messages by
 * default. Memory is taken only for what was ever written, which is near the beginning as long as
 * the other side keeps up.
 */
export const bodyRingBytes = 16 * 1024 * 1024;

/**
 * How long a worker whose calls have all ended blocks its thread for the next ones. To wait in
 * another thread, as the runtime does, costs as much as several short calls. What a procedure has
 * left behind, such as a timer, is late by as much.
 */
export const blockedReadMs = 1;

/** After so many reads of that kind in a row the runtime has a turn, for what was left behind. */
export const blockedReadsMax = 16;

/**
 * After so long without one it has a turn, too: calls may be long. A turn costs a busy worker 0.15
 * ms, so it has not one after each medium call.
 */
export const blockedMsMax = 50;

/** Most files that a module in a sandbox of a binary consists of: each becomes a rule there. */
export const moduleFilesMax = 10_000;

/**
 * How much sooner Linux ends a worker than its server where memory runs out, in thousandths of the
 * memory that there is.
 */
export const workerOomScore = 100;

/**
 * Longest description of a worker's procedures. It shares a message with what the server adds, most
 * of all its own procedures.
 */
export const documentBytesMax = messageMaxLeast - 64 * 1024;

/**
 * Most bytes that wait to be written to a worker; past it calls wait in the queue. Enough that the
 * worker never runs out of work, and little enough that it soon reads a ping behind them.
 */
export const workerInputBytesMax = 1024 * 1024;
