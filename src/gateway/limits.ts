/** The gateway's bounds, beside those of the whole program in `base/limits.ts`. */

/**
 * Calls that a gateway has under way at once, over all its callers. Past it a call is answered
 * Overloaded.
 */
export const gatewayCallsMax = 4_096;

/**
 * Requests that a gateway is answering at once, streams apart: each may hold a body and an answer.
 */
export const gatewayRequestsMax = 4_096;

/**
 * WebSockets that a gateway holds at once: each takes some memory for as long as its peer likes.
 */
export const gatewayStreamsMax = 1_024;

/**
 * What bodies that are being read may take in a gateway, over all requests: many slow senders of
 * long ones fit no machine.
 */
export const gatewayBodiesBytesMax = 64 * 1024 * 1024;

/**
 * What long answers and items of streams may hold in a gateway, over all requests, before those who
 * read nothing lose theirs, and while all read no more is taken on.
 */
export const gatewayAnswersBytesMax = 64 * 1024 * 1024;

/**
 * A piece in which a gateway hands out a long answer; shorter ones fit into a connection's buffers.
 */
export const gatewayAnswerPieceBytes = 64 * 1024;

/** What all WebSockets of a gateway may hold unread before those that read nothing are closed. */
export const gatewaySocketsUnreadBytesMax = 128 * 1024 * 1024;

/**
 * Up to so many bytes a body is taken as a whole; it has come with its head as a rule. It is
 * bounded by the number of requests alone, so that who sends long ones keeps no short one out.
 */
export const gatewayShortBodyBytes = 16 * 1024;

/**
 * For how long a peer has neither sent nor read a piece of what a gateway holds for it, before it
 * has to let go in favour of others: many times what a network takes to go on.
 */
export const gatewayStuckMs = 1_000;

/** How long a gateway waits for a request's body. One byte a second is no way to send one. */
export const gatewayBodyTimeoutMs = 30_000;

/**
 * What is read of a body whose request is refused, so that its sender gets to read why: four of the
 * usual bound, since who sends more has not looked at it.
 */
export const gatewayLeftoverBytesMax = 16 * 1024 * 1024;

/** How long such a body is read, and a slow sender waits for his answer. */
export const gatewayLeftoverMs = 3_000;

/** Such bodies that are read at once; those of further requests are left, as they would be. */
export const gatewayLeftoversMax = 64;

/** Calls of one WebSocket that are under way at once; more are answered Overloaded. */
export const gatewaySocketCallsMax = 256;

/**
 * What a WebSocket's peer may leave unread before it is closed: its calls have long been answered.
 */
export const gatewaySocketUnreadBytesMax = 16 * 1024 * 1024;

/**
 * For how long a gateway tells what the servers offer without asking again: a page asks often, and
 * they change seldom.
 */
export const gatewayCatalogueMs = 1_000;

/** Procedures that a gateway counts by name; the calls of further ones are counted together. */
export const gatewayMethodsCountedMax = 1_000;

/** Shortest token that a gateway takes from a file, in characters: a shorter one can be guessed. */
export const gatewayTokenLengthMin = 16;

/**
 * How long a gateway that ends waits for calls under way: longer than any answer but a stream's
 * takes as a rule.
 */
export const gatewayDrainMs = 10_000;

/** How long it waits after that for the callers to read how their calls were ended. */
export const gatewayGraceMs = 1_000;

/** How often a gateway looks whether its certificate was replaced. */
export const gatewayCertificateCheckMs = 1_000;

/** Servers that a gateway asks for its page: more of them are in nobody's view. */
export const gatewayServersAskedMax = 500;

/** How long a server may take to tell the page how it is. */
export const gatewayServerTimeoutMs = 2_000;

/**
 * How often the page is told how the servers are: one that joins is seen within a second, and those
 * who look at once cost no more than one.
 */
export const gatewayLookMs = 800;

/** How often is looked at the latest whether the same servers offer something else. */
export const gatewayOfferMs = 5_000;

/**
 * Sessions of agents that a gateway keeps: each is a server of the protocol's package, some ten
 * kilobytes. Past it the one that was not used for the longest time is forgotten.
 */
export const gatewayAgentsMax = 256;

/** Pages that are told at once how the servers are: each holds a connection. */
export const gatewayLooksMax = 256;
