import assert from "node:assert/strict";
import * as z from "zod";
import type { RpcError } from "../../src/base/errors.ts";
import { systemClock } from "../../src/base/clock.ts";
import { LentBytes } from "../../src/base/spare_buffers.ts";
import { bytesBetweenPauses, linesBetweenPauses, Pauses } from "../../src/base/system/give_way.ts";
import { defineProcedure } from "../../src/procedures/procedure.ts";
import type { Accepted, ServerConnection } from "../../src/server/listener.ts";
import { encodeResult } from "../../src/wire/codec.ts";
import { OwedRequests } from "../../src/workers/process/owed_requests.ts";
import type { Outcome } from "../../src/workers/process/receiver.ts";
import type { RpcServer } from "../../src/server/server.ts";
import { VirtualClock } from "../support/virtual_clock.ts";
import { type ServerHarness, serverTest } from "./fixtures/harness.ts";

const megabyte = 1024 * 1024;
const messageMax = 16 * megabyte;

/** What was done between two rounds of the event loop, at the most. */
class Rounds {
  most = 0;
  #bytes = 0;
  #isOver = false;

  constructor() {
    const next = () => {
      this.#bytes = 0;
      if (!this.#isOver) setImmediate(next);
    };
    setImmediate(next);
  }

  did(bytes: number): void {
    this.#bytes += bytes;
    this.most = Math.max(this.most, this.#bytes);
  }

  end(): void {
    this.#isOver = true;
  }
}

/** A peer of which all has come already, and which takes at once whatever it is sent. */
class ReadyPeer implements ServerConnection {
  readonly read: (buffer: Uint8Array) => Promise<number | null>;
  readonly allRead = Promise.withResolvers<void>();
  readonly answer = Promise.withResolvers<string>();
  readonly ended = Promise.withResolvers<void>();
  readonly #rounds: Rounds;
  #text = "";

  constructor(line: string, rounds: Rounds) {
    let rest = new TextEncoder().encode(line);
    this.#rounds = rounds;
    this.read = async (buffer) => {
      if (rest.length === 0) await this.answer.promise;
      const some = rest.subarray(0, buffer.length);
      rest = rest.subarray(some.length);
      buffer.set(some);
      rounds.did(some.length);
      if (rest.length === 0) this.allRead.resolve();
      return some.length === 0 ? null : some.length;
    };
  }

  write(bytes: Uint8Array): Promise<number> {
    this.#rounds.did(bytes.length);
    this.#text += new TextDecoder().decode(bytes);
    if (this.#text.endsWith("\n")) {
      const answer = this.#text.trimEnd().split("\n").find((line) => line.includes('"id":1'));
      if (answer !== undefined) this.answer.resolve(answer);
    }
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    this.ended.resolve();
    return Promise.resolve();
  }

  close(): void {}
}

const same = defineProcedure(
  { input: z.tuple([z.string()]), output: z.string(), kind: "inline" },
  ([text]) => text,
);

const text = "x".repeat(10 * megabyte);

const line = `{"jsonrpc":"2.0","id":1,"method":"same","params":["${text}"]}\n`;

/** Serves one peer, which is there already. */
function serve(harness: ServerHarness, peer: ServerConnection): RpcServer {
  const accepted: Accepted[] = [{ connection: peer, from: "here", caller: undefined }];
  const closed = Promise.withResolvers<never>();
  closed.promise.catch(() => {});
  return harness.listen({
    messageMax,
    limits: { messageMax },
    procedures: { same },
    listener: {
      addr: { host: "127.0.0.1", port: 1 },
      accept: () => Promise.resolve(accepted.shift() ?? closed.promise),
      close: () => closed.reject(new Deno.errors.BadResource("closed")),
    },
  });
}

serverTest(
  "others come while a long message is read, and while a long answer is written",
  async (harness) => {
    const rounds = new Rounds();
    const peer = new ReadyPeer(line, rounds);
    serve(harness, peer);
    try {
      assert.equal(JSON.parse(await peer.answer.promise).result.length, text.length);
      assert.ok(rounds.most <= bytesBetweenPauses + 256 * 1024, `${rounds.most} bytes at once`);
    } finally {
      rounds.end();
    }
  },
);

serverTest(
  "a long message that is being checked is answered before a server that stops ends its side",
  async (harness) => {
    const rounds = new Rounds();
    const peer = new ReadyPeer(line, rounds);
    const server = serve(harness, peer);
    try {
      await peer.allRead.promise;
      void server.drain({ graceMs: 0, timeoutMs: 10_000 });
      const ended = peer.ended.promise.then(() => "its side has ended");
      const answer = await Promise.race([peer.answer.promise, ended]);
      assert.match(answer, /the server is about to stop/);
    } finally {
      rounds.end();
    }
  },
);

Deno.test("others come while a worker's long answer is looked through, and it is the same", async () => {
  const owed = new OwedRequests({
    ...{ inOrder: false, callsMax: 256, isForeign: false, readsAsWeDo: true },
    clock: systemClock,
    ready: () => {},
    stop: () => {},
  });
  const outcomes: (Outcome | number)[] = [];
  const receiver = {
    answered: (outcome: Outcome) => void outcomes.push(outcome),
    answeredUnread: ({ length }: string | LentBytes) => void outcomes.push(length),
    lost: (error: RpcError) => void outcomes.push({ error }),
  };
  const ids = [1, 2, 3].map(() => owed.nextId());
  for (const id of ids) owed.add(id, receiver, 10);
  const lines = ids.map((id) =>
    id === 3 ? encodeResult(id, "short") : encodeResult(id, ["x".repeat(3 * megabyte)], {
      bytes: messageMax,
      whose: "",
    })
  ).map((line) => line.slice(0, -1));
  let rounds = 0;
  let isOver = false;
  setImmediate(function next() {
    rounds++;
    if (!isOver) setImmediate(next);
  });
  try {
    await owed.take(
      lines.map((line) =>
        line.length > megabyte ? new LentBytes(new TextEncoder().encode(line)) : line
      ),
      new Pauses(),
    );
    const length = 3 * megabyte + 4;
    assert.deepEqual(outcomes, [length, length, { result: "short" }]);
    assert.ok(rounds > 0);
  } finally {
    isOver = true;
  }
});

Deno.test("others come between many short answers of a worker that were read together", async () => {
  const owed = new OwedRequests({
    ...{ inOrder: false, callsMax: 10_000, isForeign: false, readsAsWeDo: true },
    clock: systemClock,
    ready: () => {},
    stop: () => {},
  });
  let [answered, most] = [0, 0];
  const receiver = {
    answered() {
      if (answered++ === 0) {
        setImmediate(() => {
          most = Math.max(most, answered);
          answered = 0;
        });
      }
    },
    answeredUnread: () => {},
    lost: () => {},
  };
  const ids = Array.from({ length: 3_000 }, () => {
    const id = owed.nextId();
    owed.add(id, receiver, 10);
    return id;
  });
  await owed.take(ids.map((id) => encodeResult(id, "short").trimEnd()), new Pauses());
  assert.ok(most > 0 && most <= linesBetweenPauses, `${most} answers at once`);
  assert.equal(owed.load, 0);
});

Deno.test("others come between answers of a worker that take long together, however few they are", async () => {
  const clock = new VirtualClock();
  const owed = new OwedRequests({
    ...{ inOrder: false, callsMax: 10_000, isForeign: false, readsAsWeDo: true },
    ...{ clock, ready: () => {}, stop: () => {} },
  });
  let [answered, most] = [0, 0];
  const lines = Array.from({ length: 20 }, () => {
    const id = owed.nextId();
    owed.add(id, {
      answered() {
        clock.advance(0.2);
        if (answered++ > 0) return;
        setImmediate(() => {
          most = Math.max(most, answered);
          answered = 0;
        });
      },
      lost: () => {},
    }, 10);
    return encodeResult(id, "x".repeat(1_100)).trimEnd();
  });
  await owed.take(lines, new Pauses());
  assert.ok(most > 0 && most <= 5, `${most} answers at once`);
  assert.equal(owed.load, 0);
});
