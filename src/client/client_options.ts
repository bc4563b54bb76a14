import { checkNumber, messageMaxRule, numberFault } from "../base/checks.ts";
import { RpcError } from "../base/errors.ts";
import {
  callTimeoutMsMax,
  methodLengthMax,
  streamCreditMax,
  subsetMax,
  zoneLengthMax,
} from "../base/limits.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Random } from "../base/random.ts";
import type { Tracer } from "../base/tracer.ts";
import type { InstanceSource } from "../discovery/discovery.ts";
import type { Later } from "../wire/outbox.ts";
import {
  balancePolicies,
  type BalancePolicy,
  type ServerChange,
} from "./endpoints/endpoint_types.ts";
import type { Transport } from "./transport.ts";

/** How a {@link Client} behaves. */
export interface ClientOptions {
  /** The registry. The client does not close it. */
  readonly discovery: InstanceSource;
  /** @default "rpc" */
  readonly service?: string;
  /** @default "p2c" */
  readonly balance?: BalancePolicy;
  /**
   * Servers that the client connects to if the service has more; clients spread evenly over them.
   * `"all"`: no limit. @default 80
   */
  readonly subset?: number | "all" | undefined;
  /**
   * The client's zone. Servers of the same zone are called first, and others when these have too
   * much to do. @default none: all servers are equal
   */
  readonly zone?: string | undefined;
  /** Deadline of calls without one of their own, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
  /** How long a call waits while no server is connected, in milliseconds. @default 1500 */
  readonly unavailableAfterMs?: number;
  /** Longest message that the client takes, in bytes, from 1 MiB to 1 GiB. @default 4 MiB */
  readonly messageMax?: number | undefined;
  /**
   * Which part of the file handles that this process has left may be connections to servers, where
   * they are scarce: a program with callers of its own needs some for these. @default 1
   */
  readonly handlesShare?: number | undefined;
  /** @default TCP */
  readonly transport?: Transport;
  /** @default the machine's */
  readonly clock?: Clock;
  /** @default the machine's */
  readonly random?: Random;
  /** @default none */
  readonly log?: Logger;
  /** Makes a span of each call. @default none */
  readonly tracer?: Tracer | undefined;
  /**
   * Keeps numbers in results as they were written, for programs that only pass them on. Otherwise
   * results with numbers that JavaScript cannot hold are errors. @default false
   */
  readonly exactNumbers?: boolean;
  /**
   * Called when a server is connected, describes its methods anew, drains or is lost, with its
   * address. @default none
   */
  readonly serverChanged?:
    | ((address: string, change: ServerChange | "described") => void)
    | undefined;
  /**
   * Called when the registry cannot be asked, with the reason, and with none when it can be again.
   * @default none
   */
  readonly registryChanged?: ((trouble: RpcError | undefined) => void) | undefined;
  /**
   * Delays the write of a call, so that later calls leave with it. For programs that make each call
   * for another connection. @default until microtasks make no more calls
   */
  readonly later?: Later | undefined;
}

/** How one call behaves. */
export interface CallOptions {
  /** Deadline of the call, in milliseconds, up to a day. @default the client's */
  readonly timeoutMs?: number | undefined;
  /**
   * When the call was begun, on the client's clock, if that was earlier: its deadline and its
   * duration count from there. @default now
   */
  readonly begunAtMs?: number | undefined;
  /** Cancels the call when it aborts; the server is told. */
  readonly signal?: AbortSignal | undefined;
  /** Whether running it twice does no harm. @default what the server declares */
  readonly idempotent?: boolean | undefined;
  /**
   * The trace that it belongs to, in the form of W3C Trace Context. In a procedure, pass on the one
   * of its context. @default none
   */
  readonly traceparent?: string | undefined;
}

/** How one stream behaves. */
export interface StreamOptions extends CallOptions {
  /**
   * Items that may be under way before they are read, from 1 to 65,536: more cost memory, fewer
   * cost time. @default 64
   */
  readonly credit?: number | undefined;
}

/** What a client has counted since its start. */
export interface ClientStats {
  /** Number of retries. */
  readonly retries: number;
  /** Number of ejections: servers avoided for a while, since calls ended at their deadlines. */
  readonly ejections: number;
  /** Number of servers that calls can be sent to now. */
  readonly connected: number;
  /** Whether any server was ever connected. If not, probably none was started. */
  readonly reached: boolean;
}

/**
 * Checks a client's options.
 *
 * @throws {RpcError} InvalidParams: an impossible number, or an unknown policy
 */
export function checkClientOptions(options: ClientOptions): void {
  const { timeoutMs, unavailableAfterMs, messageMax, balance = "p2c", subset, zone } = options;
  checkNumber(timeoutMs, { name: "timeoutMs", bounds: [1, callTimeoutMsMax] });
  checkNumber(unavailableAfterMs, { name: "unavailableAfterMs", bounds: [0, callTimeoutMsMax] });
  checkNumber(messageMax, messageMaxRule);
  if (subset !== "all") {
    checkNumber(subset, { name: "subset", bounds: [1, subsetMax], whole: true });
  }
  if (zone !== undefined && (typeof zone !== "string" || zone.length > zoneLengthMax)) {
    const text = `Cannot use zone: it must be a text of at most ${zoneLengthMax} letters`;
    throw new RpcError("InvalidParams", text);
  }
  if (!balancePolicies.includes(balance)) {
    const text = `Cannot use balance: it must be one of ${balancePolicies.join(", ")}`;
    throw new RpcError("InvalidParams", text);
  }
}

/** When a call was begun, on the client's clock. A value that is no number makes the call fail. */
export function begunAt(options: CallOptions, nowMs: number): number {
  const begunAtMs = options?.begunAtMs;
  return typeof begunAtMs === "number" ? begunAtMs : nowMs;
}

/**
 * What is wrong with a call's options; `undefined` if nothing. It is checked before anything else:
 * `NaN` would pass all comparisons and lead to a call without a deadline.
 *
 * A time that is over is no fault: such a call ends as DeadlineExceeded.
 */
export function callFault(method: string, options: StreamOptions): RpcError | undefined {
  if (typeof options !== "object" || options === null) {
    return new RpcError(
      "InvalidParams",
      "Cannot use the options of a call: they must be an object",
    );
  }
  const { timeoutMs, begunAtMs, credit, signal } = options;
  if (typeof method !== "string" || method.length > methodLengthMax) {
    const text =
      `Cannot call it: a method is named by a text of at most ${methodLengthMax} letters`;
    return new RpcError("InvalidParams", text);
  }
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    return new RpcError("InvalidParams", "Cannot use signal: it must be an AbortSignal");
  }
  if (timeoutMs === undefined && begunAtMs === undefined && credit === undefined) return undefined;
  return numberFault(timeoutMs, {
    name: "timeoutMs",
    bounds: [-Number.MAX_VALUE, callTimeoutMsMax],
  }) ?? numberFault(begunAtMs, {
    name: "begunAtMs",
    bounds: [-Number.MAX_VALUE, Number.MAX_VALUE],
  }) ?? numberFault(credit, { name: "credit", bounds: [1, streamCreditMax], whole: true });
}
