/** The bounds of commands, beside those of the whole program in `base/limits.ts`. */

/**
 * Characters of the log that may wait for a stderr that takes nothing; what comes then is counted.
 */
export const logPendingMax = 1024 * 1024;

/** How long a process that ends waits for its last log lines to be taken. */
export const logFlushMs = 500;

/**
 * How often `--watch` looks at the files: a good version has to be live within a second of its
 * being saved.
 */
export const watchEveryMs = 100;

/**
 * How long files may go on changing before `--watch` takes them as they are: one may be written
 * without end.
 */
export const watchSettleMsMax = 500;

/**
 * Files that `--watch` looks at: a thousand take some milliseconds each time, in the process that
 * serves.
 */
export const watchedFilesMax = 1_000;

/** A larger file is compared by its time and size: to read it would hold up the calls. */
export const watchedContentBytesMax = 4 * 1024 * 1024;
/**
 * Characters of the audit that may wait for a slow disk; calls past it are counted and not written.
 */
export const auditPendingMax = 4 * 1024 * 1024;

/**
 * Servers that `rpc doctor` looks at at once: a thousand connections at one blow fail by
 * themselves.
 */
export const doctorAskedAtOnceMax = 64;

/**
 * Services that `rpc services` reads at once: enough to hide the round trips, too few to be a
 * storm.
 */
export const servicesReadAtOnceMax = 16;

/**
 * Servers that `rpc call --each` calls at once: the rest take their turns, so that a thousand
 * connections are not made at one blow.
 */
export const eachConcurrencyDefault = 64;

/**
 * Files that are looked through for links that lead out of a sandbox: a second or so, and far more
 * than data directories of procedures hold. Past it the start is refused.
 */
export const sandboxEntriesMax = 100_000;
