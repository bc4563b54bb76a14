/** Bounds of how a client connects to its servers and shares its calls among them. */

/**
 * Servers that a client is connecting to at once, as far as file handles go. Past a thousand they
 * do not come any sooner, and two thousand dead ones keep nobody from the next for longer than half
 * a second.
 */
export const dialsMax = 1_024;

/**
 * File handles that a client leaves to the rest of its process once it has run out of them: for the
 * registry, which it would else not hear of any more, and for looking up names.
 */
export const handlesSpare = 8;

/**
 * After so long the system has back what was closed: a read under way holds it until the next turn.
 */
export const handlesReturnMs = 5;

/**
 * Servers that a client connects to before it asks how many file handles there are: most have
 * fewer.
 */
export const handlesUnasked = 16;

/** How often a client that ran out of file handles tries whether there are more by now. */
export const handlesGrowMs = 1_000;

/** Calls that are sent at the most to a server that has not answered often enough to be judged. */
export const unprovenCallsMax = 32;

/**
 * No start keeps an answer for longer than this, in milliseconds: a server that takes longer is
 * slow.
 */
export const startMsMax = 100;

/** The same as a multiple of what another server takes. */
export const startSlownessMax = 8;

/**
 * The same of one among many servers: it is missed by nobody, and each client would be patient with
 * it.
 */
export const startSlownessOfManyMax = 5;

/** How many servers are few: as many as a person looks at one by one. */
export const fewServersMax = 16;

/**
 * {@link startMsMax} of few servers' first answers, from a cold process: a slow one gets a few
 * calls by it.
 */
export const firstMsMax = 200;

/** {@link startSlownessMax} of few servers' first answers. */
export const firstSlownessMax = 20;

/**
 * Calls of one client that a server works on before it counts as busy, as long as it has refused
 * none: then servers of other zones are given calls too, and a subset grows.
 */
export const busyCallsMax = 64;
