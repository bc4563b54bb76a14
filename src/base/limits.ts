/**
 * The bounds that rooms share, and how they relate. Those of one room are in its own `limits.ts`.
 *
 * - a message is at most {@link messageMaxDefault} unless somebody says another bound, so one
 *   connection's read side holds at most that plus one read of {@link readBufferBytesLong};
 * - one connection has at most {@link connectionInFlightMax} requests under way; past it the server
 *   stops reading, TCP's window closes, and the client's writes wait. No error, only back pressure;
 * - all connections together have at most {@link queueMaxDefault} calls waiting for a worker; past
 *   it a call is answered Overloaded, which is safe to retry elsewhere;
 * - what a client does not read piles up to {@link outboxBytesMax}, or less while all together
 *   leave much unread (`server/limits.ts`); past it the server stops reading from that client, and
 *   after {@link writeStallTimeoutMs} without progress closes it.
 */

/**
 * Longest message by default, LF included: an image or a table fits, and a machine has memory for a
 * thousand of them.
 */
export const messageMaxDefault = 4 * 1024 * 1024;

/**
 * Smallest bound that a peer may set. A server that does not tell its bound is of a version that
 * took exactly this.
 */
export const messageMaxLeast = 1024 * 1024;

/** Largest bound that a peer may set. Two of them fit into the memory of any server's machine. */
export const messageMaxMost = 1024 * 1024 * 1024;

/**
 * Longest message that becomes one string on its way, whatever the bound: with what stands around
 * it, no text in it is longer than {@link printedTextMax}. Longer ones stay bytes in a server, and
 * their two ends read and print them in pieces.
 */
export const oneStringBytesMax = 128 * 1024 * 1024;

/**
 * Longest text that is sure to be printed, in UTF-16 code units. For a longer one with characters
 * of two bytes `JSON.stringify` ends the process ("Fatal process out of memory: Zone"). For texts
 * of one byte a character it does so from {@link printedLatinTextMax} on.
 */
export const printedTextMax = 2 ** 27 - 64;

/** The same if each character is one of the first 256. */
export const printedLatinTextMax = 2 ** 28 - 64;

/** V8's longest string, in UTF-16 code units. */
export const textLengthMax = 2 ** 29 - 24;

/** Most calls an hour that a client may tell a server: sums of these stay whole numbers. */
export const loadMax = 2 ** 36;

/**
 * Most values in one result, or in one call's parameters. Each takes at least two bytes as JSON,
 * and a few lines of code can build a value that refers to its parts so often that its JSON would
 * exceed the memory.
 */
export const jsonValuesMax = 16 * 1024 * 1024;

/** Deepest nesting of arrays and objects in a message: bounds the recursion of all who walk it. */
export const nestingMax = 64;

/**
 * Most messages in a batch. Their answers leave together, in one message, once the last one is
 * there.
 */
export const batchMessagesMax = 1_000;

/** Longest method name, in UTF-16 code units: names end up in logs and metrics. */
export const methodLengthMax = 256;

/** Longest string `id`, in UTF-16 code units: a server keeps it for as long as the call runs. */
export const idLengthMax = 256;

/** Longest `traceparent`, in UTF-16 code units: version 00 has 55, later versions may have more. */
export const traceparentLengthMax = 256;

/** Longest line that is written as bytes and not as text: most calls and answers are shorter. */
export const shortLineBytesMax = 512;

/** Size of what such lines are written into: 64 calls. What does not fit is written as text. */
export const lineBufferBytes: number = 16 * shortLineBytesMax;

/** How many of these are kept while nobody needs them. */
export const lineBuffersMax = 64;

/** Size of the buffer one `read` fills: one TCP window's worth of small calls. */
export const readBufferBytes = 64 * 1024;

/**
 * The same once a read has filled that, as long messages do: V8 takes memory from the system for
 * each string of more than 128 KiB, so what is decoded at once stays below that.
 */
export const readBufferBytesLong = 120 * 1024;

