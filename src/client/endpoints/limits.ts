/** Bounds on how a client connects to its servers and spreads its calls. */

/**
 * Servers that a client connects to at once, if there are file handles. More would not be faster,
 * and even two thousand dead servers delay the next one by no more than half a second.
 */
export const dialsMax = 1_024;

/** From so much on a tick is late, in milliseconds: this process, or its machine, is busy. */
export const lateTickMs = 100;

/** After so many ticks in time a process is no longer busy: a second. */
export const calmTicks = 4;

/** The part of its time for which a busy process waits for servers. */
export const busyShare = 0.25;

/**
 * File handles that a client leaves to the rest of its process once it has run out of them: the
 * registry needs some, and so do name look-ups.
 */
export const handlesSpare = 8;

/** How long after closing the system has a handle back: a pending read holds it for a moment. */
export const handlesReturnMs = 5;

/** Servers that a client connects to before it asks for the number of file handles. */
export const handlesUnasked = 16;

/** How often a client that ran out of file handles checks for more. */
export const handlesGrowMs = 1_000;

/**
 * How long servers that the registry has dropped are called like others while they are more than
 * those that it lists, in milliseconds. Servers are registered again within two seconds.
 */
export const droppedTrustMs = 30_000;

/** Most calls that are sent to a server before it has answered often enough to be judged. */
export const unprovenCallsMax = 32;

/** Longest time for an answer of a starting server, in milliseconds. Past it the server is slow. */
export const startMsMax = 100;

/** The same as a multiple of another server's latency. */
export const startSlownessMax = 8;

/** The same with many servers, where one is not missed, and every client would be patient. */
export const startSlownessOfManyMax = 5;

/** How many servers count as few: as many as a person looks at one by one. */
export const fewServersMax = 16;

/** {@link startMsMax} for the first answers of few servers, which come from a cold process. */
export const firstMsMax = 200;

/** {@link startSlownessMax} for the first answers of few servers. */
export const firstSlownessMax = 20;

/**
 * Calls of one client in flight from which on a server counts as busy, if it has refused none. Then
 * servers of other zones get calls too, and a subset grows.
 */
export const busyCallsMax = 64;

/**
 * Calls wait for each other at a server where they have taken less than this share of the time
 * before. Such a call leaves its zone for a server at which it costs less than this share, too: the
 * difference is then a queue, and not the way.
 */
export const queueShare = 1 / 4;

/** In less time than this, in milliseconds, nobody waits noticeably: calls stay in their zone. */
export const queueMsMin = 100;

/**
 * In so many milliseconds the least latency of a method grows by its own size, unless it is
 * measured again: what calls take may change for good.
 */
export const leastKeptMs = 60_000;

/**
 * How long before a certificate of either side expires a client connects anew, in milliseconds: by
 * then the keys are long renewed, and no two clocks differ by so much. Of many clients each takes a
 * part of it, so that they do not come at once.
 */
export const certificateMarginMs = 10 * 60_000;

/** Added to each latency, in milliseconds: smaller differences do not come from the server. */
export const noiseMs = 1;
