/** What `rpc.stats` answers. */

import * as z from "zod";

/**
 * Latencies of one procedure's latest calls, in milliseconds, from reading the request to having
 * the answer.
 */
const latencySchema = z.object({ p50Ms: z.number(), p99Ms: z.number() });

/** Counters of one procedure since the server started. */
const methodStatsSchema = z.object({
  calls: z.number(),
  /** Calls that failed, by the error's name. */
  errors: z.record(z.string(), z.number()),
  /** `null` before the first call was measured. */
  latency: latencySchema.nullable(),
});

/** What a server is doing, and has done. */
export const statsSchema = z.object({
  service: z.string(),
  version: z.string(),
  uptimeMs: z.number(),
  /** The server's clock, in milliseconds since 1970 UTC. Older servers leave it out. */
  timeMs: z.number().optional(),
  /** Whether new calls are refused, because the server is about to stop. */
  draining: z.boolean(),
  connections: z.number(),
  /** Calls that wait or run, without inline ones. */
  inFlight: z.number(),
  /** Calls that wait for a worker. */
  queued: z.number(),
  workers: z.object({
    /** How many there may be. */
    size: z.number(),
    /** How many take calls now. Older servers leave it out. */
    up: z.number().optional(),
    busy: z.number(),
    restarts: z.number(),
  }),
  methods: z.record(z.string(), methodStatsSchema),
});

/** What a server is doing, and has done. */
export type Stats = z.output<typeof statsSchema>;
/** Counters of one procedure since the server started. */
export type MethodStats = z.output<typeof methodStatsSchema>;