/**
 * Buffers for long messages that a process keeps for the next ones: a few of the longest that it
 * takes by default.
 */
export const spareBuffersBytesMax = 16 * 1024 * 1024;

/**
 * Size of the read buffer of a connection on which little arrives: ten thousand idle connections
 * have one each.
 */
export const readBufferBytesIdle = 1024;

/** Unread output that a peer may cause before its input is no longer read. */
export const outboxBytesMax = 4 * 1024 * 1024;

/** A peer that takes nothing for this long while output waits for it is gone. */
export const writeStallTimeoutMs = 30_000;

/** How often, in milliseconds, the server looks who reads, while much is unread. */
export const unreadLookMs = 50;

/**
 * A connection is closed if nothing arrives on it for this long and nothing is under way. Our
 * clients ping every {@link idlePingMs}; a peer that vanished does not.
 */
export const idleTimeoutMs = 10 * 60_000;

/** How often a client pings a connection that it does not use: a few may get lost. */
export const idlePingMs = 60_000;

/**
 * One address may have one in this many of the connections that a server holds, so that one machine
 * cannot keep all others out.
 */
export const connectionsShareOfAddress = 4;

/** Most items of a stream that a client may grant at once: hundreds cover any network's delay. */
export const streamCreditMax = 65_536;

/**
 * Items of one stream that a worker may make before they are written, whatever the client granted:
 * bounds what a client that asks for much and reads nothing can pile up.
 */
export const streamWindowMax = 64;

/** Requests of one connection that the server works on at once. */
export const connectionInFlightMax = 1_024;

/**
 * Bytes of the requests of one connection that the server works on at once: enough calls with the
 * longest parameters to keep the workers busy, and little enough for many such connections.
 */
export const requestBytesInFlightMax = 32 * 1024 * 1024;

/** Connections that a server holds by default. */
export const connectionsMaxDefault = 16_384;

/** Calls waiting for a worker, over all connections, by default. */
export const queueMaxDefault = 4_096;

/** Most workers of one server: each is a process, and no machine has more cores than this. */
export const workersMax = 1_024;

/** Most calls that a queue can be made to hold: past this they wait longer than any deadline. */
export const queueMaxMax = 1_000_000;

/** Largest weight of a server: nobody needs shares finer than a thousandth. */
export const weightMax = 1_000;

/** A call's deadline by default: without one it could hang for ever. */
export const callTimeoutMsDefault = 10_000;

/** Longest deadline that a server grants by default; callers that ask for more get this one. */
export const callTimeoutMaxMsDefault = 60 * 60 * 1_000;

/** Longest deadline that can be asked for: a day. Longer ones are most likely a mistaken unit. */
export const callTimeoutMsMax = 24 * 60 * 60 * 1_000;

/** Most attempts of one call, the first included. The budget bounds the retries of all calls. */
export const attemptsMax = 8;

/**
 * Calls that may wait in a client for a first endpoint, or on one connection to be written. Past it
 * a call fails at once.
 */
export const waitingCallsMax = 65_536;

/**
 * How many unasked messages in a row a client takes on one connection: twice as many as there are
 * late answers if all its calls were cancelled at once.
 */
export const unaskedMessagesMax: number = 2 * waitingCallsMax;

/**
 * Bytes that may wait to be written on one connection of a client, a few round trips' worth.
 * Further calls wait unencoded, so they cost little and are known not to have been sent.
 */
export const clientOutboxBytesMax = 4 * 1024 * 1024;

/** How long a call waits for an endpoint when none is connected: as long as a restart takes. */
export const unavailableAfterMsDefault = 1_500;

/**
 * How long connecting by TCP may take. It is longer than a call waits, since later calls gain by
 * the connection.
 */
export const connectTimeoutMs = 5_000;

/**
 * Longest wait until the registry confirms that a server is withdrawn: a hung disk or network must
 * not keep the program from ending. The kernel then frees the lock, or ZooKeeper the session.
 */
