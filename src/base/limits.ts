/**
 * Every bound that a peer can run into, and how they relate:
 *
 * - a message is at most {@link messageMaxDefault} unless somebody says another bound, so one
 *   connection's read side holds at most that plus one read of {@link readBufferBytes};
 * - one connection has at most {@link connectionInFlightMax} requests under way; past it the server
 *   stops reading, TCP's window closes, and the client's writes wait. No error, only back pressure;
 * - all connections together have at most {@link queueMaxDefault} calls waiting for a worker; past
 *   it a call is answered Overloaded, which is safe to retry elsewhere;
 * - what a client does not read piles up to {@link outboxBytesMax}, or, while all together leave
 *   more than {@link unreadBytesCrowded}, to {@link crowdedOutboxBytesMax}; past it the server
 *   stops reading from that client, and after {@link writeStallTimeoutMs} without progress closes
 *   it.
 */

/**
 * Longest message by default, LF included: an image or a table fits, and a thousand of them a
 * machine.
 */
export const messageMaxDefault = 4 * 1024 * 1024;

/**
 * Shortest bound that there is, which everybody takes, and all that a server took who says nothing
 * of it.
 */
export const messageMaxLeast = 1024 * 1024;

/**
 * Longest bound that there is: a message is one string on its way, V8's longest has 2^29 - 24
 * characters, and what is made of one, with all that is escaped in it, may be twice as long.
 */
export const messageMaxMost = 256 * 1024 * 1024;

/**
 * Longest description of a worker's procedures: what the server adds to it, its own procedures
 * above all, must fit the same message.
 */
export const documentBytesMax = messageMaxLeast - 64 * 1024;

/**
 * Values that one result or one call's parameters may have: each takes two bytes at the least, and
 * of such as share their parts a few lines of code make more than there is memory.
 */
export const jsonValuesMax = 16 * 1024 * 1024;

/**
 * Deepest nesting of arrays and objects in a message: bounds the recursion of whatever walks it.
 */
export const nestingMax = 64;

/**
 * Most messages in a batch. Their answers leave together, and wait for the last one: as much as
 * fits one message.
 */
export const batchMessagesMax = 1_000;

/** Longest method name, in UTF-16 code units: names end up in logs and metrics. */
export const methodLengthMax = 256;

/** Longest string `id`, in UTF-16 code units: a server keeps it for as long as the call runs. */
export const idLengthMax = 256;

/**
 * Longest `traceparent`, in UTF-16 code units: the form of today has 55, a later one may have more.
 */
export const traceparentLengthMax = 256;

/** Size of the buffer one `read` fills: one TCP window's worth of small calls. */
export const readBufferBytes = 64 * 1024;

/**
 * Buffers for long messages that a process keeps for the next ones: a few of the longest that it
 * takes by default.
 */
export const spareBuffersBytesMax = 16 * 1024 * 1024;

/**
 * Size of that buffer while little comes: a few calls' worth, because ten thousand idle connections
 * have one each.
 */
export const readBufferBytesIdle = 1024;

/** Unread output that a peer may cause before its input is no longer read. */
export const outboxBytesMax = 4 * 1024 * 1024;

/**
 * Most answers that one connection may leave unread, before and beside which {@link outboxBytesMax}
 * holds back what has not begun: calls that run already may be hundreds. Past it an answer is
 * replaced by an error.
 */
export const unreadAnswersBytesMax = 64 * 1024 * 1024;

/**
 * What waits to be written to a worker before further calls wait in the queue: enough that it never
 * has to wait itself, and little enough that a question whether it lives is soon read.
 */
export const workerInputBytesMax = 1024 * 1024;

/** A peer that takes nothing for this long while output waits for it is gone. */
export const writeStallTimeoutMs = 30_000;

/**
 * A line begun must be finished within this time: one byte a second is no way to send a request.
 */
export const partialLineTimeoutMs = 30_000;

/** Lines begun and not ended, over all connections, as buffers: sixteen of the longest. */
export const partialLinesBytesMax = 64 * 1024 * 1024;

/** Whose line was given up and goes not on for so long is left: a read holds all of the line. */
export const givenUpLineMs = 100;

/** Answers that are not read, over all connections, as buffers: thirty-two of the longest. */
export const unreadBytesMax = 128 * 1024 * 1024;

/** How often is looked who reads, in milliseconds, while much is not read. */
export const unreadLookMs = 50;

