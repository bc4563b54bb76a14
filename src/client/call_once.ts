import type { Clock } from "../base/clock.ts";
import { isOutOfHandles, messageOf, RpcError } from "../base/errors.ts";
import { withRoundedNumbers } from "../base/values/exact_numbers.ts";
import { addressOf } from "../base/names/host_port.ts";
import { handlesRetryMs } from "../base/limits.ts";
import type { Params } from "../wire/message.ts";
import { Call } from "./call.ts";
import { Connection } from "./connection.ts";
import type { Duplex, Target, Transport } from "./transport.ts";

/**
 * Makes one call to one server, on a connection of its own, to inspect that server. Numbers in the
 * answer are rounded to JavaScript's.
 *
 * @param timeoutMs for connecting and the answer together
 * @throws {RpcError} how it failed: Unavailable if the server cannot be reached
 */
export async function callOnce(
  target: Target,
  method: string,
  timeoutMs: number,
  { transport, clock, connected, params }: {
    readonly transport: Transport;
    readonly clock: Clock;
    /** Called with the connection when it is made. */
    readonly connected?: (duplex: Duplex) => void;
    readonly params?: Params;
  },
): Promise<unknown> {
  const address = addressOf(target);
  const late = new RpcError("DeadlineExceeded", `No answer from ${address} within ${timeoutMs} ms`);
  const abort = new AbortController();
  const timer = clock.after(timeoutMs, () => abort.abort(late));
  let connection: Connection | undefined;
  try {
    const duplex = await connectPatiently(target, transport, clock, abort.signal);
    connected?.(duplex);
    connection = new Connection(duplex, address, clock, {
      ended() {},
      goaway() {},
      changed() {},
      lost() {},
    });
    return await answerOf(connection, new Call(method, params, clock.now() + timeoutMs), abort);
  } catch (error) {
    if (abort.signal.aborted && !isOutOfHandles(error)) throw late;
    if (error instanceof RpcError) throw error;
    throw new RpcError("Unavailable", `Cannot connect to ${address}: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    timer.cancel();
    connection?.close();
  }
}

/** Connects, and waits for a file handle if none is left: many servers may be asked at once. */
async function connectPatiently(
  target: Target,
  transport: Transport,
  clock: Clock,
  signal: AbortSignal,
): Promise<Duplex> {
  while (true) {
    try {
      return await transport.connect(target, signal);
    } catch (error) {
      if (signal.aborted || !isOutOfHandles(error)) throw error;
      await new Promise<void>((resolve) => clock.after(handlesRetryMs, resolve));
      if (signal.aborted) throw error;
    }
  }
}

function answerOf(connection: Connection, call: Call, abort: AbortController): Promise<unknown> {
  return new Promise((resolve, reject) => {
    abort.signal.addEventListener("abort", () => reject(abort.signal.reason), { once: true });
    connection.send(
      call,
      (error, result) => error === undefined ? resolve(withRoundedNumbers(result)) : reject(error),
    );
  });
}