export const withdrawTimeoutMs = 2_000;

/** How soon a server is asked again if there was no file handle: other connections end soon. */
export const handlesRetryMs = 50;

/**
 * While a call waits and no server is connected, servers are tried again at the first tick after
 * this long, so that calls are answered within a second after the network is back. Each client has
 * ticks of its own, so they do not come in step.
 */
export const hastyReconnectMs = 400;

/** How many servers are then tried at each tick: likely one of them lives, and it is few. */
export const hastyReconnectsMax = 8;

/**
 * Attempts that a client may make at one host's ports without a wait. It bounds what a forged entry
 * in a registry can do to a host.
 */
export const hostAttemptsAtOnce = 512;

/** Attempts per second after that, for as long as they fail. */
export const hostAttemptsPerSecond = 100;

/** Hosts whose attempts are counted before idle ones are dropped: some kilobytes. */
export const hostsPacedMax = 1_024;

/** A connection with calls pending is pinged when nothing was received on it for this long. */
export const heartbeatIntervalMs = 1_000;

/** A connection that does not answer the ping within this time is dead. */
export const heartbeatTimeoutMs = 2_000;

/** How often connections are looked at: a dead one may be found this much later than that. */
export const heartbeatTickMs = 250;

/**
 * How long a client waits after it has made a connection to a server beside the one in use, before
 * it may make another. A server whose event loop lags is silent again and again, and the handshakes
 * of all its clients would make it lag more. A second outage in that time is found like a dead
 * connection.
 */
export const sideConnectionPauseMs = 5_000;

/**
 * How much longer than its caller's certificate an open connection is of use, in milliseconds: the
 * clocks of two machines differ, and clients leave a connection by themselves.
 */
export const certificateGraceMs = 10_000;

/**
 * Connections to one server that a client keeps for calls under way on them, after newer ones have
 * taken their place. With so many a silent connection is not given up before it is dead: else
 * outages in a row, and calls that take hours, would cost both sides handles without a bound.
 */
export const formerConnectionsMax = 4;

/** Longest answer to a greeting, together with what a server may send before it. */
export const greetingBytesMax = 64 * 1024;

/** Patterns of methods that one listener may name: each call is compared with all of them. */
export const tapMethodsMax = 32;

/**
 * How long a new client's first calls wait for further servers once the first is connected, as a
 * multiple of the time which that took. Equal servers take about as long, and being first is no
 * merit.
 */
export const gatheringShare = 2;

/** Longest such wait, in milliseconds: less than a person notices, should one be unreachable. */
export const gatheringMsMax = 100;

/** Most files that are searched for the one that keeps a module from loading: it takes a moment. */
export const importsLookedAtMax = 1_000;

/**
 * Servers that a client connects to if a service has more. It is large enough that servers get
 * about equal load, though clients choose by chance, and it leaves room below a hundred for the
 * servers that replace failed ones.
 */
export const subsetDefault = 80;

/** Largest subset that can be asked for: the number of ports of an address. */
export const subsetMax = 65_536;

/** Longest name of a zone. */
export const zoneLengthMax = 256;

/**
 * How long `rpc call` waits for a server and its answer before it loads the client, in
 * milliseconds: most calls that take longer are worth the 20 ms that this takes.
 */
export const briefCallMs = 50;

/** How long it waits for TLS before that, in milliseconds: many times what TLS takes here. */
export const briefHandshakeMs = 200;

/** Calls with less time than this get the client's exact deadline from the beginning. */
export const briefTimeoutMsMin = 1_000;

/** What may come on a connection for one call before the client reads it: most is short. */
export const briefAnswerBytesMax = 64 * 1024;

/**
 * How long a change of files waits for another one, which takes a moment, or that of
 * `rpc keys join` ten seconds at most. The other process may as well be stopped for good.
 */
export const fileLockTimeoutMs = 10_000;

/** How often it looks whether the other one is done: nobody notices such a delay. */
export const fileLockRetryMs = 50;
