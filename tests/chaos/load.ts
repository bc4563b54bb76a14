/** What a test and its client process tell each other. */

/** What a client process is told. */
export interface LoadSettings {
  /** Begins the ids of its calls. */
  readonly name: string;
  readonly registry: string;
  /** For its last known lists. */
  readonly stateDirectory: string;
  /** The file for how each call ended: `id method outcome server`. */
  readonly outcomes: string;
  /** Calls under way at once. */
  readonly callers: number;
  /** Called in turn with the call's id. */
  readonly methods: readonly string[];
  /** Deadline of each call. */
  readonly timeoutMs: number;
  /** Between a caller's calls. */
  readonly pauseMs: number;
}

/** What a client process says at its end. */
export interface LoadReport {
  readonly sent: number;
  readonly answered: number;
  readonly failed: number;
  /** Latency of the calls that were answered. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest time without an answer to anybody. */
  readonly longestGapMs: number;
  readonly retries: number;
  readonly ejections: number;
  readonly connected: number;
}
