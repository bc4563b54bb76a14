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
  /** Where servers are found. The client does not close it. */
  readonly discovery: InstanceSource;
  /** @default "rpc" */
  readonly service?: string;
  /** @default "p2c" */
  readonly balance?: BalancePolicy;
  /**
   * Servers of a large service that the client connects to, spread evenly over clients; of a
   * smaller one it connects to all. `"all"`: of any. @default 80
   */
  readonly subset?: number | "all" | undefined;
  /**
   * Where the client stands: servers of this zone are called as long as they can do it, and others
   * beside. @default none: all servers are equally near
   */
  readonly zone?: string | undefined;
  /** Deadline of a call that brings none, in milliseconds. @default 10000 */
  readonly timeoutMs?: number;
  /** How long a call waits while no server is connected, in milliseconds. @default 1500 */
  readonly unavailableAfterMs?: number;
  /** Longest message that the client takes, in bytes, from 1 MiB to 256 MiB. @default 4 MiB */
  readonly messageMax?: number | undefined;
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
   * Leaves numbers in results as they were written, for whoever only writes them again; else those
   * which JavaScript cannot hold are errors. @default false
   */
  readonly exactNumbers?: boolean;
  /** Is told of each server that comes or goes, by its address. @default nobody is */
  readonly serverChanged?: ((address: string, change: ServerChange) => void) | undefined;
  /**
   * Puts off the write of a call, so that others which are made by then leave with it. For whoever
   * is asked for each by another connection. @default until no more are made in microtasks
   */
  readonly later?: Later | undefined;
}

/** How one call behaves. */
export interface CallOptions {
  /** @default the client's */
  readonly timeoutMs?: number | undefined;
  /** Gives the call up; the server is told. */
  readonly signal?: AbortSignal | undefined;
  /** Whether running it twice does no harm. @default what the server says of the method */
  readonly idempotent?: boolean | undefined;
  /**
   * The trace that it belongs to, in the form of W3C Trace Context: in a procedure its context's,
   * for the calls that it makes itself. @default none
   */
  readonly traceparent?: string | undefined;
}

/** How one stream behaves. */
export interface StreamOptions extends CallOptions {
  /**
   * Items that may be under way before they are read: more of them cost memory, fewer cost time.
   * @default 64
   */
  readonly credit?: number | undefined;
}

/** What a client has counted since its start. */
export interface ClientStats {
  /** Calls sent again. */
  readonly retries: number;
  /** Servers taken out for a while because calls ended at their deadlines. */
  readonly ejections: number;
  /** Servers that calls can be sent to now. */
  readonly connected: number;
  /**
   * Whether there ever was one: who has reached nobody waits for a server that nobody has started.
   */
  readonly reached: boolean;
}

/**
 * Looks at what a client's user gave.
 *
 * @throws {RpcError} InvalidParams: a number that cannot be, or a policy that there is not
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

/**
 * Why a call cannot be made as it was asked for; `undefined` if it can. Looked at before anything
 * is done for it: a `NaN` would go through all comparisons, and come out as a call without a
 * deadline.
 *
 * Time that is over is no fault: such a call ends as DeadlineExceeded.
 */
export function callFault(method: string, options: StreamOptions): RpcError | undefined {
  if (typeof options !== "object" || options === null) {
    return new RpcError(
      "InvalidParams",
      "Cannot use the options of a call: they must be an object",
    );
  }
  const { timeoutMs, credit, signal } = options;
  if (typeof method !== "string" || method.length > methodLengthMax) {
    const text =
      `Cannot call it: a method is named by a text of at most ${methodLengthMax} letters`;
    return new RpcError("InvalidParams", text);
  }
  if (signal !== undefined && typeof signal?.addEventListener !== "function") {
    return new RpcError("InvalidParams", "Cannot use signal: it must be an AbortSignal");
  }
  if (timeoutMs === undefined && credit === undefined) return undefined;
  return numberFault(timeoutMs, {
    name: "timeoutMs",
    bounds: [-Number.MAX_VALUE, callTimeoutMsMax],
  }) ?? numberFault(credit, { name: "credit", bounds: [1, streamCreditMax], whole: true });
}
