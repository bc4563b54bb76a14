import type { RpcError } from "../base/errors.ts";
import { Waiters } from "../base/waiters.ts";
import type { Discovery, Snapshot } from "./discovery.ts";

/**
 * A watch as a loop over snapshots, until the signal aborts. Each round gets the latest one, and
 * misses those that were replaced meanwhile.
 *
 * @throws {RpcError} the registry is in trouble before the first snapshot
 */
export async function* snapshots(
  discovery: Discovery,
  service: string,
  signal: AbortSignal,
): AsyncGenerator<Snapshot, void> {
  let latest: Snapshot | undefined;
  let trouble: RpcError | undefined;
  let seen = false;
  const waiters = new Waiters();
  const watch = discovery.watch(service, {
    snapshot(snapshot) {
      latest = snapshot;
      waiters.wake();
    },
    trouble(error) {
      trouble = error;
      waiters.wake();
    },
  });
  const onAbort = () => waiters.wake();
  signal.addEventListener("abort", onAbort);
  try {
    while (!signal.aborted) {
      if (latest !== undefined) {
        const snapshot = latest;
        latest = undefined;
        seen = true;
        yield snapshot;
      } else if (trouble !== undefined && !seen) {
        throw trouble;
      } else {
        await waiters.wait();
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    watch.close();
  }
}