/**
 * Answers that are not read, over all connections, past which none is left more unread than
 * {@link crowdedOutboxBytesMax} before it is read from no further: what hundreds of peers leave
 * takes memory, and the time of all others to collect it.
 */
export const unreadBytesCrowded = 16 * 1024 * 1024;

/**
 * Unread output that a peer may cause while many leave much unread: more than a few full windows of
 * TCP.
 */
export const crowdedOutboxBytesMax = 256 * 1024;

/** Requests under way, over all connections, and twice those of one caller; then: Overloaded. */
export const requestsBytesMax = 128 * 1024 * 1024;

/**
 * A request that is no longer than this is taken all the same: many of them are bounded by their
 * number.
 */
export const shortRequestBytes = 16 * 1024;

/**
 * What the lines of connections that send much may take together before those of others come:
 * little beside what a call takes across a network, and much beside what changing takes, which is a
 * tenth of a millisecond.
 */
export const turnMs = 0.5;

/** Bytes of answers in a turn: they are encoded and written after it, in a fifth of its time. */
export const turnBytesMax = 256 * 1024;

/**
 * Who took one in so many of that sends much: more than a client does that has 64 short calls under
 * way.
 */
export const turnShareOfHeavy = 2;

/**
 * How often `rpc.stats` is computed anew at the most: a person sees no more, and it takes a sort a
 * method.
 */
export const statsPeriodMs = 250;

/**
 * A connection on which nothing comes for this long, and on which nothing is under way, is closed.
 * Clients of ours say something every {@link idlePingMs}; a peer that has gone without a word does
 * not.
 */
export const idleTimeoutMs = 10 * 60_000;

/**
 * How often a client says something on a connection that it does not use: often enough to lose one
 * on the way.
 */
export const idlePingMs = 60_000;

/**
 * Of the connections that a server holds, one in so many may be of one address, so that one machine
 * cannot keep all others out.
 */
export const connectionsShareOfAddress = 4;

/**
 * Items of a stream that a client may grant at once: some hundred cover a round trip of any
 * network.
 */
export const streamCreditMax = 65_536;

/**
 * Items of one stream that a server has a worker make ahead of what was written, whatever the
 * client granted: bounds what a client that asks for much and reads nothing can pile up.
 */
export const streamWindowMax = 64;

/** The same before anything is known of the items, which may be as long as a message. */
export const streamWindowAtFirst = 4;

/**
 * What the items of one stream that are made ahead may take, but for one: of long items there are
 * fewer.
 */
export const streamWindowBytes = 256 * 1024;

/** Requests of one connection that the server works on at once. */
export const connectionInFlightMax = 1_024;

/**
 * Bytes of the requests that the server works on at once for one connection: as many calls with the
 * longest parameters as any worker runs at once, and little enough that many such connections are
 * bearable.
 */
export const requestBytesInFlightMax = 32 * 1024 * 1024;

/** Connections that a server holds by default. */
export const connectionsMaxDefault = 16_384;

/** Calls waiting for a worker, over all connections, by default. */
export const queueMaxDefault = 4_096;

/**
 * Most workers of one server: each is a process, and past this a machine has more of them than
 * cores.
 */
export const workersMax = 1_024;

/** Most calls that a queue can be made to hold: past this they wait longer than any deadline. */
export const queueMaxMax = 1_000_000;

/**
 * Lines of the log in a period that strangers cause by connecting: enough to see who it is, and too
 * few to fill a disk.
 */
export const strangersLinesMax = 20;

/** How long that period is, after which the log says how many lines were left out. */
export const strangersLinesPeriodMs = 60_000;

/** Heaviest weight of a server: shares finer than a thousandth are nobody's intention. */
export const weightMax = 1_000;

/** How long a call may take when nobody said: a call without a deadline can hang for ever. */
export const callTimeoutMsDefault = 10_000;

/**
 * Longest deadline that a server gives a call by default: a caller that asks for more is given
 * that.
 */
export const callTimeoutMaxMsDefault = 60 * 60 * 1_000;

/**
 * Longest deadline that is accepted: a day. Beyond it a timer's arithmetic is nobody's intention.
 */
export const callTimeoutMsMax = 24 * 60 * 60 * 1_000;

/**
 * Times that a client sends one call at the most, the first included: the budget bounds them all
 * together.
 */
export const attemptsMax = 8;

