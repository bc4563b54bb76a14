/** The bounds of turns. Those of the whole program are in `base/limits.ts`. */

/**
 * How long, in milliseconds, the lines of connections that send much are worked on before those of
 * others get their turn: short beside a call across a network, and long beside the tenth of a
 * millisecond that a change of turns takes.
 */
export const turnMs = 0.2;

/**
 * The same while others send something short now and then, who would wait for the rest of a turn:
 * as long as their own call takes. A change of turns costs as much, which only those pay who send
 * much.
 */
export const turnBriefMs = 0.05;

/**
 * The same for a connection whose reads are short: as a rule the system is polled between them, as
 * for a client with 64 calls in flight, but not if it sends without pause.
 */
export const turnShortMs = 2;

/**
 * The same for a connection that is the only one. Until it ends, nobody is noticed who wants to
 * connect.
 */
export const turnAloneMs = 10;

/** So many turns after somebody has sent something short, turns are brief. */
export const turnsBrief = 64;

/**
 * Most bytes of short messages that are read in one piece while turns are brief: to cut them into
 * lines takes no longer than a turn, if the lines are not very short.
 */
export const turnReadBytes = 8 * 1024;

/** The same for parts of a long message, of which only the end is looked for. */
export const turnReadBytesLong = 64 * 1024;

/**
 * Bytes of short messages that are cut into lines at once on a connection that sends much, when it
 * is not the only one: a hundred such connections hold a quarter of a megabyte of them while they
 * wait, and not eight.
 */
export const turnPartBytes = 2 * 1024;

/** Bytes that are read from a socket, or written to one, in a millisecond. */
export const turnBytesPerMs = 4 * 1024 * 1024;

/**
 * Once the reads under way for long messages may bring so many bytes, each further one may bring
 * {@link turnReadBytes}: hundreds of peers could all send on at the same moment.
 */
export const turnAwaitedBytesMax = 2 * 1024 * 1024;

/** A connection has to wait for its turn if it took one within as long as so many turns. */
export const turnsInWindow = 4;

/**
 * A turn that took at least so many milliseconds, since a message of megabytes cannot be handled in
 * parts, delays the next one for as long as others have something to do.
 */
export const turnOwedFromMs = 0.4;

/** At most how many times as long as it took that delay is. */
export const turnOwedTimes = 2;

/**
 * But this long at least: a client that makes one call after the other makes more than a hundred
 * meanwhile, so fewer than one in a hundred of its calls wait for such a turn.
 */
export const turnOwedMsMin = 12;

/** How often it is looked whether they still do, in milliseconds. Timers are no finer. */
export const turnOwedLookMs = 2;

/** Most milliseconds of that delay: a process may have been stopped for minutes in a turn. */
export const turnOwedMsMax = 1_000;

/**
 * Turns in a row of those that hold something while others wait to begin: enough for batches to end
 * about as fast as they begin, so few of them are held at once.
 */
export const turnsAheadMax = 16;

/**
 * Most milliseconds by which those with short lines, or all others, may have taken more of the time
 * than the other side before they have to wait for it: some of the longest turns of either.
 */
export const turnLeadMs = 20;

/**
 * While so many are held no further long line has its turn, as it may be a batch: each of a hundred
 * takes ten megabytes when it is parsed.
 */
export const turnsHeldMax = 4;

/** Most bytes of answers in a turn: to encode and write them takes a fifth of a turn's time. */
export const turnBytesMax = 256 * 1024;

/**
 * A connection sends much if it took at least one part in this many of a turn, which is more than a
 * client with 64 short calls in flight takes.
 */
export const turnShareOfHeavy = 2;
