import type { RpcError } from "../base/errors.ts";

/** How a call ended, and where. */
export interface CallReport {
  /** The result, if `error` is `undefined`. */
  readonly result: unknown;
  readonly error: RpcError | undefined;
  /** `host:port` of the server that it was sent to last; `undefined` if it was sent to none. */
  readonly server: string | undefined;
  /** Times it was sent. */
  readonly attempts: number;
  /** From the call to its end, in milliseconds. */
  readonly durationMs: number;
}