/**
 * Calls that wait in a client for a first endpoint, or on one connection to be written. Past it a
 * call fails at once instead of piling up.
 */
export const waitingCallsMax = 65_536;

/**
 * What a client lets wait to be written on one connection, some round trips' worth: further calls
 * wait as they are, which costs nothing beside what their callers hold, and are known not to have
 * been sent.
 */
export const clientOutboxBytesMax = 4 * 1024 * 1024;

/**
 * How long a call waits for an endpoint when none is connected: a restart's length, not a
 * deadline's.
 */
export const unavailableAfterMsDefault = 1_500;

/**
 * How long a TCP connection may take to be made. Longer than a call may wait: the next call gains
 * by it.
 */
export const connectTimeoutMs = 5_000;

/**
 * Longest wait for a registry's word that a server is out of it: a disk that hangs, or a network,
 * must not hold up the end of the program. The kernel's lock or the end of the session then do it.
 */
export const withdrawTimeoutMs = 2_000;

/**
 * How soon a question to one server is asked again that found no file handle: others end meanwhile.
 */
export const handlesRetryMs = 50;

/**
 * While a call waits and no server is connected, one is tried again at the first tick after this
 * long: so the first answer comes within a second after a plug is put back. Each client ticks at a
 * time of its own.
 */
export const hastyReconnectMs = 400;

/**
 * How many servers are tried in that haste at each tick: enough that one of them lives, few for a
 * network.
 */
export const hastyReconnectsMax = 8;

/**
 * Attempts at one host's ports that a client makes at once: so many servers on one host are
 * connected without a wait, and a host of somebody's choice is asked no more often than by a
 * scanner.
 */
export const hostAttemptsAtOnce = 512;

/** The same for each second after that, for as long as the attempts come to nothing. */
export const hostAttemptsPerSecond = 100;

/** Hosts whose turns are remembered before those that are over are forgotten: some kilobytes. */
export const hostsPacedMax = 1_024;

/**
 * A connection with calls pending and nothing received is asked after this long whether it lives.
 */
export const heartbeatIntervalMs = 1_000;

/** A connection that does not answer within this time after it was asked is dead. */
export const heartbeatTimeoutMs = 2_000;

/**
 * How often connections are looked at: by so much a dead one may be found later than the two times
 * above say.
 */
export const heartbeatTickMs = 250;

/**
 * TLS handshakes under way at once: each costs a millisecond of work for a stranger who is nobody
 * yet.
 */
export const handshakesMax = 1_024;

/** How long a TLS handshake may take: three round trips of a bad network. */
export const handshakeTimeoutMs = 10_000;

/** Longest answer to a greeting, what a server may send before it included. */
export const greetingBytesMax = 64 * 1024;

/** Who may listen to the calls of a server at once: each looks at every call. */
export const tapsMax = 8;

/**
 * Calls that one of them is told in a {@link tapWindowMs}: two hundred a second, which nobody reads
 * as fast, and which cost a server little.
 */
export const tapEventsMax = 20;

/** In how long a time, in milliseconds: short, so that what is told is spread over a second. */
export const tapWindowMs = 100;

/**
 * Calls that one look at the clock judges, where somebody listens to slow ones: enough that it adds
 * next to nothing to a call, and few, since each is taken to have lasted until the look.
 */
export const tapLookCalls = 16;

/**
 * Characters of a call's parameters, and of its error, that are told: a line on a wide terminal.
 */
export const tapTextMax = 200;

/** Patterns of methods that somebody may listen to: each call is compared with all of them. */
export const tapMethodsMax = 32;

/**
 * How long a new client's first calls wait for further servers once the first is connected, as a
 * multiple of what that took. Equal servers take about the same, and which one is first says
 * nothing.
 */
export const gatheringShare = 2;

/**
 * The same in milliseconds, at the most: far less than a person notices, should one be unreachable.
 */
export const gatheringMsMax = 100;

/** Files that are looked through, in milliseconds, for the one that keeps a module from loading. */
export const importsLookedAtMax = 1_000;

/**
 * Servers that a client connects to of a service that has more. Below a hundred, so that one which
 * grows in trouble stays below that; and enough that what each server is given differs little: how
 * many other clients have chosen it evens out over so many.
 */
export const subsetDefault = 80;

/** What may be asked for in place of it: nobody has more ports at one address. */
export const subsetMax = 65_536;

/** Longest name of a zone. */
export const zoneLengthMax = 256;
