/** What `rpc.stats` answers. */

import * as z from "zod";
import { RpcError } from "../../base/errors.ts";
import { judged } from "../../base/values/judged.ts";

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

/** What a server is doing, and has done. Of other programs' servers some tell less (P-32). */
const statsSchema = z.object({
  service: z.string().default(""),
  version: z.string().default(""),
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
  }).default({ size: 0, busy: 0, restarts: 0 }),
  methods: z.record(z.string(), methodStatsSchema).default({}),
});

/** What a server is doing, and has done. */
export type Stats = z.output<typeof statsSchema>;
/** Counters of one procedure since the server started. */
export type MethodStats = z.output<typeof methodStatsSchema>;

/**
 * Reads the answer to `rpc.stats`.
 *
 * @throws {RpcError} InternalError: it is none, and the first thing that is wrong with it
 */
export function readStats(answer: unknown): Stats {
  const { data, error } = judged(statsSchema, answer) ?? {};
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  const why = issue === undefined ? "" : `: ${[...issue.path, issue.message].join(": ")}`;
  throw new RpcError("InternalError", `Cannot read what it tells of its state${why}`);
}
