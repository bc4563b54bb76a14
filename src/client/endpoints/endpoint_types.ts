import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { Random } from "../../base/random.ts";
import type { Later } from "../../wire/outbox.ts";
import type { Transport } from "../transport.ts";

/** What all endpoints of a client share. */
export interface EndpointDependencies {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Longest message that is taken, in bytes. @default messageMaxDefault */
  readonly messageMax?: number | undefined;
  /** Delays writes. @default by microtasks */
  readonly later?: Later | undefined;
  /** Called when a server is connected, describes itself anew, drains or is lost. @default none */
  readonly serverChanged?:
    | ((address: string, change: ServerChange | "described") => void)
    | undefined;
  /** Servers of a large service to connect to. @default Infinity, which means all */
  readonly subset?: number | undefined;
  /** Which part of the file handles that are left connections may take. @default 1 */
  readonly handlesShare?: number | undefined;
  /** Servers of this zone come first. @default all are equal */
  readonly zone?: string | undefined;
}

/** A change of a server: it can be called, it is about to stop, or its connection has ended. */
export type ServerChange = "connected" | "draining" | "lost";

/**
 * How an endpoint is used: `preferred` ones take the calls; a `distant` one, of another zone than
 * the client, takes what is too much for them; a `fallback` (not listed any more, ejected or
 * draining) takes calls when there is no other; an `unusable` one has no connection.
 */
export type Priority = "preferred" | "distant" | "fallback" | "unusable";

/** The names of the policies. */
export const balancePolicies = ["p2c", "random", "round-robin", "least-loaded"] as const;

/** How calls are spread. */
export type BalancePolicy = typeof balancePolicies[number];
