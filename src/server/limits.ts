/**
 * The bounds of a server and its connections. Those that a client or a worker meets too are in
 * `base/limits.ts`.
 */

/**
 * Most bytes of answers that one connection may leave unread. `outboxBytesMax` only keeps new
 * calls from beginning, and hundreds may run by then. Past this bound an answer is replaced by an
 * error.
 */
export const unreadAnswersBytesMax = 64 * 1024 * 1024;

/** A line must be finished this long after it has begun: bounds peers that send byte by byte. */
export const partialLineTimeoutMs = 30_000;

/** Buffers of unfinished lines, over all connections: sixteen of the longest. */
export const partialLinesBytesMax = 64 * 1024 * 1024;

/**
 * A connection whose unfinished line was given up is closed if no more of the line arrives for this
 * long: its pending read holds the line's buffer.
 */
export const givenUpLineMs = 100;

/** Buffers of answers that peers leave unread, over all connections: thirty-two of the longest. */
export const unreadBytesMax = 128 * 1024 * 1024;

/**
 * Unread answers over all connections, in bytes, from which on each connection may leave only
 * {@link crowdedOutboxBytesMax} unread. What hundreds of peers leave takes memory, and collecting
 * that memory takes everybody's time.
 */
export const unreadBytesCrowded = 16 * 1024 * 1024;

/** Unread output that one peer may cause while many leave much unread: a few windows of TCP. */
export const crowdedOutboxBytesMax = 256 * 1024;

/**
 * Bytes of the requests under way, over all connections; one caller may have half of them. Past it:
 * Overloaded.
 */
export const requestsBytesMax = 128 * 1024 * 1024;

/** A request up to this long is taken past that bound: the number of requests bounds these. */
export const shortRequestBytes = 16 * 1024;

/**
 * Shortest time between two computations of `rpc.stats`: each sorts once per method, and nobody
 * reads faster.
 */
export const statsPeriodMs = 250;

/**
 * Items of one stream that a worker may make before they are written, as long as nobody knows how
 * long they are: each may be as long as a message.
 */
export const streamWindowAtFirst = 4;

/** Bytes of the items that may be made ahead, but for one: of long items they are fewer. */
export const streamWindowBytes = 256 * 1024;

/**
 * Most log lines in a period that strangers cause by connecting: enough to see who they are, and
 * too few to fill a disk.
 */
export const strangersLinesMax = 20;

/** The length of that period. The log then says how many lines were left out. */
export const strangersLinesPeriodMs = 60_000;

/** Most listeners to a server's calls at once: every call is compared with each. */
export const tapsMax = 8;

/** Most of one caller, so that others can listen, too. */
export const tapsOfCallerMax: number = tapsMax / 2;

/**
 * Calls that a listener is told in each {@link tapWindowMs}: two hundred a second, more than anyone
 * can read, at little cost to the server.
 */
export const tapEventsMax = 20;

/** The window of {@link tapEventsMax}: short, so that the calls are spread over a second. */
export const tapWindowMs = 100;

/**
 * Calls that share one look at the clock while somebody listens to slow calls: many, since a look
 * costs time, and few, since each counts as having lasted until the look.
 */
export const tapLookCalls = 16;

/** Characters of a call's parameters, and of its error, that a listener is told: a wide line. */
export const tapTextMax = 200;
