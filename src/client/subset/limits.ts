/** Bounds of how many servers of a large service a client connects to. */

/**
 * Calls under way for which one more server is connected to, beyond those that are chosen anyway:
 * at so many of one client's a server of few workers has a queue.
 */
export const callsPerServer = 16;

/** A subset that grows because its servers are busy has at most so many times its size. */
export const subsetGrowthMax = 4;

/** What a subset grows by at a time, as a share of its size. */
export const subsetGrowthShare = 0.25;

/** How long a server that is not needed any more keeps its connection: it may be needed again. */
export const surplusMs = 30_000;

/** How often a subset that has grown gives back an eighth of what it grew by, once it is calm. */
export const shrinkMs = 10_000;

/** The share of a subset's size that may be left at one tick: nobody leaves a server in a herd. */
export const leavesShare = 0.05;

/**
 * A first connection that takes longer than this, in milliseconds, is not counted on: another
 * server is connected to beside it.
 */
export const untriedMsMax = 1_000;

/**
 * Servers that are tried for the first time at once, as a multiple of a subset's size: enough to
 * replace all of them.
 */
export const triesMaxShare = 2;

/** How many more of them at each tick: where most are dead, the rest is found step by step. */
export const triesShare = 0.5;

/**
 * How far a zone is searched for servers that can be used, while there are other zones: as a
 * multiple of a subset's size. One that is down would have all its servers tried again and again.
 */
export const searchedShare = 3;

/**
 * Servers of other zones that a client with a zone is connected to beforehand, as a share of its
 * subset: calls spill over to them without waiting for a connection.
 */
export const spareShare = 0.1;

/** How many these are at least, so that no single server's end leaves nobody to spill over to. */
export const sparesMin = 2;

/** Servers that are ranked for each one that is wanted, so that few changes rank all anew. */
export const rankedShare = 2;

/**
 * How often each server of a subset is asked how many connections it has: clients come and go, and
 * a hundred questions in this time are nothing.
 */
export const askConnectionsMs = 30_000;

/** The same after the first answer: clients that start together have not all connected before. */
export const askConnectionsAgainMs = 5_000;

/**
 * A server gets at most so many times its weight, and at least this part of it, whatever it says of
 * its connections.
 */
export const shareMax = 8;

/** Shares that differ from equality by less than this are equal: servers then take turns. */
export const shareTolerance = 0.05;
