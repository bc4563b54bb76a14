import type { RpcError } from "../base/errors.ts";

/** How a call ended, and where. */
export interface CallReport {
  /** The result, if `error` is `undefined`. */
  readonly result: unknown;
  /** How the call failed; `undefined` if it succeeded. */
  readonly error: RpcError | undefined;
  /** `host:port` of the last server that it was sent to; `undefined` if none. */
  readonly server: string | undefined;
  /** How many times it was sent. */
  readonly attempts: number;
  /** From the beginning of the call to its end, in milliseconds. */
  readonly durationMs: number;
}
