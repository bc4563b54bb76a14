import assert from "node:assert/strict";
import { strangersLinesMax, strangersLinesPeriodMs } from "../../../src/server/limits.ts";
import { RpcError } from "../../../src/base/errors.ts";
import { BoundedLines } from "../../../src/server/bounds/bounded_lines.ts";
import type { Accepted, Listener } from "../../../src/server/listener.ts";
import { settled, VirtualClock } from "../../support/virtual_clock.ts";
import { serverTest } from "../fixtures/harness.ts";

Deno.test("what strangers cause in a log is written so often, then counted, and written again later", () => {
  const clock = new VirtualClock();
  const lines: unknown[] = [];
  const bounded = new BoundedLines(
    clock,
    ({ n }) => lines.push(n),
    (count) => lines.push(`${count} more`),
  );
  for (let n = 0; n < strangersLinesMax + 3; n++) bounded.add({ n });
  assert.deepEqual(lines, Array.from({ length: strangersLinesMax }, (_, n) => n));
  clock.advance(strangersLinesPeriodMs);
  assert.equal(lines.pop(), "3 more");
  bounded.add({ n: "again" });
  assert.equal(lines.pop(), "again");
  for (let n = 0; n < strangersLinesMax; n++) bounded.add({ n });
  clock.advance(strangersLinesPeriodMs);
  assert.equal(lines.pop(), "1 more");
  for (let n = 0; n < strangersLinesMax + 2; n++) bounded.add({ n });
  bounded.flush();
  assert.equal(lines.pop(), "2 more");
  assert.equal(clock.pendingTimers, 0);
});

/** Two hundred callers whom nobody knows, one after the other. */
class Strangers implements Listener {
  readonly addr = { host: "127.0.0.1", port: 1 };
  readonly #closed = Promise.withResolvers<never>();
  left = 200;

  accept(): Promise<Accepted> {
    if (this.left-- <= 0) return this.#closed.promise;
    return Promise.resolve({
      from: `127.0.0.1:${this.left}`,
      caller: new RpcError("Unauthenticated", "Nobody knows you"),
      connection: {
        read: () => Promise.resolve(null),
        write: ({ length }) => Promise.resolve(length),
        closeWrite: () => Promise.resolve(),
        close: () => {},
      },
    });
  }

  close(): void {
    this.#closed.reject(new Deno.errors.BadResource("closed"));
  }
}

serverTest("callers that are refused fill no log, and are counted in it", async (harness) => {
  const warned: string[] = [];
  const nothing = () => {};
  const log = {
    debug: nothing,
    info: nothing,
    error: nothing,
    warn: (message: string, fields?: object) => warned.push(`${message} ${JSON.stringify(fields)}`),
  };
  const listener = new Strangers();
  const server = harness.listen({ listener, log });
  while (listener.left > 0) await settled();
  await settled();
  assert.equal(warned.length, strangersLinesMax);
  await server.close();
  assert.deepEqual(warned.slice(strangersLinesMax), ['Refused more callers {"count":180}']);
});
