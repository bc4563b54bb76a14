/** The gateway's bounds. Those of the whole program are in `base/limits.ts`. */

/**
 * Calls that a gateway has under way at once, over all its callers. Past it a call is answered
 * Overloaded.
 */
export const gatewayCallsMax = 4_096;

/**
 * Calls of one address's WebSockets and streams that are under way at once, so that others have
 * places. Its other calls are bounded as requests, and as members of batches.
 */
export const gatewayCallsOfCallerMax: number = gatewayCallsMax / 2;

/** Requests under way in a gateway, without streams: each may hold a body and an answer. */
export const gatewayRequestsMax = 4_096;

/**
 * Requests of one address under way, so that others have places. On this machine each connection
 * counts as an address.
 */
export const gatewayRequestsOfCallerMax: number = gatewayRequestsMax / 2;

/**
 * Requests in a row that are answered of those a connection has surely sent ahead of answers. Each
 * takes its time before others are read, and a hundred connections may come again and again.
 */
export const gatewayPipelinedMax = 1;

/**
 * Requests in a row that it may seem to send ahead before it is told. Of 64 callers that wait for
 * answers, and ask again at once, one in a hundred answers told so, on busy cores.
 */
export const gatewayAheadMax = 4;

/**
 * The same for requests without `Host`: those of HTTP/2 cannot be told. The runtime itself pauses
 * after 64 in a row, and who waited for that is not seen to send ahead, so it has to be fewer.
 */
export const gatewayHostlessAheadMax: number = 2 * gatewayAheadMax;

/** Most WebSockets of a gateway: each takes memory for as long as its peer likes. */
export const gatewayStreamsMax = 1_024;

/** Most WebSockets of one address. */
export const gatewayStreamsOfCallerMax: number = gatewayStreamsMax / 2;

/** Members of a batch that begin in a turn: a millisecond's work, ten times that of a change. */
export const gatewayBatchStep = 64;

/** Calls under way past which batches wait with their next ones, so that others have places. */
export const gatewayBatchCallsMax: number = gatewayCallsMax / 2;

/** Most of them that are members of one caller's batches, so that others' begin as well. */
export const gatewayBatchCallsOfCallerMax: number = gatewayBatchCallsMax / 2;

/**
 * Bytes that have come on all connections since the last request or message of each. Twice what
 * bodies may be, so that only what the runtime keeps for nobody exceeds it: a message in fragments,
 * or what is sent behind a request that is being answered.
 */
export const gatewayUnfinishedBytesMax = 128 * 1024 * 1024;

/**
 * Bytes that the system holds of each connection of the same machine until they are read: while it
 * waits for an answer the runtime takes all that there is, and moves it for each request. Others
 * have a network between, which needs more for long bodies, and brings less.
 */
export const gatewayHeldInputBytes = 64 * 1024;

/**
 * How often they are counted while a request or a WebSocket is open: a connection of the same
 * machine can bring 500 MB a second.
 */
export const gatewayUnfinishedLookMs = 100;

/** Least pause between two looks, for each open file: a look takes 3 to 10 µs for each. */
export const gatewayLookPauseMs = 0.2;

/** Connections without a request. Past it those go that have had none for longest. */
export const gatewayIdleConnectionsMax = 4_096;

/**
 * How long a connection that was ended because of what its peer sent is kept by the system: as long
 * as such a peer is told to wait before it tries again.
 */
export const gatewayLingerMs = 1_000;

/**
 * Least time between the ends of two of them, so that many that were ended together do not come
 * again together. Each takes about half a millisecond then.
 */
export const gatewayLingerGapMs = 4;

/** Most of them: each takes a handle. Past it the longest kept one is let go. */
export const gatewayLingersMax = 1024;

/** How often connections without a request are looked for. */
export const gatewayIdleLookMs = 5_000;

/**
 * How late a look may come before a gateway without TLS, which strangers do not reach, has its
 * connections watched from another thread.
 */
export const gatewayLateMs: number = gatewayUnfinishedLookMs;

/** How often that thread looks whether the main thread is busy: it takes some microseconds. */
export const watchPauseMs = 50;

/** How long a busy main thread may leave a question unanswered before connections are looked at. */
export const watchAnswerMs = 20;

/** How long after a connection was dropped others are expected to follow. */
export const watchAlertMs = 10_000;

/** {@link watchPauseMs} and {@link watchAnswerMs} meanwhile. */
export const watchBriefMs = 3;

/** The main thread's processor time between two looks at connections. */
export const watchLookMs = 2;

/**
 * Looks without an answer at which a connection was read slowly before it is dropped; with others,
 * each look counts by its share. No honest one was seen at more than one.
 */
export const watchLooksMax = 4;

/**
 * What is read slowly, for each millisecond of the main thread's processor time: of frames that
 * mean nothing 2 to 13 KB were, of bodies over TLS hundreds.
 */
export const watchSlowBytesPerMs: number = 24 * 1024;

/**
 * What may be read of a connection without an answer, however quickly, as a multiple of the longest
 * message: a message of a WebSocket is read as a whole, and HTTP/2's windows are a megabyte.
 */
export const watchBytesFactor = 4;

/** How long a connection that was dropped is kept, so that its peer waits. */
export const watchKeptMs = 10_000;

/** Most of them: each takes a handle. Past it the longest kept one is reset. */
export const watchKeptMax = 128;

/** Least time between two lines of the log about them. */
export const watchToldMs = 1_000;

