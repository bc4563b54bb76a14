/** Bounds on how many servers of a large service a client connects to. */

/** Calls in flight for each connected server. With more the subset grows. */
export const callsPerServer = 16;

/** Largest growth of a subset whose servers are busy, as a multiple of its size. */
export const subsetGrowthMax = 4;

/** How much a subset grows at a time, as a share of its size. */
export const subsetGrowthShare = 0.25;

/** How long an unneeded server keeps its connection: it may be needed again. */
export const surplusMs = 30_000;

/**
 * Most unneeded connections that are kept so long, as a share of the subset's size. A client whose
 * zone comes back has those of all other zones too, and a connection is memory on both sides.
 */
export const surplusShare = 0.1;

/** How often a subset that is calm again gives back an eighth of its growth. */
export const shrinkMs = 10_000;

/** Most servers that are left in one tick, as a share of the subset's size: avoids stampedes. */
export const leavesShare = 0.05;

/** After this time, in milliseconds, a pending first connection is replaced by another server. */
export const untriedMsMax = 1_000;

/** Most first attempts at once, as a multiple of the subset's size: enough to replace all. */
export const triesMaxShare = 2;

/** More first attempts at each tick, as a share: finds the live ones step by step. */
export const triesShare = 0.5;

/**
 * How many servers of the client's own zone are tried while there are other zones, as a multiple of
 * the subset's size. Otherwise all servers of a dead zone would be tried again and again.
 */
export const searchedShare = 3;

/**
 * Servers of other zones that a client connects to in advance, as a share of its subset: calls
 * spill over to them without waiting for a connection.
 */
export const spareShare = 0.1;

/** The least number of these, so that the end of one leaves another to spill over to. */
export const sparesMin = 2;

/** Servers that are kept in rank order for each wanted one, so that few changes rank all anew. */
export const rankedShare = 2;

/** How often the servers of a subset are told the client's load, and asked for that of all. */
export const askLoadMs = 30_000;

/** The same after a change: clients whose loads change together may not all have told theirs. */
export const askLoadAgainMs = 5_000;

/** A load that has grown or fallen by this factor is told at once. */
export const loadChangeMin = 2;

/** The time over which a client's calls are averaged. */
export const loadMs = 10_000;

/** How long a client that begins to call counts before it tells: a few calls tell nothing. */
export const loadKnownMs = 3_000;

/** Calls a second that a client counts with at the least: so few tell nothing of the next ones. */
export const callsASecondMin = 1;

/** Largest factor by which a server's load raises or lowers its weight. */
export const shareMax = 8;

/** A server of a smaller weight counts as one of none: shares by weight are to be numbers. */
export const shareWeightMin = 1e-9;

/** Shares closer than this to equal count as equal, so that servers take turns. */
export const shareTolerance = 0.05;
