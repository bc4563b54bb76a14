/** The bounds of commands. Those of the whole program are in `base/limits.ts`. */

/** Characters of the log that may wait for a blocked stderr; further lines are only counted. */
export const logPendingMax = 1024 * 1024;

/** How long a process that ends waits for its last log lines to be written. */
export const logFlushMs = 500;

/** How long a command that is asked to end waits for its last results to be read. */
export const lastResultsMs = 2_000;

/** How long `rpc mcp` waits after a change of servers before it looks for other tools. */
export const mcpLookAfterMs = 1_000;

/**
 * For how long `rpc mcp` keeps what servers offer. It is told of changes by those that it is
 * connected to, which may not be all.
 */
export const mcpOfferMsMax = 10_000;

/** Bytes of answers that `rpc mcp` keeps for who does not read them; past it the program ends. */
export const mcpUnreadBytesMax = 64 * 1024 * 1024;

/** How long `rpc servers` and `rpc doctor` wait for the answer of a server. */
export const answerTimeoutMsDefault = 2_000;

/** How often `--watch` checks the files: a new version must be live within a second. */
export const watchEveryMs = 100;

/** How long files may keep changing before `--watch` loads them: one may be written endlessly. */
export const watchSettleMsMax = 500;

/** For how long newer versions may cancel one load after the other. */
export const watchCancelMsMax = 2_000;

/** How long the next load may then take before a newer version cancels it too. */
export const watchLoadMsMax = 10_000;

/** Most files that `--watch` checks, which takes the server some milliseconds each time. */
export const watchedFilesMax = 1_000;

/** Larger files are compared by time and size: reading them would hold up calls. */
export const watchedContentBytesMax = 4 * 1024 * 1024;
/** Characters of the audit that may wait for a slow disk; further calls are only counted. */
export const auditPendingMax = 4 * 1024 * 1024;
/** Longest wait for it at the server's end. */
export const auditClosingMs = 2_000;

/** Servers that `rpc doctor` checks at once: a thousand connections at once would fail. */
export const doctorAskedAtOnceMax = 64;

/** Services that `rpc services` reads at once: hides round trips without flooding the registry. */
export const servicesReadAtOnceMax = 16;

/** Servers that `rpc call --each` calls at once: a thousand connections at once would fail. */
export const eachConcurrencyDefault = 64;

/**
 * Most files that are searched for links out of a sandbox, in a second or so. With more the start
 * is refused.
 */
export const sandboxEntriesMax = 100_000;

/**
 * How long after its start an unused server gives back memory: by then the clients of a restarted
 * server have connected.
 */
export const slimAfterMs = 2_000;

/** How often a server checks whether it has grown: a look takes a tenth of a millisecond. */
export const slimLookMs = 10_000;

/** Memory above the least it ever had that makes a server large: less is not worth the pause. */
export const slimSpareBytes = 64 * 1024 * 1024;

/** Calls between two looks up to which a server has little to do: a hundred a second. */
export const slimCallsMax = 1_000;

/** Most looks that are skipped where giving back does not help, five minutes. */
export const slimLooksBetweenMax = 30;

/** Connections at the port of metrics: some that collect them, and probes. */
export const metricsPeersMax = 16;

/** How long each may take to ask and to read the answer. */
export const metricsPeerTimeoutMs = 10_000;

/** Longest head of a request for metrics. */
export const metricsRequestBytesMax = 8 * 1024;