/** Bytes of unfinished bodies over all requests: bounds many slow senders of long bodies. */
export const gatewayBodiesBytesMax = 64 * 1024 * 1024;

/**
 * Unread bytes of long answers and streams over all requests. Past it readers that take nothing
 * lose their answer; if all read, new requests are refused.
 */
export const gatewayAnswersBytesMax = 64 * 1024 * 1024;

/** Size of the pieces of a long answer: shorter answers fit into a connection's buffers. */
export const gatewayAnswerPieceBytes = 64 * 1024;

/** Unread bytes of all WebSockets. Past it those that read nothing are closed. */
export const gatewaySocketsUnreadBytesMax = 128 * 1024 * 1024;

/**
 * Longest short body, which usually arrives with its headers. Short bodies are bounded only by the
 * number of requests, so that long ones cannot keep them out.
 */
export const gatewayShortBodyBytes = 16 * 1024;

/**
 * How long a peer must have made no progress before it loses its body or answer in favour of
 * others: far longer than a network's hiccup.
 */
export const gatewayStuckMs = 1_000;

/** How long a request's body may take to arrive: bounds peers that send byte by byte. */
export const gatewayBodyTimeoutMs = 30_000;

/** How much of a refused request's body is read, so that its sender gets to read the reason. */
export const gatewayLeftoverBytesMax = 16 * 1024 * 1024;

/** How long such a body is read before the request is answered. */
export const gatewayLeftoverMs = 3_000;

/** Most such bodies that are read at once; further ones are not read. */
export const gatewayLeftoversMax = 64;

/** Calls of one WebSocket that are under way at once; more are answered Overloaded. */
export const gatewaySocketCallsMax = 256;

/** Messages of a WebSocket that are taken in a turn. */
export const gatewaySocketStep = 16;

/** A turn of a WebSocket in which messages took so many milliseconds is over. */
export const gatewaySocketStepMs = 1;

/**
 * Messages of a WebSocket that may wait for its turns: as many as calls may be under way. One more
 * closes it: the runtime takes them as fast as they come, and cannot be told to wait.
 */
export const gatewaySocketWaitingMax: number = gatewaySocketCallsMax;

/**
 * WebSockets of an address that were closed for what came on them, or left while messages of them
 * waited, past which it may open no other until enough of them are forgotten. All of this machine
 * count together.
 */
export const gatewayOffencesMax = 16;

/**
 * After how long each of them is forgotten, one after the other. Each took about two milliseconds
 * of the gateway's time, so that is a tenth of it.
 */
export const gatewayOffenceMs = 20;

/** Addresses of which they are counted. Past it all are forgotten. */
export const gatewayOffendersMax = 1_024;

/** Bytes that a WebSocket's peer may leave unread before it is closed. */
export const gatewaySocketUnreadBytesMax = 16 * 1024 * 1024;

/** How long the list of methods is kept before the servers are asked again. */
export const gatewayCatalogueMs = 1_000;

/** How long a new list is waited for where there is an older one: a server may hang. */
export const gatewayCatalogueWaitMs = 250;

/** Procedures that a gateway counts by name; the calls of further ones are counted together. */
export const gatewayMethodsCountedMax = 1_000;

/** Shortest token that a gateway takes from a file, in characters: a shorter one can be guessed. */
export const gatewayTokenLengthMin = 16;

/** How long a gateway that ends waits for calls under way: longer than most calls take. */
export const gatewayDrainMs = 10_000;

/** How long it then waits for callers to read that their calls were cancelled. */
export const gatewayGraceMs = 1_000;

/** How often a gateway tells that it has no handles for connections, while that is so. */
export const gatewayShortageToldMs = 10_000;

/** How often a gateway checks whether its certificate was replaced. */
export const gatewayCertificateCheckMs = 1_000;

/** How often it tells that the dates of its certificate do not allow it to be used. */
export const gatewayCertificateToldMs = 24 * 60 * 60 * 1_000;

/** Most servers that a gateway asks for its page: nobody looks at more. */
export const gatewayServersAskedMax = 500;

/** How long a server may take to tell its state for the page. */
export const gatewayServerTimeoutMs = 2_000;

/** How often the page is updated: a new server is seen within a second. All pages share a view. */
export const gatewayLookMs = 800;

/** How long a view for the page waits for answers of servers: later ones are in the next view. */
export const gatewayViewWaitMs: number = gatewayLookMs / 2;

/** How often servers are asked for their methods if the list has not changed. */
export const gatewayOfferMs = 5_000;

/** Most sessions of agents, some ten kilobytes each. Past it the longest unused one is dropped. */
export const gatewayAgentsMax = 256;

/** Most of one address. Past it its own longest unused one is dropped, and nobody else's. */
export const gatewayAgentsOfCallerMax: number = gatewayAgentsMax / 2;

/** How long after a change of servers other tools are looked for: past what a list is kept for. */
export const gatewayToolsLookMs: number = 2 * gatewayCatalogueMs;

/** Most agents that wait to be told of other tools: each holds a connection. */
export const gatewayListenersMax = 256;

/** Most of one address. */
export const gatewayListenersOfCallerMax: number = gatewayListenersMax / 2;

/** Most pages that are updated at once: each holds a connection. */
export const gatewayLooksMax = 256;

/** Most of one address. */
export const gatewayLooksOfCallerMax: number = gatewayLooksMax / 2;
